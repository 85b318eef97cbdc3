"""What can be read of the managed part: its flags and its journal; nothing is asked.

The same answers for the daemon's ``/api/managed/*`` and for ``lokictl managed``.
They read files and never fail: what cannot be read is said in ``error``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from lokid import clock, flags
from lokid.errors import UsageError
from lokid.managed import journal
from lokid.managed.api import BETA, BETA_KEY
from lokid.managed.wire import FALLBACK

MOST, DEFAULT = 10_000, 100
Answer = dict[str, object]


def answer(
    name: str, loki: Path, environ: Mapping[str, str], params: Mapping[str, str]
) -> Answer:
    """One of the two, by its name.  Raises UsageError."""
    if name == "status":
        return status(loki, environ)
    if name == "events":
        return events(loki, params)
    message = f"there is nothing named {name} of managed memory"
    raise UsageError(message, "known: status, events")


def status(loki: Path, environ: Mapping[str, str]) -> Answer:
    """Which flags are on, the header that is sent, the last failure."""
    last = next(_events(loki / "managed", FALLBACK, None), None)
    on = {name: flags.is_on(environ, name) for name in flags.ALL}
    return {
        "schema": 1,
        "enabled": on[flags.AGENTS] and on[flags.MEMORY],
        "parent_flag": on[flags.AGENTS],
        "child_flags": {name: on[name] for name in flags.ALL[1:]},
        "problem": flags.problem(environ),
        "beta_header": environ.get(BETA_KEY) or BETA,
        "last_fallback_ts": last and last["ts"],
        "last_fallback": last,
    }


def events(loki: Path, params: Mapping[str, str]) -> Answer:
    """The newest events of the journal, oldest first.

    ``limit`` (1 to 10,000), ``since`` (a time), ``type``.  Raises UsageError.
    """
    limit = _limit(params.get("limit"))
    since = _since(params.get("since"))
    folder = loki / "managed"
    told: Answer = {"schema": 1, "source": str(folder / journal.NAME)}
    found: list[dict[str, Any]] = []
    try:
        for one in _events(folder, params.get("type"), since):
            found.append(one)
            if len(found) == limit:
                break
    except OSError as error:
        return {**told, "events": [], "count": 0, "error": error.strerror}
    return {**told, "events": found[::-1], "count": len(found)}


def _events(
    folder: Path, kind: str | None, since: str | None
) -> Iterator[dict[str, Any]]:
    """The newest first, over what was rotated too; broken lines are passed over."""
    for file in journal.files(folder):
        for line in reversed(file.read_bytes().splitlines()):
            try:
                body = msgspec.json.decode(line)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                continue
            if not isinstance(body, dict) or (kind and body.get("type") != kind):
                continue
            time = clock.parse(body.get("ts"))
            if time is None or (since is not None and time < since):
                continue
            yield body


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST:
        return int(text)
    message = f"limit={text} is no number from 1 to {MOST}"
    raise UsageError(message)


def _since(text: str | None) -> str | None:
    if text is None:
        return None
    parsed = clock.parse(text)
    if parsed is None:
        message = f"since={text} is not a time"
        raise UsageError(message, "write it like 2026-01-31T12:00:00Z")
    return parsed
