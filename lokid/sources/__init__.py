"""The sources: one file per noun, one line per kind of file.

The order is the order of the scan: effects before causes, so that what is seen
never lacks its cause, which was written before it.
"""

from __future__ import annotations

from lokid.source import Source
from lokid.sources import (
    council,
    crash,
    episode,
    findings,
    gates,
    harness,
    managed,
    output,
    patterns,
    provider,
)

SOURCES: tuple[Source, ...] = (
    episode.EPISODES,
    council.TRANSCRIPTS,
    council.ROUNDS,
    council.DEVILS_ADVOCATES,
    council.MEMBERS,
    findings.LISTS,
    findings.PAPERS,
    gates.REVIEWS,
    crash.CRASHES,
    gates.TRUST,
    gates.EVIDENCE,
    gates.COUNTERS,
    gates.LISTS,
    council.BLOCKS,
    council.STATE,
    patterns.PATTERNS,
    provider.LAST_ERROR,
    provider.HISTORY,
    provider.PENDING,
    council.CONVERGENCE,
    managed.EVENTS,
    managed.COUNCILS,
    harness.EVENTS,
    output.SESSIONS,
)
