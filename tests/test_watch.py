"""The watcher: it wakes, sets its watches anew, and survives what blinds it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from lokid.ingest import watch
from lokid.ingest.watch import Watch

STEP_MS = 20


class Woken:
    """Counts how often it was woken, and waits for more."""

    def __init__(self) -> None:
        """Not yet."""
        self.times = 0
        self._event = asyncio.Event()

    def __call__(self) -> None:
        """Be woken."""
        self.times += 1
        self._event.set()

    async def more(self) -> None:
        """Wait to be woken, from now on."""
        self._event.clear()
        await asyncio.wait_for(self._event.wait(), 20)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait to be woken until something holds."""
        while not holds():
            await self.more()


def watching(
    folders: Callable[[], list[Path]],
    test: Callable[[Watch, Woken], Coroutine[None, None, None]],
) -> None:
    """Run a test beside a watcher whose first watches stand."""

    async def main() -> None:
        woken, stop = Woken(), asyncio.Event()
        watch = Watch(lambda: [str(path) for path in folders()], woken, STEP_MS)
        running = asyncio.create_task(watch.run(stop))
        try:
            await woken.until(lambda: watch.mode == "notify")
            await test(watch, woken)
        finally:
            stop.set()
            await running

    asyncio.run(main())


def test_a_new_file_wakes(tmp_path: Path) -> None:
    """Written, changed and removed: each is a reason to look."""

    async def test(_watch: Watch, woken: Woken) -> None:
        file = loki / "a"
        for change in (
            lambda: file.write_text("1"),
            lambda: file.write_text("22"),
            file.unlink,
        ):
            waiting = asyncio.create_task(woken.more())
            await asyncio.sleep(0)
            change()
            await waiting

    loki = tmp_path / ".loki"
    loki.mkdir()
    watching(lambda: [tmp_path, loki], test)


def test_the_appearance_of_the_harness_wakes(tmp_path: Path) -> None:
    """A workspace without .loki is watched for it."""

    async def test(_watch: Watch, woken: Woken) -> None:
        before = woken.times
        (tmp_path / ".loki").mkdir()
        await woken.until(lambda: woken.times > before)

    watching(lambda: [tmp_path], test)


def test_the_users_own_files_do_not_wake(tmp_path: Path) -> None:
    """What lies beside .loki is not our business; .loki itself is."""

    async def test(_watch: Watch, woken: Woken) -> None:
        before = woken.times
        for number in range(20):
            (tmp_path / f"{number}.py").write_text("")
            (tmp_path / f"{number}.py").unlink()
            await asyncio.sleep(STEP_MS / 1000)
        told = woken.times
        (tmp_path / ".loki").mkdir()
        await woken.until(lambda: woken.times > told)
        assert told == before

    watching(lambda: [tmp_path], test)


def test_new_folders_are_watched_and_looked_at_once(tmp_path: Path) -> None:
    """What came before the new watch stood gets a look, what comes later a wake."""

    async def test(watch: Watch, woken: Woken) -> None:
        crash.mkdir()
        folders.append(crash)
        watch.check()
        await woken.more()
        await woken.until(lambda: watch.mode == "notify")
        before = woken.times
        (crash / "a").touch()
        await woken.until(lambda: woken.times > before)

    crash = tmp_path / "crash"
    folders = [tmp_path]
    watching(lambda: folders, test)


def test_a_replaced_folder_is_watched_anew(tmp_path: Path) -> None:
    """Same name, another inode: the old watch is blind for ever."""

    async def test(watch: Watch, woken: Woken) -> None:
        for _ in range(3):
            crash.rename(tmp_path / "old")
            crash.mkdir()
            shutil.rmtree(tmp_path / "old")
            watch.check()
            await woken.more()
            before = woken.times
            while woken.times == before:
                (crash / "a").touch()
                (crash / "a").unlink()
                await asyncio.sleep(STEP_MS / 1000)

    crash = tmp_path / "crash"
    crash.mkdir()
    watching(lambda: [tmp_path, crash], test)


def test_a_folder_made_again_with_the_same_number_is_watched_anew(
    tmp_path: Path,
) -> None:
    """A file system may give a new folder the inode of the one just deleted."""

    async def test(watch: Watch, woken: Woken) -> None:
        for _ in range(5):
            loki.rmdir()
            loki.mkdir()
            watch.check()
            await woken.more()
            before = woken.times
            async with asyncio.timeout(20):
                while woken.times == before:
                    (loki / "a").touch()
                    (loki / "a").unlink()
                    await asyncio.sleep(STEP_MS / 1000)

    loki = tmp_path / ".loki"
    loki.mkdir()
    watching(lambda: [tmp_path, loki], test)


@pytest.mark.skipif(sys.platform == "darwin", reason="its file names are UTF-8")
def test_a_name_that_is_not_utf8_blinds_only_for_a_moment(tmp_path: Path) -> None:
    """Watchfiles keeps that error for ever; we make it anew."""

    async def test(watch: Watch, woken: Woken) -> None:
        before = woken.times
        strange.touch()
        await woken.until(lambda: woken.times > before and watch.mode == "none")
        assert watch.reason is not None
        assert "TaskGroup" not in watch.reason
        await woken.until(lambda: watch.mode == "notify")
        before = woken.times
        (folder / "a").touch()
        await woken.until(lambda: woken.times > before)

    folder = tmp_path / "crash"
    folder.mkdir()
    strange = folder / os.fsdecode(b"crash-\xff\xfe.json")
    watching(lambda: [tmp_path, folder], test)


@pytest.mark.skipif(sys.platform == "darwin", reason="its file names are UTF-8")
def test_it_is_not_blind_for_longer_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what never stood is tried again ever later."""
    monkeypatch.setattr(watch, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(watch, "LONGEST_PAUSE", 3600.0)

    async def test(watch: Watch, woken: Woken) -> None:
        for number in range(16):
            (folder / os.fsdecode(b"\xff%d" % number)).touch()
            await woken.until(lambda: watch.mode == "none")
            await woken.until(lambda: watch.mode == "notify")

    folder = tmp_path / "crash"
    folder.mkdir()
    watching(lambda: [tmp_path, folder], test)


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    """A symbolic link out of the workspace brings nothing in."""
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (inside / "crash").symlink_to(outside)

    async def test(_watch: Watch, woken: Woken) -> None:
        before = woken.times
        for number in range(10):
            (outside / f"{number}").touch()
            await asyncio.sleep(STEP_MS / 1000)
        told = woken.times
        (inside / ".loki").touch()
        await woken.until(lambda: woken.times > told)
        assert told == before

    watching(lambda: [inside, inside / "crash"], test)


def test_a_workspace_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    """It says so, and watches again when the folder is there again."""

    async def test(watch: Watch, woken: Woken) -> None:
        root.rmdir()
        watch.check()
        await woken.until(lambda: watch.mode == "none")
        assert watch.told()["reason"] == "the workspace is not there"
        root.mkdir()
        watch.check()
        await woken.until(lambda: watch.mode == "notify")
        assert watch.told() == {"mode": "notify", "reason": None}

    root = tmp_path / "root"
    root.mkdir()
    watching(lambda: [root], test)


POLLING = """
import asyncio, pathlib, sys
from lokid.ingest.watch import Watch

async def main():
    folder, woken, stop = pathlib.Path(sys.argv[1]), asyncio.Event(), asyncio.Event()
    watch = Watch(lambda: [str(folder)], woken.set, 20)
    running = asyncio.create_task(watch.run(stop))
    while watch.mode != "poll":
        woken.clear()
        await woken.wait()
    woken.clear()
    (folder / ".loki").mkdir()
    await woken.wait()
    print(watch.mode, watch.reason)
    stop.set()
    await running

asyncio.run(asyncio.wait_for(main(), 20))
"""
LIMITED = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"'


def test_where_the_kernel_gives_no_watches_folders_are_compared(tmp_path: Path) -> None:
    """Slower, and `status` says so; in a namespace of its own without inotify."""
    unshare = shutil.which("unshare")
    limited = [unshare or "unshare", "-Ur", "sh", "-c", LIMITED, "sh"]
    if not unshare or subprocess.run([*limited, "true"], check=False).returncode:
        pytest.skip("this machine makes no user namespaces")
    done = subprocess.run(
        [*limited, sys.executable, "-c", POLLING, str(tmp_path)],
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("poll ")
    assert "Too many open files" in done.stdout
