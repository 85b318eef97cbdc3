"""The surface: what a client gets, and what the socket refuses."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from house import House, crash, housed
from lokid.client import Client
from lokid.paths import Workspace
from lokid.server.protocol import BODY_BYTES, HEAD_BYTES

Head = dict[str, str]


@contextmanager
def linked(path: Path) -> Iterator[socket.socket]:
    """A connection to a socket."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(20)
        link.connect(str(path))
        yield link


def reply_of(link: socket.socket) -> tuple[int, Head, bytes]:
    """Status, head and body of what comes until the other side hangs up."""
    received = b""
    while part := link.recv(65536):
        received += part
    top, _, body = received.partition(b"\r\n\r\n")
    first, *lines = top.decode().split("\r\n")
    head = {name.lower(): value.strip() for name, _, value in _pairs(lines)}
    return int(first.split()[1]), head, body


def _pairs(lines: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in lines]


def fetch(house: House, target: str, method: str = "GET") -> tuple[int, Head, bytes]:
    """One request on a connection of its own."""
    with linked(house.socket) as link:
        head = f"{method} {target} HTTP/1.1\r\nHost: lokid\r\nConnection: close\r\n"
        kind = "Content-Type: application/json\r\n" if method == "POST" else ""
        link.sendall(f"{head}{kind}\r\n".encode())
        return reply_of(link)


@pytest.fixture
def house(workspace: Workspace) -> Iterator[House]:
    """A daemon over one crash."""
    crash(workspace, "KeyError")
    with housed(workspace) as running:
        yield running


def test_every_answer_carries_the_protocol(house: House) -> None:
    """Answers, refusals and nonsense alike; no date, no server name."""
    with linked(house.socket) as link:
        link.sendall(b"nonsense\r\n\r\n")
        heads = [reply_of(link)[1]]
    targets = ("/ping", "/failures", "/nope", "/a/b")
    heads += [fetch(house, target)[1] for target in targets]
    assert [head["x-lokid-protocol"] for head in heads] == ["1"] * 5
    assert not any({"date", "server"} & set(head) for head in heads)


def test_an_answer_says_what_it_stands_on(house: House) -> None:
    """schema, as_of_seq, stale and reason come first, then the answer's own keys."""
    status, head, body = fetch(house, "/failures?x=1")
    told = msgspec.json.decode(body)
    assert (status, head["x-lokid-seq"], head["x-lokid-stale"]) == (200, "1", "0")
    assert list(told)[:4] == ["schema", "as_of_seq", "stale", "reason"]
    assert (told["failures"], told["asked"]["x"]) == (["KeyError"], "1")


def test_text_is_exactly_what_to_print(house: House) -> None:
    """``format=text`` gives the block with one newline at its end."""
    status, head, body = fetch(house, "/context?format=text")
    assert (status, body) == (200, b"KeyError\n")
    assert (head["x-lokid-stale"], head["x-lokid-seq"]) == ("0", "1")


def test_nothing_to_say_is_no_output(workspace: Workspace) -> None:
    """An empty block has no newline either."""
    with housed(workspace) as house:
        assert fetch(house, "/context?format=text")[2] == b""


def test_json_is_ascii(workspace: Workspace) -> None:
    """Nothing in an answer can move a terminal's cursor or hide text."""
    with housed(workspace) as house:
        body = fetch(house, "/context?goal=%C3%A9%1b%5b2J%E2%80%AE")[2]
    assert body.isascii()
    assert msgspec.json.decode(body)["goal"] == "\u00e9\x1b[2J\u202e"


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [
        ("/nope", "GET", 400),
        ("/failures?deadline=soon", "GET", 400),
        ("/failures?deadline=0", "GET", 400),
        ("/events?since=x", "GET", 400),
        ("/failures?now=noon", "GET", 400),
        ("/a/b", "GET", 404),
        ("/shutdown", "GET", 400),
        ("/ping", "POST", 405),
    ],
)
def test_a_refusal_is_a_problem_with_a_hint(
    house: House, target: str, method: str, status: int
) -> None:
    """problem+json, with the exit code that `lokictl` ends with."""
    got, head, body = fetch(house, target, method)
    told = msgspec.json.decode(body)
    assert (got, head["content-type"]) == (status, "application/problem+json")
    assert (told["title"], told["status"], told["exit_code"]) == (
        "UsageError",
        status,
        2,
    )
    assert told["detail"]
    assert told["hint"]


def test_the_path_shutdown_only_ends_by_post(house: House) -> None:
    """A browser's or a script's GET ends nothing."""
    fetch(house, "/shutdown")
    assert house.client.ping().pid == house.process.pid


@pytest.mark.parametrize("where", ["target", "header"])
def test_a_long_head_is_refused(house: House, where: str) -> None:
    """Over the limit in one piece: 431, and the daemon lives on."""
    filler = "x" * (HEAD_BYTES + 1)
    with linked(house.socket) as link:
        target, header = (filler, "") if where == "target" else ("", filler)
        link.sendall(f"GET /{target} HTTP/1.1\r\nHost: lokid{header}\r\n\r\n".encode())
        assert reply_of(link)[0] == 431
    assert house.client.ping().pid == house.process.pid


def test_a_head_without_end_is_refused(house: House) -> None:
    """It is not collected first: the answer comes while more would be sent."""
    with linked(house.socket) as link:
        link.sendall(b"GET /ping HTTP/1.1\r\nX: " + b"x" * (HEAD_BYTES + 1))
        assert reply_of(link)[0] == 431


def test_a_long_body_is_refused(house: House) -> None:
    """Nothing here takes a body; a large one is cut off."""
    head = "POST /ping HTTP/1.1\r\nHost: lokid\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {10 * BODY_BYTES}\r\n\r\n"
    with linked(house.socket) as link:
        link.sendall(head.encode())
        try:
            link.sendall(b"x" * (2 * BODY_BYTES))
            link.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it was all sent
    assert house.client.ping().pid == house.process.pid


def test_requests_on_one_connection_are_answered_in_order(house: House) -> None:
    """Keep-alive and pipelining work as HTTP says."""
    with linked(house.socket) as link:
        link.sendall(
            b"GET /ping HTTP/1.1\r\nHost: lokid\r\n\r\n"
            b"GET /context?format=text HTTP/1.1\r\nHost: lokid\r\n\r\n"
            b"GET /nope HTTP/1.1\r\nHost: lokid\r\nConnection: close\r\n\r\n"
        )
        received = b""
        while part := link.recv(65536):
            received += part
    answers = [part.split(b" ")[0] for part in received.split(b"HTTP/1.1 ")[1:]]
    assert answers == [b"200", b"200", b"400"]


def test_a_slow_client_hinders_nobody(house: House) -> None:
    """Half a request here, an unread answer there; others are answered."""
    with linked(house.socket) as half, linked(house.socket) as deaf:
        half.sendall(b"GET /fail")
        deaf.sendall(b"GET /events?follow=1 HTTP/1.1\r\nHost: lokid\r\n\r\n")
        assert house.client.get("failures")["failures"] == ["KeyError"]


def test_fifty_at_once_each_find_their_own_file(house: House) -> None:
    """Whoever closes a file and then asks gets an answer that knows it."""
    at_once = threading.Barrier(50)

    def ask(number: int) -> bool:
        name = f"Error{number}"
        at_once.wait()
        crash(house.workspace, name)
        told = Client(house.workspace).get("failures")
        return name in told["failures"] and not told["stale"]

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(ask, range(50))) == [True] * 50
    told = house.client.get("failures")["failures"]
    assert sorted(told) == sorted(["KeyError", *(f"Error{n}" for n in range(50))])


def test_a_passed_deadline_is_told(workspace: Workspace) -> None:
    """A question that leaves no time gets the present state, and that it is stale."""
    settings = {"LOKID_WATCH_STEP_MS": "1000", "LOKID_RECONCILE_SECONDS": "600"}
    with housed(workspace, **settings) as house:
        for number in range(1000):  # far more than is read in no time
            crash(workspace, f"Error{number}")
        told = house.client.get("failures", {}, 1)
        assert (told["stale"], told["reason"]) == (True, "deadline")
        told = house.client.get("failures")
        assert (len(told["failures"]), told["stale"]) == (1000, False)


STRANGER = """
import os, socket, sys
os.setgid(65534); os.setuid(65534)
link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[1])
try:
    link.sendall(b"GET /ping HTTP/1.0\\r\\nHost: lokid\\r\\n\\r\\n")
    print(len(link.recv(65536)))
except OSError:
    print(0)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_user_is_refused(workspace: Workspace) -> None:
    """Even where the modes would let them in, the kernel's word decides."""
    with housed(workspace) as house:
        for folder in (house.socket, *house.socket.parents):
            if folder.stat().st_uid == os.getuid() and str(folder) != "/":
                folder.chmod(folder.stat().st_mode | 0o777)
        ours = fetch(house, "/ping")[0]
        said = subprocess.run(
            [sys.executable, "-c", STRANGER, str(house.socket)],
            capture_output=True,
            text=True,
            check=True,
            cwd="/",
        )
    assert (ours, said.stdout.strip()) == (200, "0")


def test_events_are_the_logs_own_lines(house: House) -> None:
    """Byte for byte, each with its newline, and nothing else."""
    crash(house.workspace, "ValueError")
    status, head, body = fetch(house, "/events?since=1&type=crash.observed")
    segment = next(house.workspace.log.glob("*.ndjson")).read_bytes()
    assert (status, head["content-type"]) == (200, "application/x-ndjson")
    assert segment.splitlines(keepends=True)[1] in body


def test_a_bug_is_one_complaint_and_ends_nothing(house: House) -> None:
    """Whoever asks gets a problem; the daemon tells its log once, and lives on."""
    for _ in range(50):
        status, _, body = fetch(house, "/failures?bug=1")
        told = msgspec.json.decode(body)
        assert (status, told["title"], told["exit_code"]) == (500, "LokidError", 1)
    assert fetch(house, "/failures")[0] == 200
    house.process.terminate()
    code, complaint = house.ended()
    assert (code, complaint.count("Traceback")) == (0, 1)


def test_connections_leave_nothing_open(
    house: House,
) -> None:
    """Connections that come and go leave no file open in the daemon."""
    folder = Path(f"/proc/{house.process.pid}/fd")
    if not folder.is_dir():
        pytest.skip("no /proc to count in")
    house.client.get("failures")
    before = len(list(folder.iterdir()))
    for _ in range(100):
        fetch(house, "/failures")
    house.client.ping()
    assert len(list(folder.iterdir())) <= before + 2
