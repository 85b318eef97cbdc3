"""Which provider session of the log belongs to which slot.

A session carries its two markers' clock readings, phase and exit code, but no
iteration number.  With markers in UTC its time says which slot it is.  Else the
log's distance from UTC is found first: the one under which most of its sessions
fall into a slot of their phase and exit code.  Where no clock helps (markers
cut off or unreadable) the longest order-preserving match decides (`order`).

A session is joined to one slot, a slot keeps the latest of its sessions, and a
session without a slot makes no failure.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from lokid.events import OutputFailed, OutputPassed, Recorded
from projections.moment import SECOND, millis
from projections.order import in_order, longest_match
from projections.session_logs import Log, Session
from projections.slots import Slot
from projections.timeline import Timeline
from projections.zones import distance_from_utc


class Sessions:
    """All sessions, and the slot of each."""

    def __init__(self, timeline: Timeline) -> None:
        """``timeline`` is shared; it is settled before `settle` is called."""
        self._timeline = timeline
        self._logs: dict[str, Log] = {}
        self._touched: set[str] = set()
        self._by_time: list[tuple[int, str]] = []
        self._known: dict[str, Session] = {}

    def add(self, recorded: Recorded) -> None:
        """Take one session in."""
        event = recorded.event
        if not isinstance(event, OutputFailed | OutputPassed):
            return
        path = recorded.src.path or ""
        started = millis(event.started) if event.started else None
        ended = millis(event.ended) if event.ended else None
        log = self._logs.setdefault(path, Log(path))
        session = Session(recorded, event, started, ended)
        log.sessions[recorded.id] = self._known[recorded.id] = session
        self._touched.add(path)

    def settle(self, touched: Iterable[int]) -> set[int]:
        """Place what is new; gives the runs whose sessions may have changed.

        ``touched``: the runs whose slots changed since the last time.
        """
        runs = [self._timeline.runs[index] for index in touched]
        for log in self._logs.values():
            early, late = log.span()
            moved = any(
                run.start <= late and self._timeline.until(run) >= early for run in runs
            )
            if moved and not all(one.event.utc for one in log.sessions.values()):
                self._touched.add(log.path)
        changed: set[int] = set()
        for path in sorted(self._touched):
            changed |= self._place(self._logs[path])
        self._touched.clear()
        return changed

    def between(self, start: int, end: int) -> list[Session]:
        """Sessions whose time is known and lies there, in order."""
        place = bisect_left(self._by_time, (start, ""))
        found = []
        for moment, name in self._by_time[place:]:
            if moment > end:
                break
            found.append(self._known[name])
        return found

    def of_run(self, start: int, end: int, index: int) -> dict[int, Session]:
        """The session of each slot (by number) of a run that lasted so long."""
        found: dict[int, Session] = {}
        for path in sorted(self._logs):
            found |= self._logs[path].matched
        found = {
            number: one
            for number, one in found.items()
            if self._timeline.slots[number].run.index == index
        }
        for session in self.between(start - SECOND, end + SECOND):
            slot = self.pick(session)
            if slot is None or slot.run.index != index:
                continue
            other = found.get(slot.number)
            if other is None or _later(other, session):
                found[slot.number] = session
        return found

    def pick(self, session: Session) -> Slot | None:
        """The slot of a session whose time is known."""
        moment = session.moment
        if moment is None:
            return None
        fitting = []
        for slot in self._timeline.near(moment):
            done = slot.complete
            if done is None or not session.suits(slot):
                continue
            if slot.start - SECOND <= moment <= done + SECOND:
                outside = max(slot.start - moment, moment - done, 0)
                mark = done if session.started is None else slot.start
                fitting.append((outside, abs(moment - mark), slot.number, slot))
        return min(fitting, key=lambda fit: fit[:3])[3] if fitting else None

    # -- placing one log ---------------------------------------------------

    def _place(self, log: Log) -> set[int]:
        """Give each session its time, or match by order; the runs that changed."""
        whole = log.whole()
        local = [one for one in whole if not one.event.utc]
        shift = distance_from_utc(local, self._slots(log)) if local else None
        placed: dict[str, int] = {}
        for one in whole:
            clock = one.clock
            if clock is not None and (one.event.utc or shift is not None):
                placed[one.recorded.id] = clock + (0 if one.event.utc else shift or 0)
        changed = self._move(log, placed)
        timeless = any(one.recorded.id not in placed for one in whole)
        matched = self._match(log, whole) if timeless else {}
        for number in log.matched.keys() ^ matched.keys():
            changed.add(self._timeline.slots[number].run.index)
        for number in log.matched.keys() & matched.keys():
            if log.matched[number] is not matched[number]:
                changed.add(self._timeline.slots[number].run.index)
        log.matched = matched
        return changed

    def _move(self, log: Log, placed: dict[str, int]) -> set[int]:
        changed: set[int] = set()
        for name, moment in log.placed.items():
            if placed.get(name) != moment:
                self._by_time.pop(bisect_left(self._by_time, (moment, name)))
                self._known[name].moment = None
                changed |= self._runs_near(moment)
        for name, moment in placed.items():
            if log.placed.get(name) != moment:
                insort(self._by_time, (moment, name))
                self._known[name].moment = moment
                changed |= self._runs_near(moment)
        log.placed = placed
        return changed

    def _runs_near(self, moment: int) -> set[int]:
        return {
            self._timeline.run_at(moment + shift).index
            for shift in (-SECOND, 0, SECOND)
        }

    def _match(self, log: Log, whole: list[Session]) -> dict[int, Session]:
        slots = self._slots(log)
        done = [one for one in slots if one.complete is not None]
        running = slots[-1] if slots and slots[-1].complete is None else None

        def fits(session: Session, slot: Slot) -> bool:
            if session.moment is not None:
                return self.pick(session) is slot
            return session.suits(slot)

        ordered = in_order(whole)
        pairs = longest_match(ordered, done, fits)
        if running is not None and len(pairs) < len(ordered):
            # The newest session may be that of the slot that is still open.
            phase = ordered[-1].event.phase
            before = longest_match(ordered[:-1], done, fits)
            if phase in (None, running.phase) and len(before) == len(pairs):
                pairs = before
        return {slot.number: one for one, slot in pairs if one.moment is None}

    def _slots(self, log: Log) -> list[Slot]:
        """The slots that a log's day can hold."""
        early, late = log.span()
        return [one for one in self._timeline.slots if early <= one.start <= late]


def _later(one: Session, other: Session) -> bool:
    """Whether ``other`` is the later of two sessions of a slot."""
    if one.moment is None or other.moment is None:
        return other.moment is not None
    if other.event.after == one.recorded.id:
        return True
    if one.event.after == other.recorded.id:
        return False
    key = (one.moment, one.ended or 0, one.recorded.id)
    return key < (other.moment, other.ended or 0, other.recorded.id)
