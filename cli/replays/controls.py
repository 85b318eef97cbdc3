"""Negative controls: commands on which no check may fire.

``unrelated``: the same programs, used on things this workspace never had, as if
the lessons were another workspace's.  ``shuffled``: each program with the words
that belong to another program; every word was seen, the command never was.
Whatever fires on one of these is a false fire, so the fire rate is the false-fire
rate.  A command that is a program's name alone cannot be made strange and is
left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from lokid.command import heads_of
from projections.replay import Turn, Use

CONTROLS = ("unrelated", "shuffled")


def control(kind: str, turns: Sequence[Turn]) -> list[Turn]:
    """The turns with their commands made strange; all of them work."""
    heads = sorted({head for turn in turns for head in _heads(turn.uses)})
    change = _unrelated if kind == "unrelated" else _shuffled(heads)
    return [
        turn._replace(uses=tuple(_strange(_heads(turn.uses), change, set(heads))))
        for turn in turns
    ]


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
    """Give each head's program the words of the next head of another program."""
    words = {head: head.split() for head in heads}

    def change(head: str) -> str:
        place = heads.index(head)
        around = (*heads[place + 1 :], *heads[:place])
        program = words[head][0]
        for other in around:
            if words[other][0] != program:
                return " ".join([program, *words[other][1:]])
        return _unrelated(head)

    return change
