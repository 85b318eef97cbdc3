"""The client: whole answers or typed errors."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from house import House, crash, housed
from lokid.client import Client
from lokid.errors import (
    DaemonMissing,
    DiskFull,
    LokidError,
    ProtocolMismatch,
    UsageError,
)
from lokid.paths import Workspace


@pytest.fixture
def house(workspace: Workspace) -> Iterator[House]:
    """A daemon over one crash."""
    crash(workspace, "KeyError")
    with housed(workspace) as running:
        yield running


@contextmanager
def replying(workspace: Workspace, reply: bytes) -> Iterator[None]:
    """Something that answers every connection with these bytes and hangs up."""
    workspace.create()
    path = workspace.state / "s"
    workspace.socket_file.write_text(f"{path}\n")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def answer() -> None:
            while True:
                try:
                    link, _ = listening.accept()
                except OSError:
                    return
                with link:
                    link.recv(65536)
                    link.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def reply(status: str, body: bytes, protocol: str | None = "1") -> bytes:
    """An HTTP reply."""
    spoken = f"X-Lokid-Protocol: {protocol}\r\n" if protocol else ""
    head = f"HTTP/1.1 {status}\r\n{spoken}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def test_nobody_there_is_said(workspace: Workspace) -> None:
    """No socket is known, or nobody listens on it: DaemonMissing, exit code 69."""
    for known in (False, True):
        if known:
            workspace.create()
            workspace.socket_file.write_text(f"{workspace.state}/s\n")
        with pytest.raises(DaemonMissing) as caught:
            Client(workspace).get("failures")
        assert caught.value.exit_code == 69


def test_an_answer_is_what_the_daemon_knows(house: House) -> None:
    """Parameters arrive; several of a name are for the lines."""
    told = house.client.get("failures", {"goal": "a b&c=\u00e9", "all": "1"})
    assert told["failures"] == ["KeyError"]
    assert told["asked"]["goal"] == "a b&c=\u00e9"
    assert told["asked"]["all"] == "1"


def test_a_long_goal_is_cut_alike_for_everyone(house: House) -> None:
    """A goal as long as a document asks no question that the daemon refuses."""
    told = house.client.get("context", {"goal": "\u00e9" * 100_000})
    assert told["goal"] == "\u00e9" * 2048


def test_an_error_of_the_daemon_is_raised_here(house: House) -> None:
    """As the class it was there, with message, hint and exit code."""
    with pytest.raises(UsageError, match="no projection named nope") as caught:
        house.client.get("nope")
    assert (caught.value.exit_code, "failures" in caught.value.hint) == (2, True)


@pytest.mark.parametrize(
    ("title", "code", "kind"),
    [("DiskFull", 75, DiskFull), ("Unheard", 9, LokidError), ("os", 9, LokidError)],
)
def test_an_error_of_another_version_keeps_its_exit_code(
    workspace: Workspace, title: str, code: int, kind: type[LokidError]
) -> None:
    """A class this client does not know is still an error of ours."""
    body = f'{{"title":"{title}","detail":"no room","hint":"h","exit_code":{code}}}'
    said = reply("507 X", body.encode())
    with replying(workspace, said), pytest.raises(LokidError) as caught:
        Client(workspace).get("failures", {}, 5000)
    assert type(caught.value) is kind
    assert (caught.value.message, caught.value.exit_code) == ("no room", code)


@pytest.mark.parametrize("protocol", [None, "2"])
def test_another_protocol_is_no_answer(
    workspace: Workspace, protocol: str | None
) -> None:
    """A client takes nothing from a daemon it may misread, error or not."""
    for status in ("200 OK", "400 X"):
        said = reply(status, b"{}", protocol)
        with replying(workspace, said), pytest.raises(ProtocolMismatch):
            Client(workspace).ping()
        (workspace.state / "s").unlink()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"nonsense\r\n\r\n",
        reply("200 OK", b'{"schema":1}')[:-3],
        reply("200 OK", b"not json"),
    ],
)
def test_half_an_answer_is_no_answer(workspace: Workspace, said: bytes) -> None:
    """A daemon that died in the midst of it counts as not there."""
    with replying(workspace, said), pytest.raises(DaemonMissing):
        Client(workspace).get("failures", {}, 5000)


def test_a_stopped_daemon_counts_as_missing(house: House) -> None:
    """With a deadline the wait is bounded by it."""
    house.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(DaemonMissing):
            house.client.get("failures", {}, 50)
    finally:
        house.process.send_signal(signal.SIGCONT)
    assert house.client.get("failures")["failures"] == ["KeyError"]


def test_lines_are_those_that_were_asked_for(house: House) -> None:
    """``since`` is exclusive, ``type`` exact and may be several."""
    crash(house.workspace, "ValueError")
    types = ["crash.observed", "run.started"]
    with closing(house.client.lines({"since": "1", "type": types})) as lines:
        assert (lines.stale, lines.reason) == (False, None)
        found = list(lines)
    assert [b"ValueError" in line and line.endswith(b"}\n") for line in found] == [True]
    assert list(house.client.lines({"type": "run.started"})) == []


def test_following_begins_with_the_past_and_goes_on(house: House) -> None:
    """Every line once and in order, whenever it was appended."""
    with closing(house.client.lines({"follow": "1"})) as lines:
        assert b"KeyError" in next(lines)
        for number in range(5):
            crash(house.workspace, f"Error{number}")
            house.client.get("failures")
            assert f"Error{number}".encode() in next(lines)


def test_following_one_type_leaves_the_others_out(house: House) -> None:
    """Also of what comes later."""
    asked = {"follow": "1", "type": "source.rejected"}
    with closing(house.client.lines(asked)) as lines:
        crash(house.workspace, "ValueError")
        house.client.get("failures")
        (house.workspace.loki / "crash" / "link.json").symlink_to("/etc/passwd")
        assert b'"type":"source.rejected"' in next(lines)


def test_a_killed_daemon_ends_a_stream_with_an_error(house: House) -> None:
    """Whoever follows can tell it from a clean end."""
    with closing(house.client.lines({"follow": "1"})) as lines:
        next(lines)
        house.process.kill()
        with pytest.raises(DaemonMissing):
            next(lines)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "nobody listens"),
        (FileNotFoundError(2, "No such file"), "nobody listens"),
        (ConnectionResetError(104, "Connection reset by peer"), "it hung up"),
        (TimeoutError("timed out"), "not in time"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (PermissionError("it is of another user"), "it is of another user"),
    ],
)
def test_a_daemon_that_is_gone_is_told_in_words(
    workspace: Workspace, error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No class and no number of the system's."""

    def fail(*_: object, **__: object) -> None:
        raise error

    workspace.create()
    workspace.socket_file.write_bytes(b"somewhere\n")
    monkeypatch.setattr("http.client.HTTPConnection.request", fail)
    with pytest.raises(DaemonMissing) as met:
        Client(workspace).ping()
    assert met.value.message.startswith(f"the daemon does not answer: {words}")
    assert "rrno" not in met.value.message
