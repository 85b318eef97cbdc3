"""When things happen inside an iteration, and how the harness spells a time.

The history says when the provider started and ended; everything between and
after is placed at a share of the time there is, so that the order of the
harness's stamps is kept however short an iteration was.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from lokid.clock import parse

_AFTERMATH = timedelta(seconds=20)


class Moments:
    """The clock of one iteration (or of a run's beginning and end).

    ``room`` is what lies between the end and the next start; at most 20 s of
    it are used.  With ``present`` every moment is now.
    """

    def __init__(
        self, started: datetime, ended: datetime, room: timedelta, *, present: bool
    ) -> None:
        """Take aware moments; a negative room counts as none."""
        self._started = started
        self._ended = max(started, ended)
        self._room = min(max(room, timedelta()), _AFTERMATH)
        self._present = present

    def before(self, seconds: float) -> datetime:
        """A moment before the start, no further back than the caller knows."""
        return self._or_now(self._started - timedelta(seconds=seconds))

    def during(self, share: float) -> datetime:
        """A moment while the provider runs: 0 its start, 1 its end."""
        return self._or_now(self._started + (self._ended - self._started) * share)

    def after(self, share: float) -> datetime:
        """A moment after the provider's end, as a share of the room."""
        return self._or_now(self._ended + self._room * share)

    def _or_now(self, moment: datetime) -> datetime:
        return datetime.now(UTC) if self._present else moment


def moment(text: str) -> datetime:
    """The aware moment of a history's time (any spelling that lokid reads)."""
    return datetime.fromisoformat(parse(text) or text).astimezone(UTC)


def bash(at: datetime) -> str:
    """``2026-03-02T08:00:00Z``: shell parts and crash files."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def micros(at: datetime) -> str:
    """``2026-03-02T08:00:00.123456Z``: episodes."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def offset(at: datetime) -> str:
    """``2026-03-02T08:00:00.123456+00:00``: index, timeline, the Python bus."""
    return at.isoformat(timespec="microseconds")


def malformed(at: datetime) -> str:
    """``...+00:00Z``: the learning signals have both an offset and a Z."""
    return offset(at) + "Z"


def compact(at: datetime) -> str:
    """``20260302T080000Z``: names of reviews and transcripts."""
    return at.strftime("%Y%m%dT%H%M%SZ")


def digits(at: datetime) -> str:
    """``20260302080000``: the run id."""
    return at.strftime("%Y%m%d%H%M%S")


def dashed(at: datetime) -> str:
    """``20260302-080000``: hand-over notes."""
    return at.strftime("%Y%m%d-%H%M%S")


def day(at: datetime) -> str:
    """``2026-03-02``: an episode's directory."""
    return at.strftime("%Y-%m-%d")


def marker(at: datetime, zone: timezone) -> str:
    """``Mon Mar  2 08:00:00 UTC 2026``: what `date` prints, in the zone."""
    local = at.astimezone(zone)
    return f"{local:%a %b} {local.day:2d} {local:%H:%M:%S %Z %Y}"


def unix(at: datetime) -> int:
    """Whole seconds since 1970."""
    return int(at.timestamp())
