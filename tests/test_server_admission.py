"""What may come from a web page or be read in two ways is not answered."""

from __future__ import annotations

import json

import pytest

from house import House, housed
from lokid.paths import Workspace
from test_server import linked, reply_of

HOST = b"Host: lokid\r\n"
JSON = b"Content-Type: application/json\r\n"
GET, END = b"GET /ping HTTP/1.1\r\n", b"POST /shutdown HTTP/1.1\r\n"
REFUSED = {
    "another host": (GET + b"Host: evil.com\r\n", 421),
    "a host's beginning": (GET + b"Host: lokid.evil.com\r\n", 421),
    "a host with a port": (GET + b"Host: localhost:80\r\n", 421),
    "a host with a dot": (GET + b"Host: localhost.\r\n", 421),
    "an address": (GET + b"Host: 127.0.0.1\r\n", 421),
    "no host": (GET, 400),
    "no host, as it was once": (b"GET /ping HTTP/1.0\r\n", 400),
    "an empty host": (GET + b"Host:\r\n", 421),
    "two hosts": (GET + HOST + HOST, 400),
    "another host's address": (b"GET http://evil.com/ping HTTP/1.1\r\n" + HOST, 400),
    "our own address": (b"GET http://lokid/ping HTTP/1.1\r\n" + HOST, 400),
    "two slashes": (b"GET //lokid/ping HTTP/1.1\r\n" + HOST, 400),
    "a slash too many": (b"GET /ping/ HTTP/1.1\r\n" + HOST, 404),
    "no path": (b"OPTIONS * HTTP/1.1\r\n" + HOST, 400),
    "what may I": (b"OPTIONS /ping HTTP/1.1\r\n" + HOST, 405),
    "a tunnel": (b"CONNECT lokid:80 HTTP/1.1\r\n" + HOST, 400),
    "another version": (b"GET /ping HTTP/2.0\r\n" + HOST, 400),
    "a web page": (GET + HOST + b"Origin: http://evil.com\r\n", 403),
    "no page": (GET + HOST + b"Origin: null\r\n", 403),
    "our own page": (GET + HOST + b"Origin: http://localhost\r\n", 403),
    "a web socket": (
        GET + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
        400,
    ),
    "nothing in it": (END + HOST, 415),
    "a text": (END + HOST + b"Content-Type: text/plain\r\n", 415),
    "two kinds": (END + HOST + JSON + b"Content-Type: text/plain\r\n", 415),
    "two lengths": (END + HOST + JSON + b"Content-Length: 0\r\n" * 2, 400),
    "length and chunks": (
        END + HOST + JSON + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        400,
    ),
    "two codings": (END + HOST + JSON + b"Transfer-Encoding: gzip, chunked\r\n", 400),
}


def answers(house: House, said: bytes) -> tuple[int, dict[str, str], bytes]:
    """What is answered to these bytes."""
    with linked(house.socket) as link:
        link.sendall(said)
        return reply_of(link)


def test_what_is_refused_is_told_why_and_changes_nothing(workspace: Workspace) -> None:
    """Each as problem+json, from a daemon that then still answers."""
    with housed(workspace) as house:
        for name, (head, status) in REFUSED.items():
            close = b"" if b"Connection" in head else b"Connection: close\r\n"
            got, fields, body = answers(house, head + close + b"\r\n")
            assert (name, status) == (name, got)
            assert "application/problem+json" == fields["content-type"]
            assert "nosniff" == fields["x-content-type-options"]
            assert json.loads(body)["status"] == status
        assert house.client.ping().pid == house.process.pid


@pytest.mark.parametrize("host", ["lokid", "localhost", "LOKID"])
def test_both_names_are_ours(workspace: Workspace, host: str) -> None:
    """A person writes either into an address for curl."""
    head = f"GET /ping HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    with housed(workspace) as house:
        assert 200 == answers(house, head.encode())[0]


def test_a_refused_request_takes_what_follows_with_it(workspace: Workspace) -> None:
    """What was smuggled in behind it is not read as a request."""
    end = END + HOST + JSON + b"\r\n"
    with housed(workspace) as house:
        for first in (GET + b"Host: evil.com\r\n\r\n", b"\0\r\n\r\n"):
            with linked(house.socket) as link:
                link.sendall(first + end)
                link.settimeout(20)
                assert b"HTTP/1.1 4" == link.recv(10)
        good = GET + HOST + b"\r\n"
        with linked(house.socket) as link:
            link.sendall(good + GET + b"Origin: null\r\n" + HOST + b"\r\n" + end)
            assert b"202" not in link.recv(65536)
        assert house.client.ping().pid == house.process.pid


@pytest.mark.parametrize(
    "target",
    ["failures?deadline=", "events?since=", "failures?as_of=", "context?iteration="],
)
def test_a_number_without_end_is_a_number(workspace: Workspace, target: str) -> None:
    """Python reads no more than 4,300 digits; that is our business, not a bug."""
    with housed(workspace) as house:
        head = f"GET /{target}{'9' * 5000} HTTP/1.1\r\nConnection: close\r\n".encode()
        assert answers(house, head + HOST + b"\r\n")[0] in {200, 400}
        house.process.terminate()
        assert (0, "") == house.ended()


def test_a_body_that_ends_in_the_midst_is_no_bug(workspace: Workspace) -> None:
    """Whoever hangs up before all is said leaves no complaint behind."""
    head = b"POST /record HTTP/1.1\r\nContent-Length: 9\r\n" + HOST + JSON + b"\r\n{}"
    with housed(workspace) as house:
        with linked(house.socket) as link:
            link.sendall(head)
        assert house.client.ping().pid == house.process.pid
        house.process.terminate()
        assert (0, "") == house.ended()
