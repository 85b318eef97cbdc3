"""What `lokictl doctor` finds of a daemon: whether one answers, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cli import render
from cli.finding import NOTE, OK, PROBLEM, Finding
from cli.last_words import in_words, last_words
from cli.launch import RESTART
from lokid.client import Client
from lokid.errors import DaemonMissing, ProtocolMismatch
from lokid.holder import hanging
from lokid.paths import Workspace

ASK_MS = 2000


def daemon(place: Workspace) -> Iterator[Finding]:
    """Whether a daemon answers, what troubles it, and what it could not read."""
    client = Client(place)
    try:
        client.ping()
        told = client.get("status", {}, ASK_MS)
    except ProtocolMismatch as error:
        yield Finding(PROBLEM, "daemon", error.message, error.hint)
        return
    except DaemonMissing as error:
        yield from _missing(place, error)
        return
    yield Finding(OK, "daemon", f"pid {told['daemon']['pid']} answers")
    if told.get("trouble"):
        said = render.clean(told["trouble"])
        yield Finding(
            PROBLEM,
            "daemon",
            said,
            f"free some space, or see {render.clean(place.daemon_log)}",
        )
    yield from _watching(told["watch"])
    for source in told["sources"]:
        if source["rejected"]:
            times = render.plural(source["rejected"], "time")
            said = f"source {source['name']} refused something {times}"
            remedy = "lokictl events --type source.rejected says what and why"
            yield Finding(NOTE, "daemon", said, remedy)


def _missing(place: Workspace, error: DaemonMissing) -> Iterator[Finding]:
    hung = hanging(place, error)
    if hung is not None:
        said = f"pid {hung} keeps the log's lock and does not answer"
        yield Finding(PROBLEM, "daemon", said, RESTART)
        return
    if place.socket_file.is_file():
        said = "it ended without a farewell, and its socket is left: killed, perhaps"
        yield Finding(PROBLEM, "daemon", said, "lokictl up")
    else:
        said = "none runs: each command reads by itself"
        yield Finding(NOTE, "daemon", said, "lokictl up makes answers quicker")
    words = last_words(place)
    if words is not None:
        yield Finding(NOTE, "daemon", in_words(words), words.hint)


def _watching(watch: dict[str, Any]) -> Iterator[Finding]:
    if watch["mode"] != "notify":
        said = f"watching by {watch['mode']}: {render.clean(watch['reason'])}"
        remedy = "answers stay right; raise fs.inotify.max_user_watches to wake sooner"
        yield Finding(NOTE, "daemon", said, remedy)
