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
        self.hints = hints
        self.recorder = Recorder(index, append, knob=knob)
        self.scanner = Scanner(
            loki,
            sources=sources,
            settings=settings,
            index=index,
            hints=hints,
            pipeline=Pipeline(index, append, settings.scan_batch, skipping=not knob),
        )
