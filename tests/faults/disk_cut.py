"""Power cuts: what the disk had at a moment is all that is left.

ext4 on a loop image in memory.  A writer is killed (-9) at a random moment and
the image is copied: what the page cache had not written is not in the copy.  The
copy is mounted, which replays its journal, and the next writer opens the log in
it, as after a boot; its disk is cut in turn.  So each cut tests the recovery
from the one before, too.

Blind to a missing fsync of a directory: ext4 writes the names with the file.
``disk_order.py`` looks at that.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from disk_truth import Truth
from disk_writer import Order
from disk_writers import Heard, Writers, writers
from mounts import loop, make_image, need_mounts, tmpfs
from table import Bench, Outcome, Row

IMAGE = 8 << 20
LIVES = 10
"""Cuts of one image, before a fresh one."""


def power_cuts(bench: Bench) -> Outcome:
    """Cut after cut; the last of each image is looked at without a kill."""
    need_mounts("power-cut")
    cuts = 20 if bench.quick else 500
    chance = bench.random("cuts")
    misses: list[str] = []
    total = {"cuts": 0, "acknowledged": 0, "lost": 0, "doubled": 0, "opens": 0}
    with tmpfs(bench.folder / "disk", 6 * IMAGE) as disk, writers() as children:
        while total["cuts"] < cuts:
            kind = ("log", "engine")[total["cuts"] // LIVES % 2]
            truth = Truth()
            root = bench.folder / f"root-{total['cuts']}"
            root.mkdir()
            life = _Life(disk, children, kind, root)
            lives = min(LIVES, cuts - total["cuts"])
            for number in range(lives + 1):
                where = f"--first-seed {bench.seed}: cut {total['cuts']} ({kind})"
                heard = life.until_cut(chance, last=number == lives)
                misses += truth.judge(heard, where)
                total["cuts"] += number < lives
                bench.say(total["cuts"], cuts)
            total["acknowledged"] += truth.acked + truth.seen
            total["lost"] += truth.lost
            total["doubled"] += truth.doubled
            total["opens"] += truth.opens
            shutil.rmtree(root)
    return Outcome(figures={**total}, misses=misses)


class _Life:
    """An image that lives on in copies of itself."""

    def __init__(self, disk: Path, children: Writers, kind: str, root: Path) -> None:
        self._image, self._copy = disk / "image", disk / "copy"
        self._folder = disk / "mounted"
        self._children = children
        self._kind = kind
        self._root = root
        make_image(self._image, IMAGE)

    def until_cut(self, chance: random.Random, *, last: bool) -> Heard:
        """Let a writer write and cut its power; ``last``: only look and close."""
        order = Order(
            kind=self._kind,
            state=str(self._folder / "state"),
            root=str(self._root),
            seed=chance.getrandbits(32),
            rounds=0 if last else -1,
        )
        heard = Heard()
        with loop(self._image, self._folder):
            self._children.begin(order)
            if last:
                return self._children.listen(heard)
            if chance.random() < 0.8:
                self._children.listen(heard, chance.randint(1, 15))
            time.sleep(chance.random() * 0.004)  # any moment is as good
            self._children.kill(heard)
            shutil.copyfile(self._image, self._copy)
        self._copy.replace(self._image)
        return heard


ROWS: Sequence[Row] = (
    Row(
        family="disk",
        name="power-cut",
        fault="power loss: all that was not fsynced is gone",
        mark="500 cuts: 0 acknowledged lost, 0 doubled, the log opens",
        run=power_cuts,
    ),
)
