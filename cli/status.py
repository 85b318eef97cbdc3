"""`lokictl status`: is a daemon there, what does the log hold, what is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from cli import render
from cli.config import kept
from cli.last_words import in_words, last_words
from cli.launch import RESTART
from cli.options import command, deadline_option, memory_is_on, workspace
from cli.table import Cell, tabulate
from lokid import clock
from lokid.config import load_settings
from lokid.errors import DaemonMissing
from lokid.holder import holder
from lokid.projection import Answer

if TYPE_CHECKING:
    from lokid.engine import Engine
    from lokid.ingest.outcome import Scan
    from lokid.paths import Workspace

NO_DAEMON = {"running": False, "pid": None, "protocol": None, "since": None}
NO_WATCH = {"mode": "none", "reason": "no daemon runs: each command reads by itself"}
HANGS = {"mode": "none", "reason": "the daemon does not answer: nothing new is read"}


@command(
    "status",
    examples=(
        "lokictl status",
        "lokictl status --json | jq .log",
        "lokictl status --require-daemon && echo up",
    ),
)
@click.option("--require-daemon", is_flag=True, help="End with 69 when none answers.")
@deadline_option
def status(*, require_daemon: bool, deadline: int | None, as_json: bool) -> None:
    """Say whether a daemon runs, and what is read."""
    from cli.ask import ask

    place = workspace()
    told = ask(
        place,
        lambda client, limit: client.get("status", {}, limit),
        _by_ourselves,
        settings=load_settings(place.loki, os.environ, lenient=True).settings,
        deadline=deadline,
        embedded_deadline=deadline,
    )
    told = _missing(place, told)
    if as_json:
        render.emit({**told, "knob": _knob(told)})
    else:
        show(told)
        render.note_freshness(told)
    if require_daemon and not told["daemon"]["running"]:
        pid = told["daemon"]["pid"]
        if pid is not None:
            message = f"the daemon (pid {pid}) does not answer"
            raise DaemonMissing(message, f"end it and start another: {RESTART}")
        message = f"no daemon runs for {place.root}"
        raise DaemonMissing(message)


def _by_ourselves(own: Engine, done: Scan | str | None) -> Answer:
    fresh = own.query("join", {}, done)
    head = {key: fresh[key] for key in ("schema", "as_of_seq", "stale", "reason")}
    return {**head, "daemon": NO_DAEMON, "watch": NO_WATCH, **own.status()}


def _missing(place: Workspace, told: Answer) -> Answer:
    """The status, with what is known of a daemon that did not answer."""
    from cli.ask import KNOB_OFF, LOCK_HELD

    if told["daemon"]["running"]:
        return told
    # who was asked, did not answer and holds the lock hangs
    hangs = told["reason"] in (LOCK_HELD, KNOB_OFF)
    pid = holder(place) if hangs else None
    if pid is not None:
        return {**told, "daemon": {**NO_DAEMON, "pid": pid}, "watch": HANGS}
    words = last_words(place)
    if words is None:
        return told
    return {**told, "daemon": {**NO_DAEMON, "last_words": in_words(words)}}


def _knob(told: Mapping[str, Any]) -> dict[str, str | None]:
    """``LOKI_FAILURE_MEMORY`` here and in the daemon."""
    return {
        "client": "on" if memory_is_on() else "off",
        "daemon": told.get("knob") if told["daemon"]["running"] else None,
    }


def show(told: Mapping[str, Any]) -> None:
    """Print a status, as a daemon or an engine tells it."""
    daemon, log, watch = (told[key] for key in ("daemon", "log", "watch"))
    held = f"{render.plural(log['seq'], 'event')}, {render.size(log['bytes'])}"
    segments = render.plural(log["segments"], "segment")
    reason = f" ({render.clean(watch['reason'])})" if watch["reason"] else ""
    rows = {
        "workspace": render.clean(told["workspace"]),
        "state": render.clean(told["state"]),
        "daemon": _running(daemon),
        "log": f"{held} in {segments}" + _repaired(log["repaired"]),
        **_verified(told.get("verified")),
        "watch": f"{render.clean(watch['mode'])}{reason}",
        "memory": _memory(_knob(told)),
    }
    for name, value in rows.items():
        render.say(f"{name:<10} {value}")
    for line in kept(told.get("settings", {})):
        render.say(line)
    render.say()
    titles = ("source", "files", "pending", "rejected")
    used = [
        row
        for row in told["sources"]
        if row["files"] or row["pending"] or row["rejected"]
    ]
    cells = [
        [
            Cell(render.clean(row["name"])),
            Cell(str(row["files"])),
            _notable(row["pending"], "yellow"),
            _notable(row["rejected"], "red"),
        ]
        for row in used
    ]
    if cells:
        render.say_all(tabulate(titles, cells))
    idle = len(told["sources"]) - len(used)
    if idle:
        render.say(f"({render.plural(idle, 'source')} without a file)")


def _running(daemon: Mapping[str, Any]) -> str:
    if daemon["running"]:
        since = render.ago(daemon["since"], clock.now())
        state = click.style("running", fg="green")
        return f"{state}, pid {daemon['pid']}, started {since}"
    if daemon["pid"] is not None:
        state = click.style("does not answer", fg="red")
        return f"{state} (pid {daemon['pid']}): {RESTART}"
    words = daemon.get("last_words")
    last = f"; {render.clean(words)}" if words else ""
    return f"not running (start one: lokictl up){last}"


def _repaired(count: int) -> str:
    return f", repaired {count}x" if count else ""


def _verified(last: Mapping[str, Any] | None) -> dict[str, str]:
    """What a daemon's last look at the whole log came to."""
    if last is None:
        return {}
    when = render.ago(last["at"], clock.now())
    found = "no damage"
    if last["problems"]:
        places = render.plural(last["problems"], "damaged place")
        found = click.style(places, fg="red") + " (lokictl log verify)"
    return {"verified": f"{when}, {render.plural(last['events'], 'event')}: {found}"}


def _memory(knob: Mapping[str, str | None]) -> str:
    """What ``LOKI_FAILURE_MEMORY`` does here and in the daemon."""
    if knob["client"] == "off":
        return "off here (LOKI_FAILURE_MEMORY=0): nothing is read in or printed"
    if knob["daemon"] == "off":
        return "off in the daemon (it was started with LOKI_FAILURE_MEMORY=0)"
    return "on"


def _notable(count: int, colour: str) -> Cell:
    return Cell(str(count), colour if count else None)
