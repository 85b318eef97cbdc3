"""A client of the daemon: HTTP over its Unix socket, with typed errors.

For the commands that have click, msgspec and the rest loaded anyway; the hot
path of ``context`` is ``cli/hot.py``.  The daemon is an accelerator, never a
condition: `DaemonMissing` means that the caller answers by itself.

Promises: an answer is whole or an error; an error of the daemon is raised here
as the class it was there, with its hint and exit code; one of another user (but
root) is not believed, it is `DaemonMissing`; a daemon that is stopped
or wedged is `DaemonMissing` after `PING_SECONDS`, not a wait without end.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from lokid import errors, statements
from lokid.errors import DaemonMissing, LokidError, ProtocolMismatch
from lokid.events import Fact
from lokid.gone import gone
from lokid.paths import Workspace
from lokid.peer import is_ours
from lokid.projection import Answer
from lokid.server import PROTOCOL

PING_SECONDS = 5.0
"""How long a daemon may take to say that it is there."""
SLACK_SECONDS = 0.25
"""What a client waits beyond the deadline it gave."""
GOAL_BYTES = 4096
"""A goal only ranks: what is longer is cut, as the hot path does."""
BLOCK_BYTES = 65536

_JSON = {"Content-Type": "application/json"}
"""Of every POST, also of one without a body: a web page cannot say it unasked."""

Params = Mapping[str, str | Sequence[str]]


class Ping(msgspec.Struct, frozen=True, kw_only=True):
    """What a daemon says of itself."""

    protocol: int
    version: str
    pid: int


class Lines:
    """Lines of the log as they come, each with its newline.

    ``stale`` and ``reason``: whether they may lack something that lay on disk
    when they were asked for.  Raises DaemonMissing when the daemon goes away in
    the midst; closing it ends a stream that follows.
    """

    def __init__(
        self, link: http.client.HTTPConnection, reply: http.client.HTTPResponse
    ) -> None:
        """Take over an open connection and the reply whose body it carries."""
        self.stale = reply.headers.get("X-Lokid-Stale") == "1"
        self.reason = reply.headers.get("X-Lokid-Reason")
        self._link = link
        self._reply = reply
        self._lines: list[bytes] = []  # whole ones, the last first
        self._rest = b""

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        while not self._lines:
            try:
                # not readline(): that takes a connection cut off for a good end
                block = self._reply.read1(BLOCK_BYTES)
            except (OSError, http.client.HTTPException) as error:
                raise gone(error) from error
            if not block:
                self.close()
                raise StopIteration
            *whole, self._rest = (self._rest + block).split(b"\n")
            self._lines = [line + b"\n" for line in reversed(whole)]
        return self._lines.pop()

    def close(self) -> None:
        """Hang up."""
        self._reply.close()
        self._link.close()


class Client:
    """Talks to the daemon of one workspace; cheap to make, holds no connection."""

    def __init__(self, workspace: Workspace) -> None:
        """Nothing is opened until something is asked."""
        self.workspace = workspace
        self._known = False

    def ping(self) -> Ping:
        """Who answers.

        Raises DaemonMissing when nobody does within `PING_SECONDS`, and
        ProtocolMismatch when it is a daemon of another protocol.
        """
        found = msgspec.convert(self._object("GET", "/ping", {}, PING_SECONDS), Ping)
        self._known = True
        return found

    def get(
        self, name: str, params: Params | None = None, deadline_ms: int | None = None
    ) -> Answer:
        """The answer of a query (``failures``, ``context``, ``status``, ...).

        ``deadline_ms`` is told to the daemon, which then answers stale rather
        than late; without it the answer is waited for.  Raises DaemonMissing,
        ProtocolMismatch, or the error that the daemon met.
        """
        asked = dict(params or {})
        patience = None
        if deadline_ms is not None:
            asked["deadline"] = str(deadline_ms)
            patience = deadline_ms / 1000 + SLACK_SECONDS
        elif not self._known:
            self.ping()
        return self._object("GET", f"/{name}", asked, patience)

    def lines(self, params: Params | None = None) -> Lines:
        """The log's own lines: ``since``, ``type`` (may be several), ``follow``."""
        if not self._known:
            self.ping()
        link, reply = self._request("GET", "/events", params or {}, None)
        return Lines(link, reply)

    def record(self, facts: Sequence[Fact], *, durable: bool = True) -> Answer:
        """Have facts appended; with ``durable`` the reply comes from the disk.

        The answer says what was new (``recorded``) and how many were known
        already or not wanted (``left_out``).  Raises UsageError for what may not
        be recorded, DaemonMissing when it is not known whether it arrived:
        whoever says it again with the same identity says it once.
        """
        if not self._known:
            self.ping()
        body = statements.encode(facts, durable=durable)
        return self._object("POST", "/record", {}, None, body)

    def take_in(self, body: bytes) -> Answer:
        """Hand over what an import read, one of ``imports.bodies``.

        The answer counts what was ``new`` and what was ``known`` already.  Raises
        as `record` does.
        """
        if not self._known:
            self.ping()
        return self._object("POST", "/import", {}, None, body)

    def compact(self, *, dry_run: bool) -> Answer:
        """Compact the log where that is due, or only ask what would go.

        ``compaction`` of the answer is null where nothing is due.  Waits until it
        is done.  Raises DaemonMissing, or the error that the daemon met.
        """
        if not self._known:
            self.ping()
        params = {"dry_run": "1"} if dry_run else {}
        return self._object("POST", "/compact", params, None)

    def managed(self, name: str, asked: Answer) -> Answer:
        """Have something done with managed memory; waits until it is done.

        Raises UsageError where it is off or makes no sense, DaemonMissing.
        """
        if not self._known:
            self.ping()
        body = msgspec.json.encode(asked)
        return self._object("POST", f"/managed/{name}", {}, None, body)

    def versions(self, memory: str) -> Answer:
        """The history of one memory in a managed store.

        Raises UsageError with the service's or our reason, DaemonMissing.
        """
        if not self._known:
            self.ping()
        target = f"/api/managed/memory_versions/{quote(memory, safe='')}"
        return self._object("GET", target, {}, None)

    def shutdown(self) -> None:
        """Ask the daemon to end; it does so within two seconds."""
        self._object("POST", "/shutdown", {}, PING_SECONDS)

    def _object(
        self,
        method: str,
        path: str,
        params: Params,
        patience: float | None,
        body: bytes | None = None,
    ) -> Answer:
        link, reply = self._request(method, path, params, patience, body)
        try:
            found: dict[str, Any] = msgspec.json.decode(reply.read(), type=dict)
        except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
            raise gone(error) from error
        finally:
            link.close()
        return found

    def _request(
        self,
        method: str,
        path: str,
        params: Params,
        patience: float | None,
        body: bytes | None = None,
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        link = _Connection(self._socket_path(), patience)
        query = urlencode(_cut(params), doseq=True)
        try:
            target = f"{path}?{query}" if query else path
            link.request(method, target, body, _JSON if method == "POST" else {})
            reply = link.getresponse()
            spoken = reply.headers.get("X-Lokid-Protocol")
            if spoken != str(PROTOCOL):
                raise _mismatch(spoken)
            if reply.status >= http.client.BAD_REQUEST:
                raise _problem(reply.read())
        except (OSError, http.client.HTTPException) as error:
            link.close()
            raise gone(error) from error
        except LokidError:
            link.close()
            raise
        return link, reply

    def _socket_path(self) -> bytes:
        try:
            return self.workspace.socket_file.read_bytes().rstrip(b"\n")
        except OSError as error:
            message = f"no daemon runs for {self.workspace.root}"
            raise DaemonMissing(message) from error


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: bytes, patience: float | None) -> None:
        super().__init__("lokid", timeout=patience)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
        if not is_ours(self.sock):
            self.sock.close()
            raise PermissionError("it is of another user")


def _cut(params: Params) -> Params:
    goal = params.get("goal")
    if not isinstance(goal, str):
        return params
    raw = goal.encode("utf-8", "surrogateescape")[:GOAL_BYTES]
    return {**params, "goal": raw.decode("utf-8", "replace")}


def _mismatch(spoken: str | None) -> ProtocolMismatch:
    message = f"the daemon speaks protocol {spoken or 'unknown'}, not {PROTOCOL}"
    return ProtocolMismatch(message)


def _problem(body: bytes) -> LokidError:
    """The daemon's error, as the class it was there."""
    try:
        told: dict[str, Any] = msgspec.json.decode(body, type=dict)
    except msgspec.DecodeError:
        told = {}
    kind = getattr(errors, str(told.get("title")), None)
    if not (isinstance(kind, type) and issubclass(kind, LokidError)):
        kind = LokidError
    error = kind(str(told.get("detail") or "error"), str(told.get("hint") or ""))
    error.exit_code = int(told.get("exit_code") or error.exit_code)
    return error
