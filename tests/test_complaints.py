from __future__ import annotations

import asyncio
import errno
import os
import socket
from pathlib import Path

import pytest

from lokid.server.complaints import Complaints
from lokid.server.listener import _Patient


def test_what_the_system_lacks_is_said_once_and_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The event loop tells of it each second, for as long as it lasts."""
    complaints = Complaints()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(complaints.of_loop)
    lack = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    for _ in range(3):
        loop.call_exception_handler({"message": "no accept", "exception": lack})
    loop.close()
    assert "lokid: no accept: Too many open files\n" == capsys.readouterr().err


def test_a_bug_in_the_event_loop_is_told_with_its_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Once, as every other bug."""
    complaints = Complaints()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(complaints.of_loop)

    def broken() -> None:
        message = "broken"
        raise RuntimeError(message)

    loop.call_soon(broken)
    loop.call_soon(broken)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert 1 == capsys.readouterr().err.count("RuntimeError: broken")


def test_a_want_of_descriptors_is_met_once_and_then_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the event loop stops asking; the next time it is asked anew."""

    def wanting(_self: socket.socket) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with _Patient(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        with monkeypatch.context() as patch:
            patch.setattr(socket.socket, "accept", wanting)
            for _ in range(2):
                with pytest.raises(OSError, match="Too many"):
                    listening.accept()
                with pytest.raises(BlockingIOError):
                    listening.accept()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "s"))
            accepted, _ = listening.accept()
            accepted.close()
