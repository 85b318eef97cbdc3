"""The hot path: ``lokictl context`` answered by a daemon, at the cost of a start.

It runs before every prompt of a loop, so it imports nothing but `os`, `sys`,
`time`, `_socket` and ``lokid/where.py`` (no click, json, re, socket, msgspec,
pathlib, typing; a test compares `sys.modules` with that list).  The daemon
renders the text, ``--json`` too; this copies it.

`run` answers in one of two ways.  It printed the answer: an exit code.  Or this
is not its business: None, and the caller goes on to click.  That is so for
every other command, for arguments it does not know or that make no sense, and
when no daemon of our protocol gives a whole answer: the daemon is an
accelerator, and the same command works without it.

The deadline covers everything from the first line of `run` on.  When it passes,
the answer is empty and says ``stale`` (on standard error; with ``--json`` in
the object): that we could not look is told apart from "nothing there".
"""

from __future__ import annotations

import _socket
import os
import time

from lokid import where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL = b"1"  # the value of lokid.server.PROTOCOL; a test holds them together
DEADLINE_MS = 150
LONGEST_MS = 3_600_000
GOAL_BYTES = 4096
_UNRESERVED = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)
_FLAGS = ("--json", "--strict", "--mark", "--no-managed")
_ASKED = ("--goal", "--phase", "--iteration", "--now")
_VALUES = (*_ASKED, "--deadline", "--workspace")
_EMPTY = (
    b'{"schema":1,"as_of_seq":0,"stale":%s,"reason":"%s",'
    b'"text":"","lines":[],"left_out":0,"bytes":0}\n'
)
_DIGITS = 9
_PAUSE = 0.002
_WRITE_SECONDS = 5.0
_NOT_THERE, _BROKEN = 69, 74


def run(argv: list[str], environ: Mapping[str, str]) -> int | None:
    """Print the answer and return the exit code, or None: go on with click."""
    begun = time.monotonic()
    options = _parse(argv) if "context" in argv else None
    if options is None:
        return None
    as_json, strict = "--json" in options, "--strict" in options
    if environ.get("LOKI_FAILURE_MEMORY") == "0":
        code = _write(1, _EMPTY % (b"false", b"knob off")) if as_json else 0
        return code if strict else 0
    milliseconds = min(int(options.get("--deadline", DEADLINE_MS)), LONGEST_MS)
    try:
        reply = _ask(options, environ, begun + milliseconds / 1000)
    except TimeoutError:
        _missed(b"no answer within %d ms" % milliseconds, as_json=as_json)
        return _NOT_THERE if strict else 0
    except (OSError, ValueError):
        return None
    return None if reply is None else _print(*reply, as_json=as_json, strict=strict)


def _print(
    head: dict[bytes, bytes], body: bytes, *, as_json: bool, strict: bool
) -> int:
    if head.get(b"x-lokid-stale") == b"1" and not as_json:
        _write(2, b"lokid: stale: " + head.get(b"x-lokid-reason", b"unknown") + b"\n")
    code = _write(1, body)
    return code if strict else 0


def _missed(reason: bytes, *, as_json: bool) -> None:
    """The daemon did not answer in time: an empty answer that says so."""
    if as_json:
        _write(1, _EMPTY % (b"true", reason))
    else:
        _write(2, b"lokid: stale: " + reason + b"\n")


def _parse(argv: list[str]) -> dict[str, str] | None:
    """The options of ``context`` by name, or None where click should look."""
    options: dict[str, str] = {}
    command = False
    rest = iter(argv)
    for word in rest:
        name, given, value = word.partition("=")
        name = "--workspace" if word == "-C" else name
        if word == "context" and not command:
            command = True
        elif word in _FLAGS and command:
            options[word] = ""
        elif name in _VALUES and (command or name == "--workspace"):
            said = value if given else next(rest, None)
            if said is None:
                return None
            options[name] = said
        else:
            return None
    for name in ("--deadline", "--iteration"):
        number = options.get(name, "1")
        if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
            return None
    if not command or int(options.get("--deadline", "1")) < 1:
        return None
    root = options.get("--workspace")
    return options if root is None or os.path.isdir(root) else None


def _ask(
    options: dict[str, str], environ: Mapping[str, str], ends: float
) -> tuple[dict[bytes, bytes], bytes] | None:
    """One request; headers and body of a whole answer of our protocol.

    Raises TimeoutError at ``ends`` (monotonic), OSError when nobody answers.
    """
    root = where.workspace_root(options.get("--workspace"), environ)
    path = _socket_path(where.state_dir(root, environ))
    link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        _connect(link, path, ends)
        link.settimeout(_left(ends))
        link.sendall(_request(options, ends))
        received = b""
        while True:
            link.settimeout(_left(ends))
            part = link.recv(65536)
            if not part:
                return _understood(received)
            received += part
    finally:
        link.close()


def _socket_path(state: str) -> bytes:
    file = os.open(state + "/socket", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, 4096).rstrip(b"\n")
    finally:
        os.close(file)


def _connect(link: _socket.socket, path: bytes, ends: float) -> None:
    while True:
        link.settimeout(_left(ends))
        try:
            link.connect(path)
        except BlockingIOError:  # the daemon's queue is full: it is busy
            time.sleep(_PAUSE)  # a busy socket: select would cost an import
        else:
            return


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _request(options: dict[str, str], ends: float) -> bytes:
    asked = [f"deadline={max(1, int(_left(ends) * 1000))}"]
    if "--json" not in options:
        asked.append("format=text")
    asked += [f"{n[2:]}={_quoted(options[n])}" for n in _ASKED if n in options]
    if "--mark" in options:
        asked.append("mark=1")
    if "--no-managed" in options:
        asked.append("managed=0")
    line = "GET /context?" + "&".join(asked) + " HTTP/1.1\r\n"
    return line.encode() + b"Host: lokid\r\nConnection: close\r\n\r\n"


def _quoted(text: str) -> str:
    """Percent-encoded; what is longer than a goal need be is cut."""
    raw = os.fsencode(text)[:GOAL_BYTES]
    return "".join(chr(b) if b in _UNRESERVED else f"%{b:02X}" for b in raw)


def _understood(received: bytes) -> tuple[dict[bytes, bytes], bytes] | None:
    top, _, body = received.partition(b"\r\n\r\n")
    status, *lines = top.split(b"\r\n")
    head = {}
    for line in lines:
        name, _, value = line.partition(b":")
        head[name.strip().lower()] = value.strip()
    if status[:13] != b"HTTP/1.1 200 " or head.get(b"x-lokid-protocol") != PROTOCOL:
        return None
    whole = int(head.get(b"content-length", b"-1")) == len(body)
    return (head, body) if whole else None


def _write(file: int, data: bytes) -> int:
    """Write all of it; a reader that has gone away is no error."""
    ends = time.monotonic() + _WRITE_SECONDS
    while data:
        try:
            data = data[os.write(file, data) :]
        except BrokenPipeError:
            return 0
        except BlockingIOError:  # a pipe that somebody made non-blocking, and full
            if time.monotonic() > ends:
                return _BROKEN
            time.sleep(_PAUSE)  # a slow reader: select would cost an import
        except OSError:
            return _BROKEN
    return 0
