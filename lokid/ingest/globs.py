"""The names in a folder, and which of them a glob means."""

from __future__ import annotations

import fnmatch
import functools
import os
import re
from collections.abc import Mapping, Sequence

import msgspec

_PATTERNS = 1024
"""Globs that are remembered: a file's own name may be looked for as one."""


class Name(msgspec.Struct, frozen=True):
    """One name of a folder, as it was listed."""

    name: str
    is_folder: bool
    is_link: bool


def named(entry: os.DirEntry[str]) -> Name:
    """The name of a listed entry, which is looked at now."""
    is_folder = entry.is_dir(follow_symlinks=False)
    return Name(entry.name, is_folder, not is_folder and entry.is_symlink())


@functools.lru_cache(_PATTERNS)
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(r"(?!\.)" + fnmatch.translate(glob))


@functools.cache
def any_of(globs: tuple[str, ...]) -> re.Pattern[str] | None:
    """What matches a name like one of several globs; None for no glob."""
    return re.compile("|".join(map(fnmatch.translate, globs))) if globs else None


def among(names: Mapping[str, Name], glob: str) -> Sequence[Name]:
    """Those of a folder's names that a part of a glob means, in their order.

    Hidden names are the harness's temporary files: no ``*`` means them.
    """
    if "*" not in glob and "?" not in glob:
        found = names.get(glob)
        return (found,) if found is not None else ()
    means = _pattern(glob).match
    return [one for name, one in names.items() if means(name)]


def is_utf8(path: str) -> bool:
    """Whether a name is text; others have surrogates for their bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
