"""Hand-made transcripts, in the shapes that Claude Code writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lokid import clock

START = datetime(2026, 2, 3, 10, tzinfo=UTC)
SESSION = "0f0e0d0c-1111-4222-8333-444455556666"


class Talk:
    """One session as its file tells it, line by line."""

    def __init__(self, cwd: Path | str, session: str = SESSION, **more: Any) -> None:
        """``more`` stands in every line."""
        self.lines: list[str] = []
        self.cwd = str(cwd)
        self.session = session
        self._more = more
        self._at = START
        self._count = 0

    def line(self, kind: str, message: Any, **fields: Any) -> None:
        """A line of a kind, a second after the one before it."""
        self._at += timedelta(seconds=1)
        told = {
            "parentUuid": None,
            "isSidechain": False,
            "userType": "external",
            "cwd": self.cwd,
            "sessionId": self.session,
            "version": "2.0.5",
            "gitBranch": "main",
            "type": kind,
            "message": message,
            "timestamp": clock.stamp(self._at),
            **self._more,
            **fields,
        }
        self.lines.append(json.dumps(told))

    def call(self, tool: str, call: str | None = None, **wanted: Any) -> str:
        """The agent asks for a tool; the call's id."""
        self._count += 1
        name = call or f"toolu_01{self.session[:8]}{self._count:016d}"
        block = {"type": "tool_use", "id": name, "name": tool, "input": wanted}
        self.line("assistant", {"role": "assistant", "content": [block]})
        return name

    def result(
        self, call: str, text: str, *, error: bool = False, **beside: Any
    ) -> None:
        """What came of it."""
        block = {"type": "tool_result", "tool_use_id": call, "content": text}
        if error:
            block["is_error"] = True  # type: ignore[assignment]  # as it is written
        told = {"stdout": text, "stderr": "", "interrupted": False, **beside}
        self.line("user", {"role": "user", "content": [block]}, toolUseResult=told)

    def ran(self, command: str, output: str = "", exit_code: int = 0) -> str:
        """A command, and how it ended."""
        call = self.call("Bash", command=command)
        failed = exit_code != 0
        text = f"Exit code {exit_code}\n{output}" if failed else output
        self.result(call, text, error=failed)
        return call

    def read(self, file: str, content: str) -> str:
        """A file that was read."""
        call = self.call("Read", file_path=file)
        self.result(call, content)
        return call

    @property
    def written(self) -> list[bytes]:
        """The lines as bytes."""
        return [line.encode() for line in self.lines]

    def save(self, projects: Path, name: str | None = None) -> Path:
        """Write it where Claude Code would."""
        folder = "".join(c if c.isalnum() and c.isascii() else "-" for c in self.cwd)
        file = projects / folder / (name or f"{self.session}.jsonl")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(line + "\n" for line in self.lines))
        return file
