"""What is fuzzed: bytes in, and the real code that reads them.

A target gives its seeds, small and made here, and ``read``: it may refuse bytes
with the errors that the code under test promises (`LokidError`, and what a reader
says of a file it will not read); anything else is a finding.

* ``codec``: a line of the log, as it is and under a checksum that fits it.
* ``log``: the files of a log: verified, read, opened, written to, read again.
* one for each source: a file of it, read as a scan does, held to its kinds of
  text, made lines of the log, and those lines read back.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from cli.simulator import demo_history, simulate
from log_model import MEMORY
from log_rig import AT, SMALL, filled, pairs, resealed
from lokid import codec
from lokid.config import Settings
from lokid.errors import LokidError
from lokid.events import Fact, Recorded
from lokid.ingest.files import Tree
from lokid.ingest.hints import Hint
from lokid.ingest.index import Index
from lokid.ingest.pipeline import Pipeline
from lokid.ingest.readers import gone, read
from lokid.ingest.reading import Reading
from lokid.ingest.refusals import Refused, Unfinished, Vanished
from lokid.log import Log, LogReader, verify
from lokid.source import Mode, Source, SourceError
from lokid.sources import SOURCES

FILE = re.compile(rb"--file (\d{20}\.ndjson|watermark)\n")
"""What parts the files of a log from each other, in the bytes of one input."""
FEW = 6
LIMIT = Settings().document_bytes


class Target:
    """One thing to fuzz; ``resealed``: the lines of its input carry checksums."""

    def __init__(
        self,
        name: str,
        seeds: Sequence[bytes],
        reader: Callable[[bytes], None],
        *,
        sealed: bool = False,
    ) -> None:
        self.name = name
        self.seeds = tuple(seeds)
        self.read = reader
        self.sealed = sealed


class Targets:
    """All targets, and the folder that they work in; a context manager."""

    def __init__(self) -> None:
        """Makes the seeds."""
        self._made = tempfile.TemporaryDirectory(dir=MEMORY)
        self.folder = Path(self._made.name)
        self._loki = self.folder / "work" / ".loki"
        self._loki.parent.mkdir()
        simulate(demo_history(), self._loki.parent)
        seeds = {one.name: self._seeds_of(one) for one in SOURCES}
        shutil.rmtree(self._loki)
        logs = self._logs()
        lines = [line + b"\n" for one in logs for line in one.split(b"\n") if line]
        found = [
            Target("codec", lines[:: len(lines) // 20], _read_line, sealed=True),
            Target("log", logs, self._read_log, sealed=True),
        ]
        found += [Target(one.name, seeds[one.name], self._on(one)) for one in SOURCES]
        self.by_name = {one.name: one for one in found}

    def close(self) -> None:
        """Delete the folder."""
        self._made.cleanup()

    # -- the log ---------------------------------------------------------------

    def _logs(self) -> list[bytes]:
        seeds = []
        for count in (0, 3, 20):
            directory = self.folder / "seed" / "log"
            filled(directory, count, SMALL)
            seeds.append(_as_one(directory))
            shutil.rmtree(directory.parent)
        return seeds

    def _read_log(self, data: bytes) -> None:
        state = self.folder / "state"
        directory = state / "log"
        shutil.rmtree(state, ignore_errors=True)
        directory.mkdir(parents=True)
        first, *parts = FILE.split(data)
        parts += [b"%020d.ndjson" % 1, first] if first else []
        for name, content in zip(parts[::2], parts[1::2], strict=True):
            (directory / name.decode()).write_bytes(content)
        for look in (_verify, _serve, _write, _verify, _write):
            try:
                look(directory)
            except LokidError:
                continue

    # -- sources ---------------------------------------------------------------

    def _seeds_of(self, source: Source) -> list[bytes]:
        found: list[bytes] = []
        for glob in source.globs:
            files = sorted(self._loki.glob(glob))[:: 1 + source.mode.value.count("e")]
            found += [file.read_bytes()[-4000:] for file in files[:FEW]]
        return found or [b"{}"]

    def _on(self, source: Source) -> Callable[[bytes], None]:
        paths = [glob.replace("*", "20260301") for glob in source.globs]

        def read_each(data: bytes) -> None:
            for path in paths:
                file = self._loki / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
                with Tree(self._loki) as tree:
                    self._read(source, tree, path)
                file.unlink()

        return read_each

    def _read(self, source: Source, tree: Tree, path: str) -> None:
        index = Index()
        pipeline = Pipeline(index, _appended, 100)
        reading = Reading(
            tree, source, path, Hint(), index, pipeline.propose, LIMIT, None
        )
        try:
            read(reading)
        except (Refused, Vanished, Unfinished, SourceError):
            return
        pipeline.flush()
        if source.mode in (Mode.STATE, Mode.TABLE):
            for fact in gone(source, index, path):
                pipeline.propose(source.name, fact)
            pipeline.flush()


def _as_one(directory: Path) -> bytes:
    files = sorted([*directory.glob("*.ndjson"), *directory.glob("watermark")])
    return b"".join(b"--file %s\n" % f.name.encode() + f.read_bytes() for f in files)


def _read_line(line: bytes) -> None:
    for each in (line, resealed(line) if len(line) > len('{"c":"') else line):
        bare = each.rstrip(b"\n")
        try:
            codec.intact(bare)
            codec.follows(bare, 1, codec.NO_CRC)
            codec.decode_line(bare)
            if codec.intact(bare):
                codec.head_of(bare)
        except LokidError:
            continue


def _verify(directory: Path) -> None:
    verify(directory)


def _serve(directory: Path) -> None:
    reader = LogReader(directory)
    for _ in reader.read():
        pass
    for _ in reader.lines(types=frozenset({"log.repaired"})):
        pass


def _write(directory: Path) -> None:
    """Open it, append, and read what it then serves."""
    log = Log.open(directory, segment_bytes=SMALL)
    try:
        log.append(pairs(1, 3), AT)
        log.sync()
        for _ in log.read():
            pass
    finally:
        log.close()


def _appended(batch: Sequence[tuple[str, Fact]], at: str) -> list[Recorded]:
    """What appending makes of facts, without a file."""
    lines = [codec.encode_line(1, codec.NO_CRC, key, fact, at) for key, fact in batch]
    return [codec.decode_line(line) for line in lines]
