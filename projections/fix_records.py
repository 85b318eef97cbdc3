"""What is known of one streak's end: records, and how an edit is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

OPTIONS, FIRST, INSTEAD, EDIT = "options", "first", "instead", "edit"
_FILES = 2  # files of an edit that are named


class Edited(NamedTuple):
    """What the harness remembers of an iteration's edits."""

    files: tuple[str, ...]
    commit: str | None
    seq: int


class Ending(NamedTuple):
    """What ended one stretch: ``name`` is what is counted, ``text`` what is said.

    ``sure``: it shares a telling term with the failure and changes something.
    ``quiet``: the lesson was not met again in the stretch.
    """

    rule: str
    name: str
    text: str
    place: int
    time: str
    seqs: tuple[int, ...]
    sure: bool
    quiet: bool = True
    commit: str | None = None


class Try(NamedTuple):
    """What did not end it; ``names`` as an `Ending` has its one."""

    text: str
    names: tuple[str, ...]
    time: str
    seqs: tuple[int, ...]


def edit_tried(files: Sequence[str], time: str, seqs: Iterable[int]) -> Try:
    """One edit in vain, of however many files."""
    names = tuple(sorted(set(files)))
    return Try(told_edit(names), names, time, tuple(sorted(set(seqs))))


def told_edit(files: Sequence[str]) -> str:
    """An edit of files, as it is said."""
    more = f" (+{len(files) - _FILES})" if len(files) > _FILES else ""
    return f"edit {', '.join(files[:_FILES])}{more}"


Edits = Mapping[int, Edited]
"""Remembered edits of one run, by iteration."""
