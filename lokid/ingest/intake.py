"""All that takes facts in, put together over one index and one log.

What a scan finds and what comes by command pass the same corridor
(``pipeline.py``); both belong to the thread that writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lokid.config import Settings
from lokid.ingest.hints import Hints
from lokid.ingest.index import Index
from lokid.ingest.outcome import Corridor, GivesWay, Scan
from lokid.ingest.pipeline import Append, Pipeline
from lokid.ingest.record import Recorder
from lokid.ingest.scan import Scanner
from lokid.source import Source


class Intake:
    """The scanner and the recorder of one open log; ``knob``: at 0 nothing is kept."""

    def __init__(  # noqa: PLR0913  each by name: what taking in needs
        self,
        loki: Path,
        sources: Sequence[Source],
        settings: Settings,
        *,
        index: Index,
        hints: Hints,
        append: Append,
        knob: bool,
    ) -> None:
        self._loki = loki
        self._hints = hints
        self.recorder = Recorder(index, append, knob=knob)
        self.scanner = Scanner(
            loki,
            sources=sources,
            settings=settings,
            index=index,
            hints=hints,
            pipeline=Pipeline(
                index,
                append,
                settings.scan_batch,
                settings.rejects_an_hour,
                skipping=not knob,
            ),
        )

    def scan(self, budget: float | None, gives_way: GivesWay | None = None) -> Scan:
        """See `Scanner.scan`; raises what the log raises."""
        try:
            return self.scanner.scan(budget, gives_way)
        except BaseException:
            self._hints.clear()  # what was read but not appended is read again
            raise

    def folders(self) -> list[str]:
        """The harness's folder and those in which sources look, as far as there are."""
        if not self._loki.is_dir():
            return []
        below = (self._loki / name for name in self.scanner.folders())
        return [str(self._loki), *map(str, below)]


def read_afresh(
    loki: Path,
    sources: Sequence[Source],
    settings: Settings,
    index: Index,
    corridor: Corridor,
) -> tuple[Scan, Scanner]:
    """Read all of a tree into a corridor, as a first scan would; appends nothing.

    ``index`` knows the values of the states and episodes that were recorded.
    """
    scanner = Scanner(
        loki,
        sources=sources,
        settings=settings,
        index=index,
        hints=Hints(),
        pipeline=corridor,
    )
    return scanner.scan(), scanner
