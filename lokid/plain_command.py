"""One plain command: its program, and the few words that say what it does.

No wrapper, no pipe: ``command.py`` has taken those apart.  Words that may hold a
secret (the value of an option that sounds like one) and words that vary are
left out; what stays passes ``head_words.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lokid import programs
from lokid.head_words import (
    LIMIT,
    NOTHING_KNOWN,
    head_word,
    is_placeholder,
    tells_itself,
)
from lokid.secret_shapes import hide
from lokid.shell import Word

_ARGUMENTS = 2
_REMEDIES = 2
_ABOUT = frozenset({"-c", "-e", "-C", "--command", "--eval", "--directory"})
"""Options whose value is what the command is about."""
_ROUNDS = 8

_SECRETIVE = re.compile(
    r"--?[\w-]*(?:pass|secret|token|key|auth|cred|user|login|header|email)[\w-]*",
    re.IGNORECASE,
)
_SHORT_SECRET = frozenset({"-p", "-P"})
_NAME_OF_SECRET = re.compile(
    r"(?:.*:)?[\w.-]*(?:pass(?:word|wd|phrase)|secret|token|credentials?"
    r"|(?:api|access|private)[_-]?key)",
    re.IGNORECASE,
)
"""``config set password WORD``, ``auth:token WORD``: a name, and then its value."""
_TEST_ID = re.compile(r"::.*")


def program_of(word: Word) -> str:
    """A program's name: its base name, unless it is one of the workspace's own."""
    text = programs.SAME.get(word.text, word.text)
    name = head_word(text)
    if "/bin/" in f"/{text}" or is_placeholder(name):
        name = head_word(re.split(r"[/\\]", text)[-1])
    unknown = not text or is_placeholder(name) or name in programs.WORDS
    return NOTHING_KNOWN if unknown else name


def plain_head(program: str, rest: Sequence[Word]) -> str:
    """The head of a program with these words after it."""
    if program in programs.UNTOLD:
        return program
    arguments, remedies = _split(program, rest)
    limit = _ARGUMENTS + _subcommands(program, arguments)
    return fitted([program, *arguments[:limit], *remedies[:_REMEDIES]])


def is_vague(program: str, rest: Sequence[Word]) -> bool:
    """Whether what a command is about is lost: code, a place, an address.

    ``curl URL``, ``python -c CODE``, ``make -C DIR``: the head that is left would
    stand for commands that have nothing else in common.
    """
    arguments, _ = _split(program, rest)
    if len(arguments) > _subcommands(program, arguments):
        return False
    valued = programs.VALUED.get(program, frozenset())
    for at, word in enumerate(rest):
        before = rest[at - 1].text if at else ""
        if before in _ABOUT or word.text == "-":
            return True
        if word.text.startswith("-") or word.text == ".":
            continue
        if before.startswith("-") and _takes_value(program, before, valued):
            continue
        if word.expands or not list(_argument(word)):
            return True
    return False


def _subcommands(program: str, arguments: Sequence[str]) -> int:
    if program not in programs.SUBCOMMANDS:
        return 0
    further = programs.SECOND_SUBCOMMANDS.get(program, frozenset())
    return 2 if arguments and arguments[0] in further else 1


def _split(program: str, rest: Sequence[Word]) -> tuple[list[str], list[str]]:
    """The arguments that stay, and the options that are a remedy.

    Behind the name of a secret comes its value, and nothing more is told: which word
    is the value would depend on what was left out before.
    """
    valued = programs.VALUED.get(program, frozenset())
    telling = programs.TELLING.get(program, frozenset())
    arguments: list[str] = []
    remedies: list[str] = []
    named = False
    at = 0
    while at < len(rest):
        word = rest[at]
        at += 1
        if word.text in telling:
            remedies.append(word.text)
        elif word.text.startswith("-"):
            at += _takes_value(program, word.text, valued)
        elif not (word.expands or named):
            arguments += _argument(word)
            named = bool(_NAME_OF_SECRET.fullmatch(word.text))
    return arguments, list(dict.fromkeys(remedies))


def _takes_value(program: str, option: str, valued: frozenset[str]) -> bool:
    """Whether an option's value is the next word."""
    if option in valued:
        return True
    if "=" in option or option == "--":
        return False
    if option in _SHORT_SECRET and program not in programs.VALUED:
        return program not in programs.FLAG_P
    if option.startswith("--") or program not in programs.CLUSTERED:
        return bool(_SECRETIVE.fullmatch(option))
    return f"-{option[1:2]}" not in valued and f"-{option[-1]}" in valued


def _argument(word: Word) -> Iterator[str]:
    text = head_word(word.text)
    if is_placeholder(text):
        text = head_word(_TEST_ID.sub("", word.text))  # the file, where all is too long
    if not is_placeholder(text) and (not word.quoted or tells_itself(text)):
        yield text


def fitted(words: Sequence[str]) -> str:
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
