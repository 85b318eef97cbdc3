"""What `lokictl doctor` finds of managed memory: flags, key, SDK, the last failure."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Mapping
from typing import Any

from cli import render
from cli.finding import NOTE, OK, PROBLEM, Finding, typed
from cli.launch import RESTART
from lokid import flags
from lokid.client import Client
from lokid.errors import DaemonMissing, LokidError
from lokid.paths import Workspace

ASK_MS = 2000
_KEY = "ANTHROPIC_API_KEY"
_INSTALL = "pip install 'lokid[managed]'"
_SET_KEY = f"set {_KEY}, then: {RESTART}"
_PROBE = "lokictl managed probe asks the service once"
REMEDIES = {
    "missing_api_key": _SET_KEY,
    "anthropic_not_installed": f"{_INSTALL}, then: {RESTART}",
    "auth": f"another key in {_KEY}, then: {RESTART}",
    "beta_rejected": "a newer lokid, or the service's header in LOKID_MANAGED_BETA",
    "cache_write_failed": "the file or link that it names is not ours to write",
    "verdict_write_failed": "the file or link that it names is not ours to write",
    "store_archived": "another LOKI_MANAGED_STORE_NAME",
    "content_too_large": "nothing: it stays in local memory alone",
    "conflict_twice": "nothing: another project writes the same memory",
    "rate_limited": "nothing: this memory is not mirrored, the next one is",
    "too_few_votes": "nothing: the caller decided by itself",
    "no_majority": "nothing: the caller decided by itself",
    "overall_budget_timeout": "a longer --budget, or nothing",
    "missing_store_id": "make the store, or another LOKI_MANAGED_STORE_NAME",
}
"""What helps against the reason of a failure; `_PROBE` against all others."""


def managed(place: Workspace) -> Iterator[Finding]:
    """Nothing but a word where all is off."""
    on = [name for name in flags.ALL if flags.is_on(os.environ, name)]
    for doubt in flags.doubts(os.environ):
        yield Finding(NOTE, "managed", doubt)
    if not on:
        yield Finding(OK, "managed", "managed memory is off")
        return
    yield Finding(OK, "managed", f"on here: {', '.join(on)}")
    if not os.environ.get(_KEY):
        yield Finding(PROBLEM, "managed", f"{_KEY} is not set here", _SET_KEY)
    if importlib.util.find_spec("anthropic") is None:
        yield Finding(PROBLEM, "managed", "the SDK is not installed here", _INSTALL)
    yield from _written(place)
    told = _daemon(place)
    if told is not None:
        yield from _differing(told)
    yield from _failed(place)


def _written(place: Workspace) -> Iterator[Finding]:
    """Whether what is told of it can be written."""
    folder = place.loki / "managed"
    if folder.is_symlink():
        said = f"{render.clean(folder)} is a link: nothing is written through one"
        yield Finding(PROBLEM, "managed", said, typed("rm", folder))
    elif folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
        said = f"{render.clean(folder)} may not be written"
        yield Finding(PROBLEM, "managed", said, typed("chmod", "u+rwx", folder))


def _daemon(place: Workspace) -> dict[str, Any] | None:
    """What the daemon says of its own flags; None without one."""
    try:
        return Client(place).get("api/managed/status", {}, ASK_MS)
    except (DaemonMissing, LokidError):
        return None


def _differing(told: Mapping[str, Any]) -> Iterator[Finding]:
    there = {**told["child_flags"], flags.AGENTS: told["parent_flag"]}
    other = [
        name for name in flags.ALL if flags.is_on(os.environ, name) != there.get(name)
    ]
    if other:
        said = f"the daemon was started with other flags: {', '.join(other)}"
        yield Finding(PROBLEM, "managed", said, RESTART)


def _failed(place: Workspace) -> Iterator[Finding]:
    from lokid.managed import reading

    last = reading.status(place.loki, os.environ)["last_fallback"]
    if not isinstance(last, dict):
        return
    payload = last.get("payload")
    said = payload if isinstance(payload, dict) else {}
    reason = str(said.get("reason"))
    words = f"last failure, {last.get('ts')}: {said.get('op')}: {reason}"
    if detail := said.get("detail"):
        words += f": {detail}"
    remedy = REMEDIES.get(reason, _PROBE)
    yield Finding(NOTE, "managed", render.clean(words), remedy)
