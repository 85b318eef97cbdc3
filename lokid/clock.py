"""The one seam for time.

Every time, on disk and in answers, is ``YYYY-MM-DDTHH:MM:SS.mmmZ``: fixed
width, so that text order is time order.  Intervals use the monotonic clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_WRITTEN = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?Z?"
)


def now() -> str:
    """The present, UTC, fixed width."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """An aware moment in the fixed width."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


def from_seconds(seconds: float) -> str | None:
    """Unix seconds in the fixed width; None when no calendar holds them."""
    try:
        return stamp(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def to_seconds(text: str) -> float:
    """Unix seconds of a fixed-width time."""
    return datetime.fromisoformat(text).timestamp()


def parse(written: object) -> str | None:
    """Any of the harness's four spellings in the fixed width, or None.

    Measured: ``...:56Z``, ``...:59.819370Z``, ``...+00:00`` and the malformed
    ``...+00:00Z``.  A time without a zone is taken as UTC, as the harness
    writes no other.
    """
    if not isinstance(written, str):
        return None
    found = _WRITTEN.fullmatch(written.strip())
    if not found:
        return None
    day, clock, fraction, zone = found.groups()
    micros = ((fraction or "") + "000000")[:6]
    offset = "+00:00" if zone in (None, "Z") else zone
    try:
        return stamp(datetime.fromisoformat(f"{day}T{clock}.{micros}{offset}"))
    except (ValueError, OverflowError):
        return None
