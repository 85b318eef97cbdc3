"""`lokictl events`: the log itself, event by event.

With ``--json`` the log's own lines and nothing else; whether they may lack
something goes to standard error.  ``-f`` follows: the daemon streams, without
one the log is looked at five times a second, which shows what other commands
capture.
"""

from __future__ import annotations

import json
import os
import select
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from cli import render, table
from cli.options import command, deadline_option, memory_is_on, workspace
from lokid.events import EVENT_TYPES
from lokid.paths import Workspace

POLL_SECONDS = 0.2
_LEFT_OUT = frozenset({"started", "ended", "utc", "after", "fingerprint", "run_id"})
"""Fields that joining needs and nobody reads; ``--json`` has them."""
_DIGEST_LENGTH, _DIGEST_SHOWN = 32, 12
_TYPE_COLUMNS = max(len(name) for name in EVENT_TYPES)


class Envelope(msgspec.Struct):
    """What a line of the log shows to people."""

    seq: int
    time: str
    type: str
    data: dict[str, Any] = {}
    src: dict[str, Any] = {}


class Printer:
    """Prints lines of the log and remembers how far it came."""

    def __init__(self, since: int, types: frozenset[str], *, raw: bool) -> None:
        """``types``: only these, all when empty; ``raw``: the lines as they are."""
        self.since = since
        self.count = 0
        self.types = types
        self._raw = raw
        self._decoder = msgspec.json.Decoder(Envelope)
        self._width = table.terminal_width()

    def show(self, line: bytes) -> None:
        """Print a line, unless it was printed before or nobody asked for it."""
        event = self._decoder.decode(line)
        if event.seq <= self.since:
            return
        self.since = event.seq
        if self.types and event.type not in self.types:
            return
        self.count += 1
        if self._raw:
            render.emit_line(line)
        else:
            render.say(table.shorten(_sentence(event), self._width))


@command(
    "events",
    examples=(
        "lokictl events",
        "lokictl events -f --type crash.observed --type gate.failed",
        "lokictl events --since 120 --json | jq -c '.data'",
    ),
)
@click.option(
    "--since",
    metavar="SEQ",
    type=click.IntRange(min=0),
    default=0,
    help="Only events behind this position.",
)
@click.option(
    "--type",
    "types",
    metavar="NAME",
    multiple=True,
    help="Only events of this type, say crash.observed; may be repeated.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@deadline_option
def events(
    *,
    since: int,
    types: tuple[str, ...],
    follow: bool,
    deadline: int | None,
    as_json: bool,
) -> None:
    """Show the events of the log, oldest first."""
    place = workspace()
    printer = Printer(since, frozenset(types), raw=as_json)
    for name in types:
        if name not in EVENT_TYPES:
            render.note(f"lokictl: this version writes no events of type {name!r}")
    if follow:
        _leave_with_the_reader()
    _stream(place, printer, follow=follow, deadline=deadline)
    if follow:
        _tail(place, printer)
    elif not printer.count and not as_json:
        what = "no such events" if types or since else "no events"
        render.nothing(f"{what} in this workspace yet", place)


def _stream(
    place: Workspace, printer: Printer, *, follow: bool, deadline: int | None
) -> None:
    """Print what there is; with a daemon and ``follow``, until it goes away."""
    from cli.ask import ask, settings_of
    from lokid.client import Client
    from lokid.engine import Engine
    from lokid.ingest.outcome import Scan
    from lokid.log import LogReader

    def by_daemon(client: Client, limit: int | None) -> None:
        asked: dict[str, str | Sequence[str]] = {
            "since": str(printer.since),
            "type": sorted(printer.types),
        }
        if limit is not None:
            asked["deadline"] = str(limit)
        if follow:
            asked["follow"] = "1"
        lines = client.lines(asked)
        render.note_freshness({"stale": lines.stale, "reason": lines.reason})
        try:
            for line in lines:
                printer.show(line)
                if follow:
                    sys.stdout.flush()
        finally:
            lines.close()

    def by_engine(own: Engine, done: Scan | str | None) -> None:
        told = own.query("join", {}, done)
        render.note_freshness(told)
        for line in LogReader(place.log).lines(printer.since, told["as_of_seq"]):
            printer.show(line)
        sys.stdout.flush()

    ask(
        place,
        by_daemon,
        by_engine,
        settings=settings_of(place),
        deadline=deadline,
        embedded_deadline=deadline,
    )


def _tail(place: Workspace, printer: Printer) -> None:
    """Follow the log itself, for ever."""
    from lokid.log import LogReader

    if memory_is_on():
        render.note("lokid: no daemon runs: this shows what other commands read in")
    tail = LogReader(place.log).tail(printer.since)
    while True:
        for line in tail.poll():
            printer.show(line)
        sys.stdout.flush()
        time.sleep(POLL_SECONDS)  # without a daemon nobody tells


def _leave_with_the_reader() -> None:
    """End when nobody reads our output any more, also while nothing happens."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # errors only: the reader hung up

    def wait() -> None:
        poll.poll()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def _sentence(event: Envelope) -> str:
    day, clock = event.time[:10], event.time[11:19]
    told = [
        f"{name}={_value(value)}"
        for name, value in event.data.items()
        if name not in _LEFT_OUT
    ]
    path = event.src.get("path")
    source = f"({render.clean(path)})" if path else ""
    said = " ".join([*told, source]).strip()
    name = render.clean(event.type)
    return f"{event.seq:>6}  {day} {clock}  {name:<{_TYPE_COLUMNS}}  {said}".rstrip()


def _value(value: object) -> str:
    if isinstance(value, str):
        text = render.clean(value)
        if len(text) >= _DIGEST_LENGTH and text.isalnum():
            return text[:_DIGEST_SHOWN]
        return f'"{text}"' if " " in text else text
    return json.dumps(value, separators=(",", ":"))
