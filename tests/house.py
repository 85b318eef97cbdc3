"""A small house for the tests of server, client and daemon.

It has a source and two read models of its own, and the real everything else:
the kernel takes sources and projections as arguments, so these tests ask about
the daemon and not about the harness.  Run as a script it is that daemon::

    python tests/house.py WORKSPACE

It writes ``ready`` on its standard output, or the error that ended it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from lokid.client import Client
from lokid.config import load_settings
from lokid.daemon import run_daemon
from lokid.errors import LokidError
from lokid.events import ContextServed, CrashObserved, Fact, Recorded, Src
from lokid.paths import Workspace, find_workspace
from lokid.projection import Answer
from lokid.rules import Rule
from lokid.source import Document, Mode, Source

FOLDER = "crash"


def _crash(document: Document) -> Iterable[Fact]:
    yield Fact(
        event=CrashObserved(error_class=str(document.body["error_class"])),
        identity=("crash", document.path, document.sha256),
        src=Src(path=document.path, sha256=document.sha256),
    )


SOURCES = (
    Source(
        name="crash",
        globs=(f"{FOLDER}/*.json",),
        mode=Mode.DOCUMENT,
        read_document=_crash,
    ),
)


class Crashes:
    """The error classes of all crashes, in the order of the log."""

    name = "failures"
    version = 1
    hears = (CrashObserved,)

    def __init__(self) -> None:
        """Nothing yet."""
        self.seen: list[str] = []

    def apply(self, recorded: Recorded) -> None:
        """Remember a crash."""
        if isinstance(recorded.event, CrashObserved):
            self.seen.append(recorded.event.error_class)

    def query(self, params: Mapping[str, str], now: str) -> Answer:
        """All of them, and what was asked; ``bug=1`` is one."""
        if "bug" in params:
            raise ZeroDivisionError
        return {"failures": self.seen[:], "asked": dict(params), "now": now}


class Block(Crashes):
    """The same as text, one line each."""

    name = "context"

    def query(self, params: Mapping[str, str], now: str) -> Answer:
        """The block, the goal it was asked for, and that it was served."""
        served = ContextServed(now=now, size=len(self.seen))
        text = "\n".join(self.seen)
        return {"text": text, "goal": params.get("goal"), "_served": served}


def crash(workspace: Workspace, name: str, error_class: str | None = None) -> None:
    """Let the harness write a crash file, folder and all."""
    folder = workspace.loki / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(f'{{"error_class": "{error_class or name}"}}')


class House:
    """A daemon as a process of its own."""

    def __init__(self, workspace: Workspace, **settings: str) -> None:
        """``settings`` are variables of its environment."""
        self.workspace = workspace
        self.client = Client(workspace)
        self._settings = settings
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, __file__, str(self.workspace.root)],
            env={**os.environ, **self._settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def word(self) -> str:
        """What it says first: ``ready``, or the error that ended it."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return Path(self.workspace.socket_file.read_text().rstrip("\n"))

    def ended(self) -> tuple[int, str]:
        """Wait for its end: exit code, and what it complained of."""
        _, complaint = self.process.communicate(timeout=30)
        return self.process.returncode, complaint

    def close(self) -> None:
        """Kill what still runs."""
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.communicate()


@contextmanager
def housed(workspace: Workspace, **settings: str) -> Iterator[House]:
    """A daemon that is ready, and is gone afterwards."""
    house = House(workspace, **settings)
    try:
        assert house.word() == "ready"
        yield house
    finally:
        house.close()


def main() -> int:
    """Be the daemon of the workspace that the first argument names."""
    workspace = find_workspace(sys.argv[1], os.environ)
    loaded = load_settings(workspace.loki, os.environ)

    def projections(_rules: Sequence[Rule]) -> tuple[Crashes, ...]:
        return (Crashes(), Block())

    def ready() -> None:
        print("ready", flush=True)  # noqa: T201  the word the tests wait for

    try:
        return run_daemon(workspace, loaded, SOURCES, projections, os.environ, ready)
    except LokidError as error:
        print(error.message, flush=True)  # noqa: T201  or this
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
