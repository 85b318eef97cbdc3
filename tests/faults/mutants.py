"""Feeds broken files of every source to the real engine; a program of its own.

    mutants.py FOLDER SEED ROUNDS

In each round lies one broken file of each source, and beside them two good ones
that nobody saw before.  Afterwards every question is asked, and the log verified.
"""

from __future__ import annotations

import json
import logging
import random
import resource
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

from lokid.config import Settings
from lokid.engine import Engine
from lokid.log import LogReader, verify
from lokid.paths import Workspace
from lokid.sources import SOURCES
from mutations import mutate
from projections import build
from samples import Sample, samples
from story import Story

SECONDS = 2.0
"""Processor time that a scan may take."""
SLICE = 0.5
"""Seconds that a daemon gives one scan before it looks around."""
ADDRESS_SPACE = 1 << 30
"""What the process may ask for at most: beyond it the row breaks."""
GENERATION = 20
"""Rounds after which the workspace is a fresh one."""
QUESTIONS = (
    "context", "failures", "lessons", "council", "iterations", "gates", "findings",
    "patterns", "effect",
)  # fmt: skip
_MEGABYTE = 1 << 20


class Complaints(logging.Handler):
    """Tracebacks that a daemon would write into its log."""

    def __init__(self) -> None:
        """Hears all that ``lokid`` says from now on."""
        super().__init__(logging.WARNING)
        self.heard: list[str] = []
        logging.getLogger("lokid").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what was said."""
        self.heard.append(self.format(record)[-600:])


class Feeder:
    """One workspace after another, and what became of the files."""

    def __init__(self, folder: Path, seed: int, story: Story) -> None:
        """Nothing is written yet."""
        self._folder = folder
        self._seed = seed
        self._story = story
        self._complaints = Complaints()
        self.slowest = 0.0

    def generation(self, rounds: range) -> None:
        """Some rounds in a workspace of their own, then every question."""
        place = Workspace(
            root=self._folder / "work", state=self._folder / "state", id="w"
        )
        engine = Engine(place, Settings(reject_after_seconds=0.001), SOURCES, build)
        engine.open()
        try:
            for number in rounds:
                self._round(place, engine, number)
            for name in QUESTIONS:
                json.dumps(engine.query(name, {}))
        finally:
            engine.close()
        for problem in verify(place.log).problems:
            self._story.miss(f"rounds {rounds}: the log is damaged: {problem}")
        shutil.rmtree(place.root)
        shutil.rmtree(place.state)

    def _round(self, place: Workspace, engine: Engine, number: int) -> None:
        chance = random.Random(f"{self._seed}/{number}")  # noqa: S311  a script
        self._complaints.heard.clear()
        written = self._write(place, number, chance)
        good = _write_good(place, number)
        since = engine.query("context", {})["as_of_seq"]
        case = f"seed {self._seed}, round {number}"
        self._scan(engine, case)
        told = Counter(
            (one.src.path, one.type == "source.rejected")
            for one in LogReader(place.log).read(since)
        )
        for path in good:
            if not told[path, False]:
                self._story.miss(f"{case}: the good {path} was not read")
        for path, what in written.items():
            self._count(told, path)
            if any(path in heard for heard in self._complaints.heard):
                self._story.miss(f"{case}: {what}: {self._complaints.heard}")
        for path in (*written, *good):
            (place.loki / path).unlink()

    def _scan(self, engine: Engine, case: str) -> None:
        """Scan to the end as a daemon does: in slices, each of them timed."""
        complete = False
        while not complete:
            begun = time.process_time()
            complete = engine.scan(SLICE).complete
            took = time.process_time() - begun
            self.slowest = max(self.slowest, took)
            if took > SECONDS:
                self._story.miss(f"{case}: a scan took {took:.1f} s")

    def _write(
        self, place: Workspace, number: int, chance: random.Random
    ) -> dict[str, str]:
        """One broken file of each source; the paths, and what was done."""
        written = {}
        for source in SOURCES:
            sample = chance.choice([one for one in samples() if one.source is source])
            data, how = mutate(sample.data, chance)
            path = sample.named(number)
            put(place, path, data)
            written[path] = f"{source.name} {how}"
        return written

    def _count(self, told: Counter[tuple[str | None, bool]], path: str) -> None:
        self._story.add("files")
        if told[path, False]:
            self._story.add("still read")
        elif told[path, True]:
            self._story.add("rejected")
        else:
            self._story.add("said nothing")


def put(place: Workspace, path: str, data: bytes) -> None:
    """Write a file below ``.loki``."""
    file = place.loki / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def _write_good(place: Workspace, number: int) -> list[str]:
    """A crash and an episode that nobody saw before."""
    paths = []
    for name, key in (("crashes", "fingerprint"), ("episodes", "id")):
        sample: Sample = next(one for one in samples() if one.source.name == name)
        body = json.loads(sample.data) | {key: f"{number:064x}"}
        path = sample.named(10**6 + number)
        put(place, path, json.dumps(body).encode())
        paths.append(path)
    return paths


def main() -> None:
    """Feed all rounds and tell the story."""
    folder, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    samples()
    story = Story()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    feeder = Feeder(folder, seed, story)
    for first in range(0, rounds, GENERATION):
        feeder.generation(range(first, min(rounds, first + GENERATION)))
        story.progress(min(rounds, first + GENERATION), rounds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    story.add("slowest scan (ms)", round(feeder.slowest * 1000))
    story.add("peak memory (MiB)", peak // _MEGABYTE)
    story.add("of it before (MiB)", before // _MEGABYTE)
    story.end()


if __name__ == "__main__":
    main()
