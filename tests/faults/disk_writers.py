"""The rig's side of ``disk_writer.py``: orders given, words heard, kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from disk_writer import Order

HERE = Path(__file__).parent


class Held(msgspec.Struct, kw_only=True):
    """What a log held at an open; see ``disk_writer.py``."""

    held: list[tuple[int, int]]
    files: list[tuple[int, int]]
    doubled: list[int]
    damages: int = 0
    scanned: bool = False


class Heard(msgspec.Struct, kw_only=True):
    """All that one writer said until it was gone."""

    held: list[Held] = []
    acked: int = 0
    seen: int = 0
    acks: int = 0
    error: str = ""
    message: str = ""
    ended: int | None = None


class Writers:
    """A running ``disk_writer.py``; one writer at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._pid = 0

    def begin(self, order: Order) -> None:
        """Start a writer."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        self._process.stdin.flush()
        self._pid = self._word()["pid"]

    def listen(self, heard: Heard, acks: int | None = None) -> Heard:
        """Hear until so many acknowledgements came, or to the writer's end."""
        wanted = None if acks is None else heard.acks + acks
        while heard.ended is None and (wanted is None or heard.acks < wanted):
            word = self._word()
            if "held" in word:
                heard.held.append(msgspec.convert(word, Held))
                continue
            heard.acks += "acked" in word or "seen" in word
            for name, value in word.items():
                setattr(heard, name, value)
        return heard

    def kill(self, heard: Heard) -> Heard:
        """Kill the writer (-9) and hear the rest of what it had said."""
        if heard.ended is None:
            os.kill(self._pid, signal.SIGKILL)
        return self.listen(heard)

    def _word(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            try:
                word = json.loads(line)
            except ValueError:
                continue  # half a line of a writer that was killed
            if isinstance(word, dict):
                return word
        raise RuntimeError("the writer's parent is gone")


@contextmanager
def writers(*tracer: str) -> Iterator[Writers]:
    """Writers for the length of a block, under a tracer if told; none is left."""
    process = subprocess.Popen(
        [*tracer, sys.executable, str(HERE / "disk_writer.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Writers(process)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
