from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from log_rig import AT, SMALL, filled, flip, line_offsets, pairs, segments
from lokid.log import Log

HERE = str(Path(__file__).parent)


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The calls that write or make durable, with the file's name, as they come."""
    calls: list[str] = []

    def note(name: str, where: Callable[..., str]) -> None:
        real = getattr(os, name)

        def call(*args: object) -> object:
            calls.append(f"{name} {where(*args)}")
            return real(*args)

        patch.setattr(os, name, call)

    def behind(fd: int, *_: object) -> str:
        return Path(f"/proc/self/fd/{fd}").readlink().name

    with monkeypatch.context() as patch:
        for name in ("write", "fsync", "fdatasync"):
            note(name, behind)
        note("truncate", lambda path, _: Path(path).name)
        note("rename", lambda _, to: Path(to).name)
        yield calls


FIRST = f"{1:020d}.ndjson"


def test_nothing_is_written_to_a_segment_before_its_name_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut in its order: old segment, new file, its name, its directory."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    log.append(pairs(1, 3), AT)
    with noted(monkeypatch) as calls:
        log.append(pairs(4, 6), AT)
        log.sync()
    log.close()
    new = f"{4:020d}.ndjson"
    assert [
        f"fdatasync {FIRST}",
        f"fsync {new}.tmp",
        f"rename {new}",
        "fsync log",
        f"write {new}",
        f"fdatasync {new}",
    ] == calls


def test_a_new_log_is_durable_with_all_its_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each directory's name, the first segment, and its name.

    An empty directory too: whoever made it may have died before it was durable.
    """
    with noted(monkeypatch) as calls:
        log = Log.open(tmp_path / "state" / "log")
    log.close()
    assert [
        f"fsync {tmp_path.parent.name}",
        f"fsync {tmp_path.name}",
        "fsync state",
        f"fsync {FIRST}.tmp",
        f"rename {FIRST}",
        "fsync log",
        f"fsync {FIRST}",
        "fsync log",
    ] == calls


def test_what_is_served_after_open_is_durable_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The torn bytes are safe before they are dropped; the rest before it counts."""
    filled(tmp_path / "log", 2)
    (segment,) = segments(tmp_path / "log")
    segment.write_bytes(segment.read_bytes()[:-1])
    torn = f"{FIRST}-{line_offsets(segment)[1]}"
    with noted(monkeypatch) as calls:
        log = Log.open(tmp_path / "log")
    log.close()
    assert [
        f"fsync {tmp_path.name}",
        f"write {torn}.tmp",
        f"fsync {torn}.tmp",
        f"rename {torn}",
        "fsync torn",
        f"write {FIRST}.tmp",
        f"fsync {FIRST}.tmp",
        f"rename {FIRST}",
        "fsync log",
        f"write {FIRST}",
        f"fdatasync {FIRST}",
    ] == calls


def test_a_gap_is_durable_before_it_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The segment behind damage appears with its line in it, or not at all."""
    filled(tmp_path / "log", 3)
    flip(tmp_path / "log" / FIRST, 30)
    with noted(monkeypatch) as calls:
        log = Log.open(tmp_path / "log")
    log.close()
    new = f"{4:020d}.ndjson"
    assert [
        f"write {new}.tmp",
        f"fsync {new}.tmp",
        f"rename {new}",
        "fsync log",
    ] == calls[-4:]


def test_closing_makes_durable_what_was_appended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to sync first."""
    log = Log.open(tmp_path / "log")
    with noted(monkeypatch) as calls:
        log.append(pairs(1, 2), AT)
        log.close()
    assert [
        f"write {FIRST}",
        f"fdatasync {FIRST}",
        "write watermark.tmp",
        "fsync watermark.tmp",
        "rename watermark",
        "fsync log",
    ] == calls
