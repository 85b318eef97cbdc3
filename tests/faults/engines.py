"""Embedded engines that race a daemon and each other for one log.

    python engines.py FOLDER ROUNDS SEED CLIENTS

Each client is a process of its own that asks and records by the way every command
goes (``cli/ask.py``): through a daemon where one answers, else as an engine of its
own.  Meanwhile daemons come and go, by a signal or by a kill.  Whoever was told
that his statement is kept must find it in the log, once.
"""

from __future__ import annotations

import random
import signal
import sys
from pathlib import Path

import msgspec

from cli.ask import query, record
from daemons import answering, daemon, ended
from forks import Child, Tell
from life import account, statement, workspace, write_crash
from lokid.errors import DaemonMissing, WriterExists
from lokid.paths import Workspace
from story import Story

STATEMENTS = 4
"""What a client says in a round; between two of them it asks."""


def main() -> None:
    """Run all rounds in one workspace, then hold its log to account."""
    folder, rounds, seed, count = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    chance = random.Random(f"engines/{seed}")  # noqa: S311  a script, no secret
    story = Story()
    place = workspace(folder)
    place.root.mkdir(parents=True)
    said: list[str] = []
    for number in range(rounds):
        write_crash(place, number + 1, number)
        clients = [_client(place, f"{number}/{nth}") for nth in range(count)]
        sign = signal.SIGKILL if chance.random() < 0.5 else signal.SIGTERM
        serving = daemon(place)
        if answering(place) is None:
            story.miss(f"round {number}: the daemon never came to answer")
        code, words = ended(serving, sign)
        if code != (-sign if sign == signal.SIGKILL else 0):
            story.miss(f"round {number}: the daemon ended {code}: {words[-3:]}")
        for nth, one in enumerate(clients):
            _hear(story, one, said, f"round {number}, client {nth}")
        story.progress(number + 1, rounds)

    def work(tell: Tell, _pipe: int) -> int:
        tell(msgspec.json.encode(account(place, said)).decode())
        return 0

    for wrong in story.settle(*Child(work).ended()):
        story.miss(f"seed {seed}: {wrong}")
    story.end()


def _client(place: Workspace, name: str) -> Child:
    """A client that says and asks in turn, and tells what came of it."""

    def work(tell: Tell, _pipe: int) -> int:
        for number in range(STATEMENTS):
            said = f"{name}/{number}"
            try:
                record(place, [statement(said)])
            except (WriterExists, DaemonMissing):
                tell("refused")
            else:
                tell(f"ack\t{said}")
            answer = query(place, "failures", {"all": "1"})
            tell("stale" if answer["stale"] else "answered")
        return 0

    return Child(work)


def _hear(story: Story, client: Child, said: list[str], where: str) -> None:
    code, lines = client.ended()
    kept = [one[4:] for one in lines if one.startswith("ack\t")]
    said += kept
    story.add("acknowledged", len(kept))
    for name in ("answered", "stale", "refused"):
        story.add(name, lines.count(name))
    if code or len(lines) != 2 * STATEMENTS:
        story.miss(f"{where}: ended {code}: {lines[-3:]}")


if __name__ == "__main__":
    main()
