"""What a web page, a smuggler or a time waster says to the socket.

Each attack is spoken over the Unix socket to a real daemon and must be answered
with 4xx, or not at all: nothing is appended, nobody else waits, no complaint is
written, and the next good request is answered.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator

from lokid.server.protocol import HEAD_BYTES, IDLE_SECONDS
from serving import Served, served
from table import Bench, Outcome, Row

_GET = b"GET /ping HTTP/1.1\r\n"
_ME = b"Host: lokid\r\n"
_JSON = b"Content-Type: application/json\r\n"
_END = b"POST /shutdown HTTP/1.1\r\n" + _ME
_SAID = (
    b'{"events":[{"type":"lesson.muted","data":{"lesson":"L1","recipe":1},'
    b'"identity":["said","evil"]}]}'
)
_RECORD = b"POST /record HTTP/1.1\r\nContent-Length: %d\r\n" % len(_SAID)
_FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
_UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
HOSTS = (
    "evil.com", "127.0.0.1.nip.io:80", "localhost.evil.com", "localhost.:80",
    "localhost.", "lokid.evil.com", "evil.lokid", "0x7f.1", "127.0.0.1", "[::1]",
    "[::ffff:127.0.0.1]", "localhost:80", "lokid:1", "lokid, evil.com", "user@lokid",
    "lokid/", "", "l\u00f6kid", "%6cokid",
)  # fmt: skip
ORIGINS = (
    "null", "http://evil.com", "http://lokid", "http://localhost", "http://127.0.0.1:1",
    "file://", "",
)  # fmt: skip
SIDE_EFFECTS = (
    "shutdown", "record", "import", "record?durable=1", "shutdown?confirm=1",
    "import?path=/etc/passwd", "_method=POST", "events/delete",
)  # fmt: skip
PATHS = (
    "/../ping", "/%2e%2e/ping", "/..%2f..%2fetc/passwd", "/x/../ping", "/./ping",
    "/%2fping", "/%00", "/%zz%ff", "/ping%0d%0aX:y", "/a\\..\\ping", "/ping/",
    "/failures/../../state/log", "/ping;a=b", "/.", "/%c0%ae%c0%ae/ping",
)  # fmt: skip


def attacks() -> Iterator[tuple[str, bytes]]:
    """The name of each attack and its bytes."""
    for host in HOSTS:
        yield f"Host: {host}", _GET + f"Host: {host}\r\n\r\n".encode()
    for origin in ORIGINS:
        told = f"Origin: {origin}\r\n\r\n".encode()
        yield f"GET, Origin: {origin}", _GET + _ME + told
        yield f"record, Origin: {origin}", _RECORD + _ME + _JSON + told + _SAID
    for path in SIDE_EFFECTS:
        yield f"GET /{path}", f"GET /{path} HTTP/1.1\r\n".encode() + _ME + b"\r\n"
    for path in PATHS:
        yield f"GET {path}", f"GET {path} HTTP/1.1\r\n".encode() + _ME + b"\r\n"
    for method in ("OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "GETT"):
        yield method, f"{method} /ping HTTP/1.1\r\n".encode() + _ME + b"\r\n"
    yield from _misshapen()
    yield from _posts()
    yield from _smuggled()


def _misshapen() -> Iterator[tuple[str, bytes]]:
    long = b"x" * HEAD_BYTES
    yield "no Host", _GET + b"\r\n"
    yield "two Hosts", _GET + _ME + _ME + b"\r\n"
    yield "a Host and another", _GET + _ME + b"Host: evil.com\r\n\r\n"
    yield "another's address", b"GET http://evil.com/ping HTTP/1.1\r\n" + _ME + b"\r\n"
    yield "our address", b"GET http://lokid/ping HTTP/1.1\r\n" + _ME + b"\r\n"
    yield "two slashes", b"GET //evil.com/ping HTTP/1.1\r\n" + _ME + b"\r\n"
    yield "a star", b"OPTIONS * HTTP/1.1\r\n" + _ME + b"\r\n"
    yield "a web socket", _GET + _ME + _UPGRADE + b"\r\n"
    yield "HTTP/2 in clear", _GET + _ME + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    yield "HTTP/2 at once", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield "HTTP/0.9", b"GET /ping\r\n\r\n"
    yield "HTTP/2.0", b"GET /ping HTTP/2.0\r\n" + _ME + b"\r\n"
    yield "TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 64
    yield "a folded header", _GET + _ME + b"X: a\r\n b\r\n\r\n"
    yield "a folded Host", _GET + b"Host:\r\n lokid\r\n\r\n"
    yield "a bare LF", _GET + b"Host: lokid\nX: y\r\n\r\n"
    yield "only bare LFs", b"GET /ping HTTP/1.1\nHost: lokid\n\n"
    yield "a bare CR", _GET + b"Host: lokid\rX: y\r\n\r\n"
    yield "NUL in a header", _GET + _ME + b"X: a\0b\r\n\r\n"
    yield "NUL in a name", _GET + _ME + b"X\0: a\r\n\r\n"
    yield "NUL in the target", b"GET /pi\0ng HTTP/1.1\r\n" + _ME + b"\r\n"
    yield "a space before the colon", _GET + b"Host : lokid\r\n\r\n"
    yield "a space before the name", _GET + b" Host: lokid\r\n\r\n"
    yield "a byte over 127 in the target", b"GET /p\xff HTTP/1.1\r\n" + _ME + b"\r\n"
    yield "a header of a megabyte", _GET + _ME + b"X: " + b"x" * (1 << 20) + b"\r\n\r\n"
    yield "100,000 headers", _GET + _ME + b"X: y\r\n" * 100_000 + b"\r\n"
    yield "a long query", b"GET /ping?" + long + b" HTTP/1.1\r\n" + _ME + b"\r\n"
    yield "a long path", b"GET /" + long + b" HTTP/1.1\r\n" + _ME + b"\r\n"
    yield "bytes at random", bytes(range(256)) * 16 + b"\r\n\r\n"


def _posts() -> Iterator[tuple[str, bytes]]:
    for kind in (b"", b"Content-Type: text/plain\r\n", _FORM, _JSON + _FORM):
        yield f"record as {kind!r}", _RECORD + _ME + kind + b"\r\n" + _SAID
        yield f"shutdown as {kind!r}", _END + kind + b"\r\n"
    parts = b"Content-Type: multipart/form-data; boundary=x\r\n"
    yield "record as parts", _RECORD + _ME + parts + b"\r\n" + _SAID
    for body in (b"", b"{", b"[]", b"null", b"[" * 60_000, b'{"events":' * 5000):
        head = b"POST /record HTTP/1.1\r\nContent-Length: %d\r\n" % len(body)
        yield f"record of {body[:12]!r}", head + _ME + _JSON + b"\r\n" + body
    large = b"POST /record HTTP/1.1\r\nContent-Length: 1000000000\r\n"
    yield "a body of a gigabyte", large + _ME + _JSON + b"\r\n" + b"x" * 100_000


def _smuggled() -> Iterator[tuple[str, bytes]]:
    inside = _END + _JSON + b"\r\n"
    post = b"POST /record HTTP/1.1\r\n" + _ME + _JSON
    chunked = b"Transfer-Encoding: chunked\r\n"
    end = b"\r\n0\r\n\r\n" + inside
    yield "length and chunks", post + b"Content-Length: 5\r\n" + chunked + end
    yield "chunks and length", post + chunked + b"Content-Length: 5\r\n" + end
    yield "chunks twice", post + chunked + chunked + end
    yield "chunks of another kind", post + b"Transfer-Encoding: xchunked\r\n" + end
    yield "a coding before", post + b"Transfer-Encoding: gzip, chunked\r\n" + end
    yield "a space before", post + b"Transfer-Encoding : chunked\r\n" + end
    yield "a size that is none", post + chunked + b"\r\nzz\r\n\r\n" + inside
    yield "a size without end", post + chunked + b"\r\n" + b"f" * 40 + b"\r\nx" + inside
    yield (
        "two lengths",
        post + b"Content-Length: 0\r\nContent-Length: 9\r\n\r\n" + inside,
    )
    yield "a length below 0", post + b"Content-Length: -1\r\n\r\n" + inside
    yield "a length with a sign", post + b"Content-Length: +0\r\n\r\n" + inside
    yield "behind a refused one", _GET + b"Host: evil.com\r\n\r\n" + inside
    yield "behind what is no HTTP", b"\0\r\n\r\n" + inside


def _all(bench: Bench) -> Outcome:
    misses: list[str] = []
    counts = {"attacks": 0, "refused": 0, "closed": 0}
    with served(bench.folder) as daemon:
        before = daemon.seq()
        pid = daemon.client.ping().pid
        listed = list(attacks())
        for number, (name, said) in enumerate(listed, 1):
            status = _status(daemon, said)
            counts["attacks"] += 1
            counts["refused"] += status // 100 == 4
            counts["closed"] += not status
            if status and status // 100 != 4:
                misses.append(f"{name}: {status}")
            bench.say(number, len(listed))
        misses += _waste(daemon, whole=not bench.quick)
        if daemon.client.ping().pid != pid:
            misses.append("the daemon is another one")
        if (now := daemon.seq()) != before:
            misses.append(f"the log went from {before} to {now}")
        if daemon.end():
            misses.append("it did not end well")
        if said_of := daemon.complaint():
            misses.append(f"complaints: {said_of}")
    return Outcome(figures={**counts}, misses=misses)


def _status(daemon: Served, said: bytes) -> int:
    """The status of the first answer; 0 where there is none."""
    with daemon.link() as link:
        try:
            link.sendall(said)
            answer = link.recv(64)
        except (BrokenPipeError, ConnectionResetError):
            return 0  # refused before it was all sent
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def _waste(daemon: Served, *, whole: bool) -> list[str]:
    """Clients that send a byte now and then, and pipelines of requests."""
    misses = []
    slow = [daemon.link() for _ in range(50)]
    for one in slow:
        one.sendall(b"GET /ping HTTP/1.1\r\nX: ")
    begun = time.monotonic()
    good = _GET + _ME + b"\r\n"
    with daemon.link() as link:
        link.sendall(good * 100 + _GET + _ME + b"Connection: close\r\n\r\n")
        told = b""
        while part := link.recv(65536):
            told += part
        if told.count(b"HTTP/1.1 200") != 101:
            misses.append(
                f"of 101 in a row {told.count(b'HTTP/1.1 200')} were answered"
            )
    while slow and whole and time.monotonic() < begun + 4 * IDLE_SECONDS:
        for one in select.select(slow, [], [], 0.5)[0]:
            slow.remove(one)
            one.close()
        for one in slow:
            try:
                one.sendall(b"x")
            except OSError:
                continue  # hung up on: the next look sees it
    if whole and slow:
        misses.append(f"{len(slow)} that send a byte now and then are still borne")
    for one in slow:
        one.close()
    return misses


ROWS = (
    Row(
        family="strangers",
        name="strangers-http",
        fault="web pages, smugglers and time wasters at the socket",
        mark="4xx or closed, log unchanged, no complaint, daemon alive",
        run=_all,
    ),
)
