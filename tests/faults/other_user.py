"""What another user can reach; a program that becomes one, then looks.

    other_user.py SOCKET FOLDER...

Prints one line for each thing that should not have worked.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

NOBODY = 65534
REQUEST = b"GET /context?format=text HTTP/1.1\r\nHost: lokid\r\n\r\n"


def become_nobody() -> None:
    """Give up every right of root's, for good."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def reached(path: Path) -> Iterator[str]:
    """What could be listed, read, written or linked below a path."""
    with suppress(OSError):
        yield f"listed {path}: {[one.name for one in path.iterdir()]}"
    for name in ("", "log", "log/LOCK", "socket", "workspace.json", "cache/seen"):
        for flags in (os.O_RDONLY, os.O_WRONLY, os.O_PATH):
            if flags == os.O_PATH and not name:
                continue  # the name of a folder is no secret, its content is
            try:
                os.close(os.open(path / name, flags))
            except OSError:
                continue
            yield f"opened {path / name} ({flags})"
    for act in (_make, _link, os.unlink, _take):
        try:
            act(path / "planted")
        except OSError:
            continue
        yield f"{act.__name__} in {path}"


def connected(path: str) -> Iterator[str]:
    """What came of speaking to the socket."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(10)
        try:
            link.connect(path)
        except OSError:
            return
        yield "connected"
        try:
            link.sendall(REQUEST)
            answer = link.recv(65536)
        except OSError:
            return
        if answer:
            yield f"was answered {answer[:80]!r}"


def _make(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))


def _link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _take(path: Path) -> None:
    path.parent.rename(f"{path.parent}-taken")


def main() -> None:
    """Become nobody and try."""
    become_nobody()
    for line in connected(sys.argv[1]):
        print(line)
    for folder in sys.argv[2:]:
        for line in reached(Path(folder)):
            print(line)


if __name__ == "__main__":
    main()
