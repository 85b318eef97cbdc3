"""One pass over all sources: the barrier before every consistent read.

A scan lists every folder a source looks in, reads what changed since its hint
and proposes the facts, effects before causes (the order of the sources), so
that nothing seen lacks its cause.  A file that was closed before the scan began
is in the log when the scan ends, or the scan says what it could not do.

One broken file never stops the rest: whatever goes wrong while reading one file
becomes one ``source.rejected`` with its reason.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from lokid import redact
from lokid.config import Settings
from lokid.events import Fact, SourceRejected, Src
from lokid.ingest import tails
from lokid.ingest.files import Entry, Signature, Tree
from lokid.ingest.hints import Hint, Hints
from lokid.ingest.index import Index
from lokid.ingest.outcome import Corridor, GivesWay, Scan, SourceStatus
from lokid.ingest.pending import GRACE, Pending
from lokid.ingest.readers import gone, read
from lokid.ingest.reading import Reading
from lokid.ingest.refusals import Refused, Unfinished, Vanished
from lokid.ingest.tails import OutOfTime
from lokid.source import Mode, Source, SourceError

RACY_NS = 20_000_000
"""A file written this shortly before it was read may change again within one
tick of its clock: its signature proves nothing, so it is read once more."""

_log = logging.getLogger("lokid.ingest")


class Scanner:
    """Scans one workspace; one thread at a time."""

    def __init__(  # noqa: PLR0913  each by name: the parts of ingest
        self,
        loki: Path,
        *,
        sources: Sequence[Source],
        settings: Settings,
        index: Index,
        hints: Hints,
        pipeline: Corridor,
    ) -> None:
        self._loki = loki
        self._sources = sources
        self._settings = settings
        self._index = index
        self._hints = hints
        self._pipeline = pipeline
        self._pending = Pending()
        self._unreadable: set[str] = set()
        self._present: set[str] = set()
        self._listed: list[str] | None = None
        self._gives_way: GivesWay | None = None
        self._gave_way = False
        self.status = {s.name: SourceStatus(name=s.name) for s in sources}

    def scan(
        self, budget: float | None = None, gives_way: GivesWay | None = None
    ) -> Scan:
        """Look at everything once; stop after ``budget`` seconds, or to give way.

        Raises what the log raises when it cannot be written.
        """
        begun = time.monotonic()
        self._gives_way, self._gave_way = gives_way, False
        ends = None if budget is None else begun + budget
        appended = self._pipeline.flush()
        complete = True
        self._present.clear()
        with Tree(self._loki) as tree:
            for source in self._sources if tree.exists else ():
                if self._gave_way:
                    break
                complete = self._source(tree, source, ends) and complete
            closed = {f"{folder}/".lstrip("/") or ".loki" for folder in tree.closed}
            starved = tree.starved
            self._listed = tree.listed() if complete else None
        if complete:
            self._hints.forget_gone(self._present)
            self._wait_for_pending(ends)
        appended += self._pipeline.flush()
        return Scan(
            complete=complete,
            pending=self._pending.names(),
            unreadable=tuple(sorted(self._unreadable | closed)),
            starved=starved,
            gave_way=self._gave_way,
            appended=appended,
            seconds=time.monotonic() - begun,
        )

    def folders(self) -> list[str]:
        """Existing folders in which sources look, relative to ``.loki``.

        Those that the last scan saw, if it saw all there is.
        """
        if self._listed is not None:
            return self._listed
        found: dict[str, None] = {}
        with Tree(self._loki) as tree:
            for source in self._sources:
                for glob in source.globs:
                    found.update(dict.fromkeys(tree.folders(glob)))
        return list(found)

    def _source(self, tree: Tree, source: Source, ends: float | None) -> bool:
        seen: set[str] = set()
        for glob in source.globs:
            for entry in tree.matching(glob, source.apart):
                if self._is_over(ends):
                    return False
                if entry.path in seen:
                    continue
                seen.add(entry.path)
                if not self._entry(tree, source, entry, ends):
                    return False
        if source.mode is Mode.TAIL and not self._rest(tree, source, seen, ends):
            return False
        if source.mode in (Mode.STATE, Mode.TABLE) and not tree.closed:
            self._gone(source, seen)
        for path in self._pending.of(source.name):
            if path not in seen:
                self._pending.settle(path)
        self._present |= seen
        row = self.status[source.name]
        row.files = len(seen)
        row.pending = sum(path in seen for path in self._pending.of(source.name))
        row.rejected = self._pipeline.rejected.get(source.name, 0)
        return True

    def _is_over(self, ends: float | None) -> bool:
        """Whether time is up, or somebody waits for another scan."""
        if self._gives_way is not None and self._gives_way():
            self._gave_way = True
        return self._gave_way or (ends is not None and time.monotonic() > ends)

    def _rest(
        self, tree: Tree, source: Source, seen: set[str], ends: float | None
    ) -> bool:
        """What streams got before they were rotated away, with none in their place."""
        for path in source.globs:
            hint = self._hints.get(path)
            if path in seen or hint is None or hint.generation is None:
                continue
            try:
                tails.read_rest(self._reading(tree, source, path, hint, ends))
            except OutOfTime:
                return False
            except (Refused, Vanished):
                continue  # the next file of that name finds it, or it is gone
        return True

    def _reading(
        self, tree: Tree, source: Source, path: str, hint: Hint, ends: float | None
    ) -> Reading:
        return Reading(
            tree,
            source,
            path,
            hint,
            self._index,
            self._pipeline.propose,
            self._settings.document_bytes,
            ends,
        )

    def _entry(
        self, tree: Tree, source: Source, entry: Entry, ends: float | None = None
    ) -> bool:
        """Read one file if it changed; False when time ran out in the midst."""
        hint = self._hints.of(entry.path)
        if hint.signature == entry.signature and not self._is_free(entry, hint):
            return True
        try:
            self._read(tree, source, entry, hint, ends)
        except OutOfTime:
            return False
        return True

    def _is_free(self, entry: Entry, hint: Hint) -> bool:
        """Whether a file that was refused would be read now.

        Its folder, the owner of the tree or the limit may be others; the file's own
        signature does not tell.
        """
        if hint.refused is None or entry.refused is not None:
            return False
        size = entry.signature[2]
        return hint.refused != "too_large" or size <= self._settings.document_bytes

    def _read(
        self,
        tree: Tree,
        source: Source,
        entry: Entry,
        hint: Hint,
        ends: float | None,
    ) -> None:
        if entry.refused:
            self._reject(source, entry, entry.refused, None)
            hint.signature, hint.refused = entry.signature, entry.refused
            return
        hint.refused = None
        reading = self._reading(tree, source, entry.path, hint, ends)
        now_ns = time.time_ns()
        signature: Signature | None
        try:
            signature = read(reading)
        except Vanished:
            return
        except Unfinished as unfinished:
            self._unfinished(source, entry, hint, unfinished)
            return
        except Refused as refused:
            self._reject(source, entry, refused.reason, refused.size)
            signature, hint.refused = entry.signature, refused.reason
            if refused.reason == "unreadable":
                self._unreadable.add(redact.source_path(entry.path))
                signature = None
        except SourceError as error:
            self._reject(source, entry, str(error), None)
            signature = entry.signature
        except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
            # a bug in one reader must not stop the others; said once per content
            _log.exception("source %s cannot read %s", source.name, entry.path)
            self._reject(source, entry, "malformed", None)
            signature = entry.signature
        self._pending.settle(entry.path)
        if signature is None:
            return  # the next scan tries again: rights change without a trace
        self._unreadable.discard(redact.source_path(entry.path))
        racy = now_ns - max(signature[3], signature[4]) < RACY_NS
        hint.signature = None if racy else signature

    def _unfinished(
        self, source: Source, entry: Entry, hint: Hint, unfinished: Unfinished
    ) -> None:
        """Wait for the rest; what stays broken is rejected, once."""
        still = self._pending.note(source.name, entry)
        if still >= self._settings.reject_after_seconds:
            self._reject(source, entry, unfinished.reason, unfinished.size)
            self._pending.settle(entry.path)
            hint.signature = entry.signature

    def _reject(
        self, source: Source, entry: Entry, reason: str, size: int | None
    ) -> None:
        _, inode, length, mtime, _ = entry.signature
        identity = ("rejected", redact.source_path(entry.path), reason)
        key = (*identity, inode, length, mtime)
        event = SourceRejected(source=source.name, reason=reason, size=size)
        fact = Fact(event=event, identity=key, src=Src(path=entry.path))
        self._pipeline.propose(source.name, fact)

    def _gone(self, source: Source, seen: set[str]) -> None:
        """Deleting a state file is a fact too, and so it is for each row of one."""
        for path in source.globs:
            if path in seen or not self._index.has_state(path):
                continue
            self._hints.pop(path, None)
            for fact in gone(source, self._index, path):
                self._pipeline.propose(source.name, fact)

    def _wait_for_pending(self, ends: float | None) -> None:
        """Documents written in place are torn for a moment; give them one."""
        fresh = self._pending.fresh()
        until = time.monotonic() + GRACE
        if ends is not None:
            until = min(until, ends)
        while fresh and not self._is_over(until):
            time.sleep(0.005)  # a writer's moment; no event tells its end
            self._again(fresh)
            fresh = [path for path in fresh if path in self._pending]

    def _again(self, paths: list[str]) -> None:
        """Look at these files only: all else was seen a moment ago."""
        with Tree(self._loki) as tree:
            for source in self._sources:
                for path in self._pending.of(source.name):
                    for entry in tree.matching(path) if path in paths else ():
                        if entry.path == path:  # which may look like a glob
                            self._entry(tree, source, entry)
