"""One question to the daemon, at the cost of a start: the hot path's own HTTP.

`ask` sends one request over the Unix socket of a workspace and gives back the
headers and the body of a whole answer of our protocol.  It imports what the hot
path may (``cli/hot.py`` says why): `os`, `time`, `_socket`, ``lokid/where.py``,
``lokid/peer.py``.  An answer of another user is none.
"""

from __future__ import annotations

import _socket
import os
import time

from lokid import peer, where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL = b"1"  # the value of lokid.server.PROTOCOL; a test holds them together
PAUSE = 0.002
_UNRESERVED = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)
_ENCODED = 3  # bytes that one byte becomes at most


def ask(
    root: str | None, environ: Mapping[str, str], target: str, ends: float
) -> tuple[dict[bytes, bytes], bytes] | None:
    """One request; None: what came back is no whole answer of our protocol.

    ``root`` is the workspace that was named, ``target`` path and query.  The
    milliseconds that are left are told to the daemon.  Raises TimeoutError at
    ``ends`` (monotonic), OSError or ValueError when nobody answers.
    """
    found = where.workspace_root(root, environ)
    state = where.state_dir(found, environ)
    if environ.get("LOKID_STATE_DIR") and not _is_of(state, found):
        raise ValueError(state)  # another workspace's: who can say it in words does
    path = _socket_path(state)
    link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        _connect(link, path, ends)
        if not peer.is_ours(link):
            return None
        link.settimeout(_left(ends))
        link.sendall(_request(target, ends))
        received = b""
        while True:
            link.settimeout(_left(ends))
            part = link.recv(65536)
            if not part:
                return _understood(received)
            received += part
    finally:
        link.close()


def head_of(text: str, most: int) -> str:
    """The first ``most`` bytes of a text, percent-encoded."""
    return _encoded(os.fsencode(text)[:most])


def tail_of(raw: bytes, most: int) -> str:
    """The end of a text, percent-encoded, at most ``most`` bytes then."""
    told = _encoded(raw[-most:])
    start = max(0, len(told) - most)
    for behind in (1, 2):  # never in the midst of an encoded byte
        if start >= behind and told[start - behind] == "%":
            start += _ENCODED - behind
    return told[start:]


def _encoded(raw: bytes) -> str:
    return "".join(chr(b) if b in _UNRESERVED else f"%{b:02X}" for b in raw)


def _is_of(state: str, root: str) -> bool:
    """Whether a state directory says that it is of this workspace."""
    file = os.open(state + "/workspace.json", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return b'"root":"%s"' % os.fsencode(root) in os.read(file, 8192)
    finally:
        os.close(file)


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
            time.sleep(PAUSE)  # a busy socket: select would cost an import
        else:
            return


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _request(target: str, ends: float) -> bytes:
    path, _, query = target.partition("?")
    left = max(1, int(_left(ends) * 1000))
    asked = f"deadline={left}&{query}" if query else f"deadline={left}"
    line = f"GET {path}?{asked} HTTP/1.1\r\n"
    return line.encode() + b"Host: lokid\r\nConnection: close\r\n\r\n"


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
