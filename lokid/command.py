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
from collections.abc import Iterator, Sequence

import msgspec

from lokid import programs
from lokid.head_words import (
    LIMIT,
    NOTHING_KNOWN,
    head_word,
    is_placeholder,
    tells_itself,
)
from lokid.secret_shapes import hide
from lokid.shell import Word, simple_commands

_READ = 16_384  # characters of a command that are looked at
_MOST_COMMANDS = 64
_SHORT = 200  # characters of a command that is worth remembering
_ARGUMENTS = 2
_REMEDIES = 2
_DEEPEST = 6  # wrappers around wrappers, shells inside shells
_ROUNDS = 8

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")
_SECRETIVE = re.compile(
    r"--?[\w-]*(?:pass|secret|token|key|auth|cred|user|login|header|email)[\w-]*",
    re.IGNORECASE,
)
_DURATION = re.compile(r"\d+(?:\.\d+)?[smhd]?")
_TEST_ID = re.compile(r"::.*")


class _Found(msgspec.Struct, frozen=True):
    """One head; ``program`` is None where it is found by a launcher.

    ``rank``: 0 does the work, 1 looks or tidies up, 2 only prepares or reports.
    """

    head: str
    program: str | None
    rank: int = 0


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
    program, rest = _program(words[0]), words[1:]
    if program in programs.SHELLS:
        return _of_shell(program, rest, depth)
    if program in programs.QUIET_WRAPPERS:
        if _looks_up(program, rest):
            return [_Found(program, program, 1)]
        inner = _of_words(_past_options(program, rest), depth + 1)
        return [*inner, _after(program, inner)]
    if (prefix := _prefix(program, rest)) is not None:
        return _of_wrapper(prefix, rest, depth)
    head = _plain_head(program, rest)
    return [_Found(head, program, _rank(program, head))]


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
    main = _Found(_fitted([*prefix, *words]), program, first.rank if first else 0)
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
    return [_Found(_plain_head(program, rest), program)]


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


# -- one plain command ---------------------------------------------------------


def _program(word: Word) -> str:
    """A program's name: its base name, unless it is one of the workspace's own."""
    text = programs.SAME.get(word.text, word.text)
    name = head_word(text)
    if "/bin/" in f"/{text}" or is_placeholder(name):
        name = head_word(re.split(r"[/\\]", text)[-1])
    unknown = not text or is_placeholder(name) or name in programs.WORDS
    return NOTHING_KNOWN if unknown else name


def _plain_head(program: str, rest: Sequence[Word]) -> str:
    if program in programs.UNTOLD:
        return program
    arguments, remedies = _split(program, rest)
    limit = _ARGUMENTS + _subcommands(program, arguments)
    return _fitted([program, *arguments[:limit], *remedies[:_REMEDIES]])


def _subcommands(program: str, arguments: Sequence[str]) -> int:
    if program not in programs.SUBCOMMANDS:
        return 0
    further = programs.SECOND_SUBCOMMANDS.get(program, frozenset())
    return 2 if arguments and arguments[0] in further else 1


def _split(program: str, rest: Sequence[Word]) -> tuple[list[str], list[str]]:
    """The arguments that stay, and the options that are a remedy."""
    valued = programs.VALUED.get(program, frozenset())
    telling = programs.TELLING.get(program, frozenset())
    arguments: list[str] = []
    remedies: list[str] = []
    at = 0
    while at < len(rest):
        word = rest[at]
        at += 1
        if word.text in telling:
            remedies.append(word.text)
        elif word.text.startswith("-"):
            at += _takes_value(program, word.text, valued)
        elif not word.expands:
            arguments += _argument(word)
    return arguments, list(dict.fromkeys(remedies))


def _takes_value(program: str, option: str, valued: frozenset[str]) -> bool:
    """Whether an option's value is the next word."""
    if option in valued:
        return True
    if "=" in option or option == "--":
        return False
    if option.startswith("--") or program not in programs.CLUSTERED:
        return bool(_SECRETIVE.fullmatch(option))
    return f"-{option[1:2]}" not in valued and f"-{option[-1]}" in valued


def _argument(word: Word) -> Iterator[str]:
    text = head_word(word.text)
    if is_placeholder(text):
        text = head_word(_TEST_ID.sub("", word.text))  # the file, where all is too long
    if not is_placeholder(text) and (not word.quoted or tells_itself(text)):
        yield text


def _fitted(words: Sequence[str]) -> str:
    """Words that fit a head, and stay as they are when it is read again."""
    head = _cut(words)
    for _ in range(_ROUNDS):
        if (hidden := hide(head)) == head:
            return head
        head = _cut([one for one in hidden.split() if not is_placeholder(one)])
    return words[0]


def _cut(words: Sequence[str]) -> str:
    """The first words that fit; a test's file, where its name is too long."""
    head = ""
    for word in words:
        longer = f"{head} {word}".lstrip()
        if len(longer) > LIMIT:
            longer = f"{head} {_TEST_ID.sub('', word)}".lstrip()
            return longer if len(longer) <= LIMIT else head
        head = longer
    return head
