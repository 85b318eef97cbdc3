"""What the words of a command and of an error tell about a fix.

A fix must have something to do with the failure, so these tables say which
programs only look, which only judge, which bring something into being, and what
an error says is missing.  They are closed lists on purpose: a program that none
of them knows is neither trusted nor refused, it has to be seen twice.
"""

from __future__ import annotations

import functools
import re


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in text.split())


def _verbs(table: dict[str, str]) -> frozenset[str]:
    return frozenset(f"{name} {verb}" for name in table for verb in table[name].split())


_EDITORS = _words("Edit Write MultiEdit NotebookEdit")
_LOOKERS = _words(
    "Read Glob Grep LS NotebookRead WebFetch WebSearch TodoWrite Task",
    "ls cat head tail less more grep egrep rg find fd pwd cd echo printf wc which",
    "whereis type file stat tree du df ps env date whoami uname true sleep id",
    "history jobs sort uniq cut diff cmp man help test",
)
_LOOKING = _verbs(
    {
        "git": "status diff log show blame branch remote rev-parse ls-files add"
        " commit push tag",
        "pip": "list show freeze check",
        "npm": "ls list view outdated audit",
        "docker": "ps images logs inspect",
    }
)
_JUDGES = _words(
    "pytest py.test tox nox unittest jest vitest mocha ava playwright cypress tsc",
    "eslint prettier biome ruff mypy pyright flake8 pylint black isort gcc g++ cc",
    "clang clang++ javac rustc rustfmt gofmt golangci-lint make cmake ninja bazel",
    "gradle gradlew mvn mvnw ant rspec rubocop phpunit shellcheck ctest",
)
_JUDGING = _verbs(
    {
        "cargo": "test check build clippy fmt run bench nextest",
        "go": "test vet build run fmt",
        "npm": "test run t run-script",
        "pnpm": "test run lint build",
        "yarn": "test run lint build",
        "bun": "test run build",
        "deno": "test check lint run",
        "dotnet": "test build run",
    }
)
_INTERPRETERS = _words("python python2 python3 node ruby perl php bash sh zsh java")
_RUNNERS = _INTERPRETERS | _words("uv poetry pipenv npx bunx")
_WRAPPERS = _words("sudo env command time nice npx bunx")
_MAKERS = _words(
    "createdb createuser dropdb mkdir touch chmod chown ln cp mv rm kill pkill",
    "export source initdb pg_ctl systemctl service launchctl corepack rustup nvm",
    "pyenv asdf alembic",
)
_MAKING = _words(
    "install i add ci get update upgrade sync create init start up restart migrate",
    "pull fetch build-dep enable tap use login unlock prune clean checkout",
)
_THINGS = "database|role|relation|schema|table|extension|user|collection|bucket|topic"
_MISSING = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)no module named ['\"]?([\w.-]+)",
        r"(?i)cannot find (?:module|package) ['\"]([^'\"\s]+)",
        r"(?i)can'?t find crate for ['\"`]?([\w-]+)",
        r"(?i)could not resolve ['\"]([^'\"\s]+)",
        r"(?i)no required module provides package (\S+?)[;:]?(?:\s|$)",
        r"(?i)no matching \w+ (?:named|found for) ['\"`]?([\w.-]+)",
        r"(?i)unable to locate package (\S+)",
        r"(?i)command not found: ([\w.+-]+)",
        r"(?:^|[\s:])([\w.+-]+): (?:command )?not found\b",
        r"(?i)['\"]?([\w.+-]+)['\"]? is not recognized as an internal",
        r"(?i)\bspawn ([\w.+-]+) ENOENT",
        rf"(?i)\b(?:{_THINGS}) ['\"]([\w.-]+)['\"] does not exist",
        r"(?i)unknown database ['\"]([\w.-]+)['\"]",
        r"(?i)no such (?:table|image|container|service|network|volume): ([\w./:-]+)",
        r"(?i)unable to find image ['\"]([\w./:-]+)['\"]",
        r"(?i)cannot open shared object file: (\S+)|^(\S+\.so[\w.]*): cannot open",
        r"(?i)fatal error: ['\"]?([\w./+-]+\.h(?:pp)?)['\"]?:? ",
        r"cannot find -l([\w.+-]+)",
        r"(?i)(?<![\w./+-])([\w./+-]+): no such file or directory",
        r"(?i)no such file or directory(?:, \w+|:)? ['\"]([^'\"\s]+)['\"]",
        r"(?i)can(?:no|')t (?:stat|access|open(?: file)?) ['\"]([^'\"\s]+)['\"]",
        r"(?i)(?<![\w./+-])([\w./+-]+): permission denied",
        r"(?i)permission denied(?:, \w+|:)? ['\"]([^'\"\s]+)['\"]",
        r"(?i)executable ['\"]?([\w.+-]+)['\"]? (?:not found|doesn't exist)",
        r"(?i)['\"]?([\w.+-]+)['\"]? is not installed",
    )
)
_ABSENT = re.compile(r"(?i)command not found|: not found$|is not recognized as an")
_CODE = re.compile(
    r"^(?:TS\d+|CS\d+|E\d{4}|panic|compile error"
    r"|\w*(?:Error|Exception|Failure|Violation|Warning))$"
)
_NOT_CODE = _words(
    "ModuleNotFoundError ImportError FileNotFoundError PermissionError OSError",
    "ConnectionError ConnectionRefusedError ConnectionResetError TimeoutError",
    "OperationalError ProgrammingError NotADirectoryError FileExistsError",
    "IterationError BrokenPipeError ClassNotFoundException",
)
_PLACEHOLDER = re.compile(r"\{[a-z_]*\}")
_VERSION = re.compile(r"(?<=\w)(?:@[\w.^~*{}-]+|[=<>~!]=?=?[\w.^*{}-]+|\[[\w,-]+\])$")
_PIECES = re.compile(r"[^a-z0-9]+")
_DULL = _words(
    "src test tests lib app main index data the for and not with file files scripts",
    "dev prod build dist latest all run home tmp workspace open",
)
_STARTING = {"pip": 1, "run": 2, "exec": 2}
"""Words of a runner, and how many of its words to pass for the program's own."""
_VERBS = 2  # docker compose up, brew services start
_CONTAINED = 4  # letters of a term that is told inside another word
_LEAST = 2


def edited_file(head: str) -> str | None:
    """The file that a head tells was written; None: it tells of no edit."""
    tool, _, rest = head.partition(" ")
    return rest.split(" ")[0] or None if tool in _EDITORS else None


def verbs_of(head: str) -> list[str]:
    """A head's words without options, from the program that does the work on.

    ``sudo``, ``uv pip`` and ``poetry run`` only start it.
    """
    words = [word for word in head.split(" ") if not word.startswith("-")]
    while len(words) > 1 and words[0] in _WRAPPERS:
        words = words[1:]
    started = len(words) > 1 and words[0] in _RUNNERS and words[1] in _STARTING
    if started:
        words = words[_STARTING[words[1]] :]
    return [words[0].rsplit("/", 1)[-1], *words[1:]] if words else [""]


def verb_of(head: str) -> tuple[str, str]:
    """Program and second word of a head."""
    program, *rest = verbs_of(head)
    return program, rest[0] if rest else ""


@functools.lru_cache(maxsize=8192)
def looks(head: str) -> bool:
    """Whether a head only reads: it is counted for nothing."""
    program, second = verb_of(head)
    if program in _LOOKERS:
        return True
    return f"{program} {second}" in _LOOKING


@functools.lru_cache(maxsize=8192)
def judges(head: str) -> bool:
    """Whether a head runs tests, a compiler or a linter: it repairs nothing."""
    program, second = verb_of(head)
    return program in _JUDGES or f"{program} {second}" in _JUDGING


@functools.lru_cache(maxsize=8192)
def makes(head: str) -> bool:
    """Whether a head brings something into being: installs, creates, starts."""
    program, *rest = verbs_of(head)
    if program in _MAKERS:
        return True
    if program in _INTERPRETERS or judges(head) or looks(head):
        return False
    return any(word in _MAKING for word in rest[:_VERBS])


@functools.lru_cache(maxsize=8192)
def bare_of_meaning(head: str) -> bool:
    """Whether only volatile words are left beside the program, or no program is."""
    words = head.split(" ")
    if not words[0] or _PLACEHOLDER.search(words[0]):
        return True
    rest = [word for word in words[1:] if not word.startswith("-")]
    return bool(rest) and all(_PLACEHOLDER.search(word) for word in rest)


@functools.lru_cache(maxsize=8192)
def missing_in(line: str | None) -> frozenset[str]:
    """What an error line says is not there: module, program, database, file."""
    found = (rule.search(line) for rule in _MISSING) if line else ()
    names = (next(filter(None, hit.groups()), "") for hit in found if hit)
    return frozenset(
        name.lower() for name in names if _says(name) and not _is_code(name)
    )


def says_absent(line: str | None) -> bool:
    """Whether an error line says that a program was not found."""
    return bool(line and _ABSENT.search(line))


@functools.lru_cache(maxsize=8192)
def arguments_of(base: str) -> frozenset[str]:
    """What a command was about: its words that name a thing, without paths."""
    words = [word for word in base.split(" ")[1:] if not word.startswith("-")]
    if len(words) > 1 and _PLACEHOLDER.search(words[0]) is None and _verb(words[0]):
        words = words[1:]
    told = {word.lower() for word in words if "/" not in word and _says(word)}
    return frozenset(told | {_VERSION.sub("", word) for word in told})


def blames_code(family: str, line: str | None, base: str) -> bool:
    """Whether only an edit can have ended it: the code is wrong, nothing lacks."""
    if missing_in(line):
        return False
    return judges(base) or bool(_CODE.match(family) and family not in _NOT_CODE)


@functools.lru_cache(maxsize=8192)
def shares(head: str, terms: frozenset[str]) -> str | None:
    """The term that a head names (``pyyaml`` names yaml), or None."""
    words = [_VERSION.sub("", word.lower()) for word in head.split(" ")[1:]]
    pieces = {piece for word in words for piece in _PIECES.split(word)}
    for term in sorted(terms):
        bare = _VERSION.sub("", term)
        if bare in words or term in words or bare in pieces:
            return term
        if len(bare) >= _CONTAINED and any(bare in word for word in words):
            return term
    return None


def _is_code(name: str) -> bool:
    """Whether it is an error's code that stands before the words, not a thing."""
    return name.isupper() and name.startswith("E")


def _verb(word: str) -> bool:
    return word in _MAKING or word.isalpha()


def _says(word: str) -> bool:
    if len(word) < _LEAST or _PLACEHOLDER.search(word):
        return False
    return word.lower() not in _DULL and not word.isdigit()
