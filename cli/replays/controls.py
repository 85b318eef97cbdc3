"""Negative controls: commands on which no check may fire.

``unrelated``: the same programs, used on things this workspace never had, as if
the lessons were another workspace's.  ``shuffled``: each program with the words
that belong to another program; every word was seen, the command never was.
Whatever fires on one of these is a false fire, so the fire rate is the false-fire
rate.  Left out are commands that cannot be made strange: a program's name alone,
and a program that was not found, whatever it is given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from lokid.command import heads_of, programs_of
from projections.replay import Turn, Use

_NOT_FOUND = "exit 127"
CONTROLS = ("unrelated", "shuffled")


def control(kind: str, turns: Sequence[Turn]) -> list[Turn]:
    """The turns with their commands made strange; all of them work."""
    missing = set(_missing(turns))
    asked = [
        [head for head in _heads(turn.uses) if head.split()[0] not in missing]
        for turn in turns
    ]
    heads = sorted({head for found in asked for head in found})
    change = _unrelated if kind == "unrelated" else _shuffled(heads)
    return [
        turn._replace(uses=tuple(_strange(found, change, set(heads))))
        for turn, found in zip(turns, asked, strict=True)
    ]


def _missing(turns: Iterable[Turn]) -> Iterator[str]:
    """The programs that were not found: they fail whatever they are given."""
    for turn in turns:
        for use in turn.uses:
            if use.family == _NOT_FOUND:
                yield from programs_of(use.command)


def _heads(uses: Iterable[Use]) -> list[str]:
    """The main heads of commands that are more than a program's name."""
    found = (heads_of(use.command)[:1] for use in uses if use.command)
    return [head for heads in found for head in heads if " " in head]


def _strange(
    heads: Iterable[str], change: Callable[[str], str], known: set[str]
) -> Iterable[Use]:
    changed = (change(head) for head in heads)
    return (Use(head) for head in changed if head not in known)


def _unrelated(head: str) -> str:
    """The same program on other things; the kind of a file stays."""
    program, *words = head.split()
    return " ".join([program, *map(_other_word, words)])


def _other_word(word: str) -> str:
    stem, dot, suffix = word.rpartition(".")
    digest = hashlib.blake2b(word.encode(), digest_size=4).hexdigest()
    name = "".join(chr(ord("g") + int(digit, 16)) for digit in digest)
    folder = "/".join(stem.split("/")[:-1])
    return f"{folder + '/' if folder else ''}{name}{dot}{suffix if dot else ''}"


def _shuffled(heads: Sequence[str]) -> Callable[[str], str]:
    """Give each head's program the words of a far head of another program."""
    words = {head: head.split() for head in heads}
    far = len(heads) // 2

    def change(head: str) -> str:
        place = (heads.index(head) + far) % len(heads)
        around = (*heads[place:], *heads[:place])
        program = words[head][0]
        for other in around:
            if words[other][0] != program:
                return " ".join([program, *words[other][1:]])
        return _unrelated(head)

    return change
