"""Answers about the past: what they would have been with the log up to then.

``as_of`` is a seq, or a time: then the last event appended until that time is
meant.  The log is read and folded anew up to there, beside everything else:
nothing is scanned, captured or recorded, and the answer is never stale.  ``now``
is the moment that was asked for, which for a seq is when it was appended.

A block that was served then is told as it was.  A ``context.served`` stands on
a position (the event itself comes after it), and says which lessons it told, for
which phase and at which moment; from these the same renderer makes the same
bytes, and the recorded digest proves it.  Where it does not, the answer says why.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

import msgspec

from lokid import clock, codec
from lokid.config import Settings
from lokid.errors import UsageError
from lokid.events import ContextServed, LogCompacted, Recorded
from lokid.ingest.record import SERVED
from lokid.log import LogReader
from lokid.projection import Answer, Projection
from lokid.views import Views

DIGITS = 18
"""Digits of a position that are read: no log reaches further."""
KEPT = 2
"""Pasts that are kept folded: two, since a difference has two sides."""
_CONTEXT = "context"
_ROOM = "100000"
"""Bytes for a block that is told again: what it held then found its room then."""
_OWN = ("now", "phase", "iteration")
"""Parameters that make a question another one than what was asked then."""


class Position(msgspec.Struct, frozen=True):
    """A place in the log, what stands there, and the moment that is meant.

    ``until`` is the time that was asked for, where it was one.
    """

    seq: int
    now: str
    last: Recorded | None = None
    until: str | None = None


class Past:
    """See the module; any thread, one question at a time."""

    def __init__(
        self,
        directory: Path,
        projections: Callable[[], Sequence[Projection]],
        settings: Settings,
    ) -> None:
        """``directory`` is the log's; ``projections`` makes fresh instances."""
        self._reader = LogReader(directory)
        self._projections = projections
        self._settings = settings
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[int, str], Views] = OrderedDict()

    def query(self, name: str, params: Mapping[str, str]) -> Answer:
        """The answer as of ``params["as_of"]``.

        Raises UsageError for what is neither a seq nor a time, and for a seq
        that the log does not hold.
        """
        asked = {key: text for key, text in params.items() if key != "record"}
        with self._lock:
            position = self._position(asked.pop("as_of"))
            if name != _CONTEXT or any(key in asked for key in _OWN):
                return self._plain(name, asked, position)
            served = self._served(position)
            if served is None:
                answer = self._plain(name, asked, position)
                return {**answer, "served": None}
            return self._as_served(asked, served)

    # -- the answers -------------------------------------------------------

    def _plain(self, name: str, asked: Mapping[str, str], at: Position) -> Answer:
        views = self._views(at)
        answer = views.query(name, {"now": at.now, **asked}, stale=False, reason=None)
        answer.pop(SERVED, None)
        now = answer_now(asked, at)
        return {**answer, "as_of": {"seq": at.seq, "now": now}}

    def _as_served(self, asked: Mapping[str, str], served: Recorded) -> Answer:
        """The block that this event tells of, made again."""
        event = served.event
        assert isinstance(event, ContextServed)  # noqa: S101  `_served` gives no other
        at = self._at(event.position, event.now or served.at)
        told = {"now": at.now, "pinned": pinned(event), "max_bytes": _ROOM, **asked}
        told |= {"phase": event.phase} if event.phase else {}
        told |= {} if event.iteration is None else {"iteration": str(event.iteration)}
        answer = self._views(at).query(_CONTEXT, told, stale=False, reason=None)
        again = answer.pop(SERVED, None)
        note = _verdict(event, again, goal="goal" in asked)
        return {
            **answer,
            "as_of": {"seq": at.seq, "now": at.now},
            "served": {
                "seq": served.seq,
                "at": served.at,
                "same": note == SAME,
                "note": note,
            },
        }

    def _views(self, at: Position) -> Views:
        """Everything folded up to a position."""
        key = (at.seq, at.last.crc if at.last else "")
        views = self._known.pop(key, None)
        if views is None:
            views = Views(self._projections(), self._settings)
            for recorded in self._read(0, at.seq):
                views.fold((recorded,))
        self._known[key] = views
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return views

    # -- the log -----------------------------------------------------------

    def _position(self, written: str) -> Position:
        if written.isascii() and written.isdigit():
            return self._at(int(written[:DIGITS]), None)
        moment = clock.parse(written)
        if moment is None:
            message = f"--as-of {written} is neither a seq nor a time"
            raise UsageError(message, "write 17, or 2026-01-31T12:00:00Z")
        until = moment.encode()
        last = b""
        for line in self._reader.lines():
            if codec.at_of(line) <= until:
                last = line
        seq = codec.decode_line(last).seq if last else 0
        self._check(seq, written)
        return msgspec.structs.replace(self._at(seq, moment), until=moment)

    def _check(self, seq: int, meant: str) -> None:
        """Raise UsageError for a position before which a log was compacted."""
        first = next(self._reader.read(), None)
        event = first.event if first else None
        if isinstance(event, LogCompacted) and seq < event.until_seq:
            message = f"{meant} lies before event {event.until_seq}: it was compacted"
            raise UsageError(message, "lessons keep their record; the past does not")

    def _at(self, seq: int, now: str | None) -> Position:
        """A position by its seq; lines that were lost leave the one before."""
        if not seq:
            return Position(0, now or clock.now())
        self._check(seq, f"event {seq}")
        last = next(self._read(seq - 1, seq), None)
        if last is None:
            for last in self._read(0, seq):  # noqa: B007  the last one is wanted
                pass
            if next(self._read(seq, None), None) is None:
                end = last.seq if last else 0
                message = f"the log does not reach seq {seq}: it ends at {end}"
                raise UsageError(message, "lokictl status shows where it ends")
        return Position(seq, now or (last.at if last else clock.now()), last)

    def _served(self, at: Position) -> Recorded | None:
        """The block that was served at this position by then, the last if several.

        Where none stands on it but the event there is one itself, it is meant.
        """
        own = at.last if at.last and isinstance(at.last.event, ContextServed) else None
        found = own
        types = frozenset({ContextServed.TYPE})
        for line in self._reader.lines(at.seq, None, types):
            recorded = codec.decode_line(line)
            event = recorded.event
            stands = isinstance(event, ContextServed) and event.position == at.seq
            if stands and (at.until is None or recorded.at <= at.until):
                found = recorded
        return found

    def _read(self, since: int, until: int | None) -> Iterator[Recorded]:
        return self._reader.read(since, until)


SAME = "as served"


def pinned(event: ContextServed) -> str:
    """What a served block told, as the renderer takes it: ``kind:lesson,...``.

    Its lines with a lesson came first; what was held out is named behind them.
    """
    told = [*zip_longest(event.kinds, event.lessons, fillvalue="")]
    told += [("held", lesson) for lesson in event.held]
    return ",".join(f"{kind}:{lesson}" for kind, lesson in told)


def answer_now(asked: Mapping[str, str], at: Position) -> str:
    """The moment that an answer stands on: the one asked for, else the position's."""
    return clock.parse(asked.get("now")) or at.now


def _verdict(event: ContextServed, again: object, *, goal: bool) -> str:
    """Whether the bytes are the ones that were served, and if not, why."""
    if not isinstance(again, ContextServed) or event.digest is None:
        return "its bytes were not recorded"
    if again.digest == event.digest:
        return SAME
    if again.renderer != event.renderer:
        return f"differs: renderer {event.renderer} then, {again.renderer} now"
    if event.goal and not goal:
        return "differs: served with a goal that is not kept: give --goal"
    return "differs: other settings, rules or goal then"
