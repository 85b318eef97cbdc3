"""The marker lines of a provider session, and the clock that they carry.

``=== Session started at <date> ===`` and ``=== Session ended at <date> with
exit code N ===``.  The date is the ``date`` command's own output, in the zone
and the language of the harness's machine, so it is read with care: true UTC
where it says so or gives its offset, else a reading good for order alone, else
nothing.  Where the month's name is not understood, the day is that of the
log's own name, give or take a night.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from lokid import clock

_MARKER = re.compile(
    rb"=== Session (?:started at (?P<started>[^\n]{1,120}?)"
    rb"|ended at (?P<ended>[^\n]{1,120}?) with exit code (?P<exit>-?\d{1,5})) ===\r?\n"
)
_CLOCK = re.compile(
    r"(?<!\d)(\d{1,2}):(\d\d):(\d\d)(?:[.,]\d+)?(?:\s*([AaPp])\.?[Mm]\b\.?)?"
)
_ISO_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)T?")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905  one line reads better than twelve strings
_MONTH = re.compile(rf"(?i)(?<![a-z])({'|'.join(_MONTHS)})")
_NUMBERS = re.compile(r"(?<!\d)(\d{1,4})(?!\d)")
_OFFSET = re.compile(r"(?:^|[\s)]|UTC|GMT)([+-])(\d\d):?(\d\d)?(?!\d)")
_UTC = re.compile(r"(?<![A-Za-z])(?:UTC|GMT|Z)(?![A-Za-z])")
_ZONE = re.compile(r"(?<![A-Za-z])[A-Z]{2,5}(?![A-Za-z])")
_DAY_IN_NAME = re.compile(r".*-(\d{4})(\d\d)(\d\d)\.log")
_YEAR_DIGITS = 4
_NIGHTS = (0, 1, -1, 2, -2)
_NOON = 12


class Reading(msgspec.Struct, frozen=True):
    """What a marker's date says: a moment, its zone, whether that is UTC."""

    moment: datetime
    zone: str
    utc: bool

    @property
    def stamp(self) -> str:
        """The reading in the fixed width; true time only where ``utc``."""
        return clock.stamp(self.moment.replace(tzinfo=UTC))


class Marker(msgspec.Struct, frozen=True):
    """A marker line: where it lies, its own text, its clock, its exit code.

    ``exit_code`` is None for a start.
    """

    begin: int
    stop: int
    text: str
    reading: Reading | None
    exit_code: int | None

    @property
    def starts(self) -> bool:
        """Whether a session starts here."""
        return self.exit_code is None


def day_of(path: str) -> date | None:
    """The day that a log's name says (``autonomy-YYYYMMDD.log``)."""
    found = _DAY_IN_NAME.fullmatch(path)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def markers_of(data: bytes, day: date | None) -> Iterator[Marker]:
    """The marker lines in file order, at a line's end, wherever they begin."""
    for found in _MARKER.finditer(data):
        written = (found["started"] or found["ended"]).decode("utf-8", "replace")
        yield Marker(
            begin=found.start(),
            stop=found.end(),
            text=found[0].decode("utf-8", "replace").strip(),
            reading=read_clock(written, day),
            exit_code=None if found["exit"] is None else int(found["exit"]),
        )


def read_clock(written: str, day: date | None) -> Reading | None:
    """A marker's date, or None when it holds no clock or no day."""
    found = _CLOCK.search(written)
    if found is None:
        return None
    hour, minute, second = (int(part) for part in found.groups()[:3])
    if found[4]:
        hour = hour % _NOON + (_NOON if found[4] in "Pp" else 0)
    rest = written[: found.start()] + " " + written[found.end() :]
    on = _day(rest, day)
    try:
        at = time(hour, minute, second)
        return _in_zone(datetime.combine(on, at), rest) if on else None
    except (ValueError, OverflowError):
        return None


def _in_zone(moment: datetime, rest: str) -> Reading:
    rest = _ISO_DAY.sub(" ", rest)
    if found := _OFFSET.search(rest):
        ahead = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        moment = moment - ahead if found[1] == "+" else moment + ahead
        return Reading(moment, "UTC", utc=True)
    if _UTC.search(rest):
        return Reading(moment, "UTC", utc=True)
    zone = _ZONE.search(rest)
    return Reading(moment, zone[0] if zone else "", utc=False)


def _day(rest: str, named: date | None) -> date | None:
    if found := _ISO_DAY.search(rest):
        return _date(*(int(part) for part in found.groups()))
    digits = _NUMBERS.findall(_OFFSET.sub(" ", rest))
    years = [int(text) for text in digits if len(text) == _YEAR_DIGITS]
    days = [int(text) for text in digits if len(text) < _YEAR_DIGITS]
    month = _MONTH.search(rest)
    if month and years and days:
        return _date(years[0], _MONTHS.index(month[1].lower()) + 1, days[0])
    return _near(named, days)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _near(named: date | None, days: list[int]) -> date | None:
    """The day of the log's name, or the one nearby whose number is written."""
    if named is None:
        return None
    around = [named + timedelta(days=night) for night in _NIGHTS]
    return next((near for near in around if near.day in days), named)
