"""A tree is read as it stands, and nothing that its writers point to elsewhere."""

from __future__ import annotations

import itertools
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from lokid.ingest import beneath
from lokid.ingest.beneath import Opener, by_kernel, by_walk
from lokid.ingest.files import Tree
from lokid.ingest.refusals import Refused, Unfinished, Vanished
from lokid.paths import Workspace
from rig import engine_on, put, recorded

NOBODY = 65534
WAYS = [
    pytest.param(by_walk, id="walk"),
    pytest.param(
        by_kernel,
        id="openat2",
        marks=pytest.mark.skipif(
            not beneath.kernel_can(), reason="this kernel has no openat2"
        ),
    ),
]
both_ways = pytest.mark.parametrize("way", WAYS)
as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can give a file to another user"
)


@pytest.fixture
def loki(tmp_path: Path) -> Path:
    """A tree with one file in a folder."""
    folder = tmp_path / ".loki"
    (folder / "crash").mkdir(parents=True)
    (folder / "crash" / "a.json").write_text("inside")
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside it, with a file of the same name."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "a.json").write_text("outside")
    return folder


def refused(tree: Tree, path: str) -> str:
    """The reason for which a path is not read."""
    with pytest.raises(Refused) as caught:
        tree.read(path, 100)
    return caught.value.reason


def listed(tree: Tree, glob: str) -> dict[str, str | None]:
    """The paths that a glob means, with why they are none for us."""
    return {entry.path: entry.refused for entry in tree.matching(glob)}


@both_ways
def test_a_file_is_read_by_its_path(loki: Path, way: Opener) -> None:
    """At the top, in a folder, and the rest of one."""
    (loki / "top.json").write_text("top")
    with Tree(loki, way) as tree:
        assert b"top" == tree.read("top.json", 100)[0]
        assert b"inside" == tree.read("crash/a.json", 100)[0]
        assert b"side" == tree.peek("crash/a.json", 100, 2)[0]
        with pytest.raises(Vanished):
            tree.read("crash/none.json", 100)
        with pytest.raises(Vanished):
            tree.read("none/a.json", 100)


@both_ways
@pytest.mark.parametrize("path", ["../outside/a.json", "/etc/passwd", "crash/../../x"])
def test_no_path_leads_out(loki: Path, outside: Path, way: Opener, path: str) -> None:
    """Neither by two dots nor from the root."""
    assert outside.is_dir()
    with Tree(loki, way) as tree:
        assert "unreadable" == refused(tree, path)


@both_ways
def test_no_link_is_followed_on_any_part_of_the_way(
    loki: Path, outside: Path, way: Opener
) -> None:
    """A file, a folder, a folder of a folder, and the kernel's own links."""
    (loki / "file.json").symlink_to(outside / "a.json")
    (loki / "folder").symlink_to(outside)
    (loki / "crash" / "deep").symlink_to(outside)
    (loki / "loop").symlink_to("loop")
    (loki / "magic").symlink_to("/proc/self/root")
    (loki / "inward").symlink_to("crash/a.json")
    with Tree(loki, way) as tree:
        paths = [
            *("file.json", "folder/a.json", "crash/deep/a.json", "loop", "inward"),
            *("loop/a.json", "magic/etc/passwd"),
        ]
        assert ["symlink"] * len(paths) == [refused(tree, path) for path in paths]
        assert {"folder": "symlink"} == listed(tree, "folder/*.json")
        assert {"file.json": "symlink"} == listed(tree, "file.json")


@both_ways
def test_a_folder_that_becomes_a_link_meanwhile_is_not_listed(
    loki: Path, outside: Path, way: Opener
) -> None:
    """What lies at its place when it is entered counts, not what was listed."""
    (loki / "crash" / "deep").mkdir()
    with Tree(loki, way) as tree:
        assert {} == listed(tree, "crash/none/*")
        (loki / "crash" / "deep").rmdir()
        (loki / "crash" / "deep").symlink_to(outside)
        assert {} == listed(tree, "crash/deep/*.json")
        assert not tree.closed


@both_ways
def test_what_is_no_file_is_refused_at_once(loki: Path, way: Opener) -> None:
    """A pipe without a writer, a socket's place, a folder."""
    os.mkfifo(loki / "pipe.json")
    (loki / "folder.json").mkdir()
    with Tree(loki, way) as tree:
        assert {"pipe.json": "not_regular"} == listed(tree, "pipe.json")
        assert "not_regular" == refused(tree, "pipe.json")
        assert "not_regular" == refused(tree, "folder.json")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
@both_ways
def test_a_device_is_refused(loki: Path, way: Opener) -> None:
    """``/dev/zero`` under another name has no end."""
    try:
        os.mknod(loki / "zero.json", 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("no devices can be made here")
    with Tree(loki, way) as tree:
        assert "not_regular" == refused(tree, "zero.json")


@as_root
@both_ways
def test_a_file_of_another_user_is_refused(loki: Path, way: Opener) -> None:
    """Unless all of the tree is theirs: then it is their workspace."""
    os.chown(loki / "crash" / "a.json", NOBODY, NOBODY)
    with Tree(loki, way) as tree:
        assert "foreign_owner" == refused(tree, "crash/a.json")
        assert {"crash/a.json": "foreign_owner"} == listed(tree, "crash/*.json")
    os.chown(loki, NOBODY, NOBODY)
    with Tree(loki, way) as tree:
        assert b"inside" == tree.read("crash/a.json", 100)[0]


@both_ways
@pytest.mark.parametrize("mode", [0o755, 0o775, 0o757])
def test_a_second_name_counts_where_others_may_make_names(
    loki: Path, outside: Path, way: Opener, mode: int
) -> None:
    """Anybody may have linked a secret there; in a folder of ours only we."""
    (loki / "crash" / "b.json").hardlink_to(outside / "a.json")
    (loki / "crash").chmod(mode)
    with Tree(loki, way) as tree:
        if mode == 0o755:
            assert b"outside" == tree.read("crash/b.json", 100)[0]
        else:
            assert "hard_link" == refused(tree, "crash/b.json")
            assert "hard_link" == listed(tree, "crash/*.json")["crash/b.json"]
            assert b"inside" == tree.read("crash/a.json", 100)[0]


def test_more_than_is_asked_for_is_not_read(loki: Path) -> None:
    """Past the limit the size is told; a hole of a gigabyte costs nothing."""
    with (loki / "big.json").open("wb") as file:
        file.truncate(1 << 30)
    with Tree(loki) as tree:
        with pytest.raises(Refused) as caught:
            tree.read("big.json", 100)
        assert ("too_large", 1 << 30) == (caught.value.reason, caught.value.size)
        assert b"\0" * 100 == tree.peek("big.json", 100, 0)[0]


def test_a_file_that_changes_while_it_is_read_is_read_again(
    loki: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was half of one and half of the other is not taken for either."""
    file = loki / "crash" / "a.json"
    changes = iter([b"older", b"newer!"])
    real = os.pread

    def pread(handle: int, length: int, offset: int) -> bytes:
        data = real(handle, length, offset)
        for one in changes:
            file.write_bytes(one)
            break
        return data

    monkeypatch.setattr(os, "pread", pread)
    with Tree(loki) as tree:
        assert b"newer!" == tree.read("crash/a.json", 100)[0]


def test_a_file_that_always_changes_is_unfinished(
    loki: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not waited for, and the next scan looks again."""
    file = loki / "crash" / "a.json"
    moments = itertools.count(10**18)
    real = os.pread

    def pread(handle: int, length: int, offset: int) -> bytes:
        moment = next(moments)
        os.utime(file, ns=(moment, moment))
        return real(handle, length, offset)

    monkeypatch.setattr(os, "pread", pread)
    with Tree(loki) as tree, pytest.raises(Unfinished, match="changing"):
        tree.read("crash/a.json", 1000)


@pytest.fixture
def few_handles() -> Iterator[None]:
    """Hardly more handles than are open now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_now = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + 110, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("few_handles")
def test_more_folders_than_handles_are_all_read(loki: Path) -> None:
    """One handle for each folder would be too many."""
    for number in range(200):
        folder = loki / "votes" / f"iteration-{number}"
        folder.mkdir(parents=True)
        (folder / "a.json").write_text("{}")
    with Tree(loki) as tree:
        entries = list(tree.matching("votes/iteration-*/a.json"))
        assert 200 == len(entries)
        assert all(tree.read(entry.path, 10)[0] == b"{}" for entry in entries)
        assert not tree.closed


def test_what_could_not_be_looked_at_is_not_gone(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a handle to spare nothing was seen: no block ends, and it is said."""
    block = {"status": "blocked", "blocked": True, "reason": "empty_diff"}
    put(workspace, "council/gate-block.json", block)
    with engine_on(workspace) as engine:
        engine.scan()
        before = recorded(workspace)
        assert ["council.blocked"] == [one.type for one in before]
        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", _too_many)
            answer = engine.answer("context", {}, None)
        assert (True, "too many open files") == (answer["stale"], answer["reason"])
        assert before == recorded(workspace)
        assert not engine.scan().unreadable


def _too_many(_handle: int) -> None:
    raise OSError(24, "Too many open files")
