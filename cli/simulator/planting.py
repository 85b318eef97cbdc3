"""Secrets in every string, so that a test may look for them where none may be.

Each string of each file gets its own token shape, home path, owner/repo, e-mail
and address; `Planter.planted` lists them all.  Times and the words that tell a
line's shape (``KEPT``) stay, else the file would be unusable.  Names that the
harness chooses from a list of its own (``NAMES``) are planted in every second
writing of a kind of file: so one writing is read as meant, and the next shows
what becomes of a name that cannot be trusted.

Token shapes are put together at run time: no source file holds one.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_WORD = _UPPER.lower() + _DIGITS
_ALNUM = _UPPER + _WORD
_WEB_TOKEN = "ey" + "J"  # how each of its first two parts begins
_SHAPES: tuple[tuple[str, int, str], ...] = (
    ("gh" + "p_", 36, _ALNUM),
    ("gh" + "o_", 36, _ALNUM),
    ("github" + "_pat_", 62, _ALNUM),
    ("gl" + "pat-", 20, _ALNUM),
    ("AK" + "IA", 16, _UPPER),
    ("AI" + "za", 35, _ALNUM),
    ("sk-" + "ant-api03-", 48, _ALNUM),
    ("sk-" + "proj-", 48, _ALNUM),
    ("sk_" + "live_", 24, _ALNUM),
    ("xo" + "xb-", 24, _DIGITS + _UPPER.lower()),
    ("np" + "m_", 36, _ALNUM),
    ("py" + "pi-AgEIcHlwaS5vcmc", 48, _ALNUM),
    ("h" + "f_", 34, _ALNUM),
    (_WEB_TOKEN, 60, _ALNUM),
)
_HOMES = ("/home/{}/work", "/Users/{}/code", "/root/{}/src", "C:\\Users\\{}\\src")
_REPOS = ("{}/{}", "https://github.com/{}/{}", "git@github.com:{}/{}.git")

KEPT = frozenset({"type", "subtype", "schema", "schema_version"})
NAMES = frozenset(
    {
        "action", "agent", "category", "error_class", "fingerprint", "focus",
        "friction_kind", "from", "gate", "id", "iteration_id", "name",
        "outcome", "pattern", "phase", "provider", "rarv_phase", "reason", "result",
        "reviewId", "reviewer", "reviewers", "review_id", "role", "run_id",
        "severity", "stage", "status", "task_id", "to", "tool_use_id",
        "topic_id", "verdict", "verdicts", "vote",
    }
)  # fmt: skip

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_PYTHON_FRAME = re.compile(r'( *File )"[^"]*"(, line \d+, in )(\S+)(.*)')
_NODE_FRAME = re.compile(r"(\s*at )(\S.*?)( \(.*\))")
_VOLATILE = re.compile(r"[0-9a-f]{6,}|\d+")
_WHOLE_NUMBERS = ("convergence.log",)
_REFERENCES = ("trust-run-id", "start-sha")


class Planter:
    """Puts different planted strings into each string that it is given."""

    def __init__(self) -> None:
        """Nothing is planted yet."""
        self.planted: list[str] = []
        self._count = 0
        self._writings: dict[str, int] = {}

    def body(self, path: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        """A planted copy of a document, a line's object or a text."""
        hard = self._turn(path, body)
        if isinstance(body, str):
            return self._text(path, body, hard=hard)
        planted = self._walk(body, "", hard=hard)
        if hard and isinstance(body, dict):
            for error in planted.get("errors_encountered", ()):
                error["type"] = self._after(error["type"])  # a name here, no shape
            if path.endswith("gate-failure-count.json"):
                planted[self._secret()] = 0
        return planted

    def _turn(self, path: str, body: Any) -> bool:  # noqa: ANN401  whatever a field or JSON holds
        """Whether names are planted as well: every second writing of a kind."""
        kind = _VOLATILE.sub("#", path)
        if isinstance(body, dict):
            kind += str(body.get("type", ""))
        self._writings[kind] = self._writings.get(kind, -1) + 1
        return self._writings[kind] % 2 == 1

    def _walk(self, value: Any, key: str, *, hard: bool) -> Any:  # noqa: ANN401  whatever a field or JSON holds
        if isinstance(value, dict):
            return {k: self._walk(v, k, hard=hard) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self._walk(item, key, hard=hard) for item in value]
        if not isinstance(value, str) or _stays(value, key, hard=hard):
            return value
        return self._after(value)

    def _text(self, path: str, text: str, *, hard: bool) -> str:
        if path.endswith(_WHOLE_NUMBERS) or (path.endswith(_REFERENCES) and not hard):
            return text
        if path.endswith("gate-failures.txt"):
            return text.rstrip("\n") + f"{self._secret()},\n"
        lines = text.split("\n")
        return "\n".join(self._line(line, hard=hard) if line else "" for line in lines)

    def _line(self, line: str, *, hard: bool) -> str:
        """One line of a log or a text file; a marker line stays a marker."""
        if line.startswith("=== ") and line.endswith(" ==="):
            return line
        if line.startswith("{"):
            try:
                body = json.loads(line)
            except ValueError:
                return self._after(line)
            return json.dumps(self._walk(body, "", hard=hard))
        if _PYTHON_FRAME.fullmatch(line) or _NODE_FRAME.fullmatch(line):
            return self._frame(line) if hard else line
        return self._after(line)

    def _frame(self, line: str) -> str:
        """A stack frame that is still one, with a token for a symbol's end."""
        if frame := _PYTHON_FRAME.fullmatch(line):
            head, within, symbol, rest = frame.groups()
            return f'{head}"{self._home()}/a.py"{within}{symbol}_{self._secret()}{rest}'
        return _NODE_FRAME.sub(rf"\1\2_{self._secret()}\3", line)

    def _after(self, text: str) -> str:
        """The text with one of each kind behind it."""
        self._draw()
        number = self._count
        mail = self._plant(f"mail{number}@corp{number}.example.org")
        address = self._plant(
            f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}"
        )
        parts = (self._secret(), self._home(), self._repo(), mail, address)
        return " ".join((text, *parts)).lstrip()

    def _secret(self) -> str:
        drawn = self._draw()
        prefix, length, alphabet = _SHAPES[drawn[0] % len(_SHAPES)]
        body = "".join(alphabet[byte % len(alphabet)] for byte in drawn)[:length]
        if prefix == _WEB_TOKEN:
            body = f"{body[:20]}.{prefix}{body[20:40]}.{body[40:]}"
        return self._plant(prefix + body)

    def _home(self) -> str:
        drawn = self._draw()
        user = self._plant(f"ulf{self._count}q")
        return _HOMES[drawn[0] % len(_HOMES)].format(user)

    def _repo(self) -> str:
        drawn = self._draw()
        owner, repo = f"owner{self._count}q", f"repo{self._count}q"
        self._plant(f"{owner}/{repo}")
        return _REPOS[drawn[0] % len(_REPOS)].format(owner, repo)

    def _plant(self, text: str) -> str:
        self.planted.append(text)
        return text

    def _draw(self) -> bytes:
        """The next 64 bytes of a sequence that is the same in every run."""
        self._count += 1
        return hashlib.blake2b(str(self._count).encode(), digest_size=64).digest()


def _stays(value: str, key: str, *, hard: bool) -> bool:
    """Whether a string keeps its value: shapes, times, and names in a soft turn."""
    return key in KEPT or (key in NAMES and not hard) or bool(_TIME.match(value))
