"""A text as the agent's stream-json shows it: among prose and other results.

The failing output stands in one ``tool_result`` with ``is_error``; around it are
the agent's words and the outputs of commands that ended well, some of which name
errors that are none.  `wrap_clean` has no result with an error at all.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

_BEFORE = (
    "I'll start by running the checks to see where we stand.",
    "Last time this raised a KeyError in cart.py; let me see whether it still does.",
    "The plan says to fix `error: linker not found` first. Running it again.",
    "Let me run the command and look for the first error.",
    "Now the build. If it prints TypeError: fetch failed I will restart the mock.",
)
_AFTER = (
    "That failed. It looks like AttributeError again, or a wrong path.",
    "The command exits with an error. I will look at the file first.",
    "So it is not `ModuleNotFoundError: No module named 'redis'` any more. Good.",
    "I see: fatal: not a git repository was a red herring. Trying another way.",
    "Out of turns; the failure above is still open.",
)
_WORKED = (
    ("ls src", "app.py\ncart.py\nerrors.py\ntest_error_handling.py"),
    (
        "git log --oneline -3",
        "3f2a91c Fix TypeError in checkout\n9be1f00 Add errors page",
    ),
    ("cat notes.md", "# Notes\nerror: the port was busy last week (EADDRINUSE)"),
    ("tail -3 logs/old.log", "Traceback (most recent call last):\nValueError: bad row"),
    ("npm run lint", "> app@1.0.0 lint\n> eslint src\n\n0 errors, 2 warnings"),
    ("pytest -q tests/test_errors.py", "....                       [100%]\n4 passed"),
    ("grep -rn raise src", "src/errors.py:12:    raise ConfigError('not set')"),
    ("git diff", "-    raise RuntimeError('x')\n+    raise ConfigError('x')"),
)
_CLOSING = (
    "All done: 0 errors left, the tests pass.",
    "Fixed the TypeError; error handling is covered by tests now.",
    "The work is complete. No failures remain.",
)


def wrap(text: str, command: str, exit_code: int, seed: str) -> str:
    """The stream-json lines of a session in which this command failed."""
    rng = random.Random(seed)  # noqa: S311 - a choice of words, not a secret
    session = _Session(rng)
    lines = [session.init(), session.says(rng.choice(_BEFORE))]
    for _ in range(rng.randint(0, 2)):
        lines += session.worked(*rng.choice(_WORKED))
    head = f"Exit code {exit_code}\n" if rng.random() < 0.7 else ""
    lines += session.uses(command, f"{head}{text.rstrip()}", error=True)
    if rng.random() < 0.5:
        lines += session.worked(*rng.choice(_WORKED))
    if rng.random() < 0.6:
        lines.append(session.says(rng.choice(_AFTER)))
    if rng.random() < 0.4:
        lines.append(session.ended("error_max_turns", None))
    return "\n".join(lines) + "\n"


def wrap_clean(text: str, command: str, seed: str) -> str:
    """The stream-json lines of a session in which every command ended well."""
    rng = random.Random(seed)  # noqa: S311 - a choice of words, not a secret
    session = _Session(rng)
    lines = [session.init(), session.says(rng.choice(_BEFORE))]
    lines += session.uses(command, text.rstrip(), error=False)
    lines += session.worked(*rng.choice(_WORKED))
    lines.append(session.says(rng.choice(_CLOSING)))
    lines.append(session.ended("success", rng.choice(_CLOSING)))
    return "\n".join(lines) + "\n"


class _Session:
    """The lines of one session, with its ids."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._id = f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4e1f"

    def init(self) -> str:
        return self._line("system", subtype="init", tools=["Bash", "Edit", "Read"])

    def says(self, text: str) -> str:
        return self._assistant({"type": "text", "text": text})

    def worked(self, command: str, text: str) -> Iterator[str]:
        return self.uses(command, text, error=False)

    def uses(self, command: str, text: str, *, error: bool) -> Iterator[str]:
        """A tool_use and its tool_result."""
        use = f"toolu_{self._rng.getrandbits(48):012x}"
        asked = {"command": command}
        yield self._assistant(
            {"type": "tool_use", "id": use, "name": "Bash", "input": asked}
        )
        parts = [{"type": "text", "text": text}] if self._rng.random() < 0.3 else text
        result: dict[str, Any] = {"type": "tool_result", "tool_use_id": use}
        if error or self._rng.random() < 0.5:
            result["is_error"] = error
        message = {"role": "user", "content": [result | {"content": parts}]}
        yield self._line("user", message=message)

    def ended(self, subtype: str, text: str | None) -> str:
        told = {"result": text} if text else {}
        return self._line("result", subtype=subtype, is_error=not text, **told)

    def _assistant(self, block: dict[str, Any]) -> str:
        return self._line(
            "assistant", message={"role": "assistant", "content": [block]}
        )

    def _line(self, kind: str, **told: Any) -> str:
        return json.dumps({"type": kind, **told, "session_id": self._id})
