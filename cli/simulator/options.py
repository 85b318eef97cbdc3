"""What the simulator is told, and what it tells: options, steps, truth."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Literal

import msgspec

from lokid.errors import UsageError

ZONES = {
    "UTC": 0.0,
    "CET": 1.0,
    "CEST": 2.0,
    "EET": 2.0,
    "IST": 5.5,
    "JST": 9.0,
    "EST": -5.0,
    "CST": -6.0,
    "PST": -8.0,
}
_TRIM_BYTES = 1_000_000
_MINIMUM_TRIM = 2


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How the harness is set up.

    ``harness`` 7 or 9.  ``telemetry``: crash files are written.  ``zone`` is the
    machine's, hence that of the log's markers.  ``trim_bytes``: harness 9 cuts a
    longer log to its last half at each iteration start.  ``plant`` puts secrets
    and addresses into every string.  ``torn`` lets a reader see half a file now
    and then.  ``noise`` writes the files that nobody reads.  ``times``: the
    history's own, or the present; None is the present when played live, else the
    history's.
    """

    harness: Literal[7, 9] = 9
    telemetry: bool = True
    zone: str = "UTC"
    trim_bytes: int = _TRIM_BYTES
    plant: bool = False
    torn: bool = False
    noise: bool = True
    times: Literal["history", "present"] | None = None

    def __post_init__(self) -> None:
        """Refuse a zone without a known offset and a limit that cuts nothing."""
        if self.zone not in ZONES:
            raise UsageError(f"unknown zone {self.zone!r}: one of {', '.join(ZONES)}")
        if self.trim_bytes < _MINIMUM_TRIM:
            raise UsageError(f"trim_bytes is at least {_MINIMUM_TRIM}")

    @property
    def tzinfo(self) -> timezone:
        """The fixed offset of the zone, with its name."""
        return timezone(timedelta(hours=ZONES[self.zone]), self.zone)

    @property
    def nine(self) -> bool:
        """Whether the harness is the later one, which writes more."""
        return self.harness == 9  # noqa: PLR2004 - its major version

    @property
    def version(self) -> str:
        """The harness's version as its files carry it."""
        return "9.22.12" if self.nine else "7.19.1"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One write that is done; ``path`` is relative to ``.loki``.

    ``what`` begins with the noun of the file and ends with ``(half)`` when the
    rest is still to come.  ``index`` counts the steps from 0.
    """

    index: int
    path: str
    what: str
    run: int
    iteration: int


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """Something a perfect reader must know from step ``step`` on.

    ``what`` is failure, gate, friction or council; the fields of the other
    kinds are None.  ``kind`` and ``family`` follow the rules of joining: crash
    and exit are one for the key, and tell only whether an exception line or a
    frame was printed.  ``error_line`` is raw, as the command printed it.
    ``trap`` is the history's own name of the cause.
    """

    what: Literal["failure", "gate", "friction", "council"]
    run: int
    iteration: int
    step: int = -1
    exit_code: int | None = None
    kind: str | None = None
    family: str | None = None
    error_line: str | None = None
    trap: str | None = None
    gate: str | None = None
    outcome: str | None = None
    approve: int | None = None
    reject: int | None = None
