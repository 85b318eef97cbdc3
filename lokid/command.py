"""The head of a command: what it is, without what varies.

A head is ``program [subcommand] [up to two arguments]``: ``pytest tests/a.py``,
``npm install login@158``, ``psql shop``.  Options and their values, redirections,
assignments and volatile words are left out; an option stays only where it is
a remedy of its own (``npm install x --legacy-peer-deps``).  Random parts inside
a word read ``{hash}``.  By its head a command is recorded and found again.

Nothing is executed, nothing raised, and a head holds no secret and no path of
this machine (``head_words.py``).  Law: a head is its own head.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import msgspec

from lokid import programs
from lokid.plain_command import fitted, is_vague, plain_head, program_of
from lokid.secret_shapes import hide
from lokid.shell import Word, simple_commands

_READ = 16_384  # characters of a command that are looked at
_MOST_COMMANDS = 64
_SHORT = 200  # characters of a command that is worth remembering
_DEEPEST = 6  # wrappers around wrappers, shells inside shells

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")
_DURATION = re.compile(r"\d+(?:\.\d+)?[smhd]?")


class _Found(msgspec.Struct, frozen=True):
    """One head; ``program`` is None where it is found by a launcher.

    ``rank``: 0 does the work, 1 looks or tidies up, 2 only prepares or reports.
    ``vague``: what it is about is not in its head.
    """

    head: str
    program: str | None
    rank: int = 0
    vague: bool = False


def heads_of(command: str) -> tuple[str, ...]:
    """The heads of every simple command of a shell line, the main one first.

    They stand in their order, apart from what only looks or tidies up (``ls``,
    ``rm``), which comes after what does the work, and what prepares or reports
    (``cd``, ``echo``, ``export``), which comes last.  A wrapper gives its own head and
    that of the command it runs (``timeout pytest a.py``, then ``pytest a.py``).
    """
    found = _read(command)
    ordered = sorted(found, key=lambda one: one.rank)
    return tuple(dict.fromkeys(one.head for one in ordered))


def vague_heads(command: str) -> frozenset[str]:
    """The heads that do not say what their command is about."""
    return frozenset(one.head for one in _read(command) if one.vague)


def base_of(head: str) -> str:
    """A head without its options: by it the same command is known again."""
    return " ".join(word for word in head.split(" ") if not word.startswith("-"))


def programs_of(command: str) -> tuple[str, ...]:
    """The names of all programs that a shell line runs, in order.

    ``npx tsc`` and ``python -m pytest`` run npx and python: they work where
    there is no ``tsc`` or ``pytest`` on the path.
    """
    named = (one.program for one in _read(command))
    return tuple(dict.fromkeys(name for name in named if name is not None))


def _read(command: str) -> Sequence[_Found]:
    return _remembered(command) if len(command) <= _SHORT else _found(command)


@functools.lru_cache(maxsize=4096)
def _remembered(command: str) -> Sequence[_Found]:
    return tuple(_found(command))


def _found(command: str, depth: int = 0) -> list[_Found]:
    hidden = hide(command[:_READ])
    found: list[_Found] = []
    for simple in simple_commands(hidden)[:_MOST_COMMANDS]:
        least = 1 if simple.inside else 0
        found += [
            msgspec.structs.replace(one, rank=max(one.rank, least))
            for one in _of_words(simple.words, depth)
        ]
    return found


def _of_words(words: Sequence[Word], depth: int) -> list[_Found]:
    """The heads of one simple command."""
    words = _without_shell(words)
    if not words or depth > _DEEPEST:
        return []
    program, rest = program_of(words[0]), words[1:]
    if program in programs.SHELLS:
        return _of_shell(program, rest, depth)
    if program in programs.QUIET_WRAPPERS:
        if _looks_up(program, rest):
            return [_Found(program, program, 1)]
        inner = _of_words(_past_options(program, rest), depth + 1)
        return [*inner, _after(program, inner)]
    if (prefix := _prefix(program, rest)) is not None:
        return _of_wrapper(prefix, rest, depth)
    head = plain_head(program, rest)
    return [_Found(head, program, _rank(program, head), is_vague(program, rest))]


def _rank(program: str, head: str) -> int:
    if program in programs.FILLERS:
        return 2
    looks = (
        program in programs.HELPERS or " ".join(head.split()[:2]) in programs.LOOKING
    )
    return 1 if looks else 0


def _looks_up(program: str, rest: Sequence[Word]) -> bool:
    """``command -v jq`` asks where a program is, and does not run it."""
    return program == "command" and bool(rest) and rest[0].text in ("-v", "-V")


def _without_shell(words: Sequence[Word]) -> Sequence[Word]:
    """The words of the command itself: no assignments, no words of the shell."""
    at = 0
    while at < len(words):
        word = words[at]
        if word.quoted and not _ASSIGNMENT.match(word.text):
            break
        if word.text in programs.HEADERS:
            return ()
        if word.text not in programs.WORDS and not _ASSIGNMENT.match(word.text):
            break
        at += 1
    return words[at:]


# -- programs that run others --------------------------------------------------


def _prefix(program: str, rest: Sequence[Word]) -> tuple[str, ...] | None:
    """The words that say that the command which follows is run."""
    if program in programs.WRAPPERS:
        return (program,)
    if program in programs.PYTHONS:
        return (program, "-m") if _module(program, rest) else None
    for launcher in programs.LAUNCHERS:
        if (program, *(word.text for word in rest[: len(launcher) - 1])) == launcher:
            return launcher
    return None


def _of_wrapper(
    prefix: tuple[str, ...], rest: Sequence[Word], depth: int
) -> list[_Found]:
    """A wrapper with the command it runs, then that command."""
    program = prefix[0]
    if program in programs.PYTHONS:
        run = _module(program, rest)
    else:
        run = _past_options(program, rest[len(prefix) - 1 :])
    inner = _of_words(run, depth + 1)
    first = min(inner, key=lambda one: one.rank, default=None)
    words = first.head.split() if first else []
    main = _Found(fitted([*prefix, *words]), program, first.rank if first else 0)
    if program not in programs.WRAPPERS:
        inner = [msgspec.structs.replace(one, program=None) for one in inner]
    return [main, *inner]


def _after(program: str, inner: Sequence[_Found]) -> _Found:
    """What adds nothing to the command it runs: told right after it."""
    return _Found(program, program, min((one.rank for one in inner), default=0))


def _of_shell(program: str, rest: Sequence[Word], depth: int) -> list[_Found]:
    """``bash -c '...'``: the heads of the line in quotes; else its script's."""
    for at, word in enumerate(rest):
        if not word.text.startswith("-"):
            break
        if word.text.endswith("c") and not word.text.startswith("--"):
            line = rest[at + 1].text if at + 1 < len(rest) else ""
            inner = _found(line, depth + 1) if depth < _DEEPEST else []
            return [*inner, _after(program, inner)]
    return [_Found(plain_head(program, rest), program)]


def _past_options(program: str, rest: Sequence[Word]) -> Sequence[Word]:
    """What follows a wrapper's own options, assignments and duration."""
    valued = programs.VALUED.get(program, frozenset())
    at = 0
    while at < len(rest):
        text = rest[at].text
        if text == "--":
            return rest[at + 1 :]
        if not text.startswith("-") and not _ASSIGNMENT.match(text):
            break
        at += 2 if text in valued else 1
    timed = program in programs.TIMED and at < len(rest)
    if timed and _DURATION.fullmatch(rest[at].text):
        at += 1
    return rest[at:]


def _module(program: str, rest: Sequence[Word]) -> Sequence[Word]:
    """What ``python -m`` runs; nothing when it runs no module."""
    valued = programs.VALUED.get(program, frozenset())
    at = 0
    while at < len(rest) and rest[at].text.startswith("-"):
        if rest[at].text == "-m":
            return rest[at + 1 :]
        at += 2 if rest[at].text in valued else 1
    return ()
