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

from lokid.events import OutputFailed, OutputPassed, Recorded
from projections.changes import Changes
from projections.moment import SECOND, millis
from projections.order import in_order, longest_match
from projections.session_logs import Log, Session
from projections.slots import Run, Slot
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
        self._moved: set[str] = set()

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
        log.utc = log.utc and event.utc
        self._touched.add(path)
        self._moved.add(recorded.id)

    def settle(self, changes: Changes, *, again: bool) -> None:
        """Place what is new, and mark the runs whose sessions this changes.

        ``changes``: what changed in the slots since the last time; ``again``:
        the slots are all made anew.
        """
        runs = [self._timeline.runs[index] for index in changes.runs()]
        for log in self._logs.values():
            if again:
                log.matched, log.numbers = {}, {}
            early, late = log.span()
            moved = any(
                run.start <= late and self._timeline.until(run) >= early for run in runs
            )
            if moved and not log.utc:
                self._touched.add(log.path)
        for path in sorted(self._touched):
            self._place(self._logs[path], changes)
        self._touched.clear()

    def take_moved(self) -> set[str]:
        """The ids of sessions that were placed elsewhere since this was asked last."""
        moved, self._moved = self._moved, set()
        return moved

    def moment_of(self, name: str) -> int | None:
        """When the session with this id ran, in UTC, where that is known."""
        session = self._meant(name)
        return session.moment if session else None

    def is_local(self, name: str) -> bool:
        """Whether the session with this id says the time in an unknown zone."""
        session = self._known.get(name)
        return session is not None and not session.event.utc

    def slot_of(self, name: str) -> Slot | None:
        """The slot of the session with this id, even if a later one has it."""
        session = self._meant(name)
        if session is None:
            return None
        log = self._logs[session.recorded.src.path or ""]
        number = log.numbers.get(session.recorded.id)
        return self.pick(session) if number is None else self._timeline.slots[number]

    def _meant(self, name: str) -> Session | None:
        """The session with this id; of two readings the one that has its head."""
        session = self._known.get(name)
        if session is None or session.started is not None:
            return session
        return self._logs[session.recorded.src.path or ""].twin(session)

    def between(self, start: int, end: int) -> list[Session]:
        """Sessions whose time is known and lies there, in order."""
        place = bisect_left(self._by_time, (start, ""))
        found = []
        for moment, name in self._by_time[place:]:
            if moment > end:
                break
            found.append(self._known[name])
        return found

    def of_run(self, run: Run, since: int) -> dict[int, Session]:
        """The session of each slot (by number) of a run, from a moment on."""
        found: dict[int, Session] = {}
        mine = {slot.number for slot in run.slots if slot.until >= since}
        for path in sorted(self._logs):
            matched = self._logs[path].matched
            found |= {number: matched[number] for number in mine & matched.keys()}
        early, late = self._timeline.span(run)
        for session in self.between(max(since, early), late):
            slot = self.pick(session)
            if slot is None or slot.run is not run:
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

    def _place(self, log: Log, changes: Changes) -> None:
        """Give each session of a log its time, or match it by order."""
        whole = log.whole()
        self._moved.update(
            one.recorded.id for one in log.sessions.values() if one.started is None
        )
        local = [one for one in whole if not one.event.utc]
        shift = (
            distance_from_utc(local, self._timeline.begun_between(*log.span()))
            if local
            else None
        )
        placed: dict[str, int] = {}
        for one in whole:
            clock = one.clock
            if clock is not None and (one.event.utc or shift is not None):
                placed[one.recorded.id] = clock + (0 if one.event.utc else shift or 0)
        self._move(log, placed, changes)
        timeless = len(placed) < len(whole)
        matched = self._match(log, whole) if timeless else {}
        for number in log.matched.keys() | matched.keys():
            if log.matched.get(number) is not matched.get(number):
                slot = self._timeline.slots[number]
                changes.mark(slot.run.index, slot.start)
                pair = (log.matched.get(number), matched.get(number))
                self._moved.update(one.recorded.id for one in pair if one)
        log.matched = matched
        log.numbers = {one.recorded.id: number for number, one in matched.items()}

    def _move(self, log: Log, placed: dict[str, int], changes: Changes) -> None:
        for name, moment in log.placed.items() - placed.items():
            self._by_time.pop(bisect_left(self._by_time, (moment, name)))
            self._known[name].moment = None
            self._moved.add(name)
            self._mark(moment, changes)
        for name, moment in placed.items() - log.placed.items():
            insort(self._by_time, (moment, name))
            self._known[name].moment = moment
            self._moved.add(name)
            self._mark(moment, changes)
        log.placed = placed

    def _mark(self, moment: int, changes: Changes) -> None:
        for run in self._timeline.runs_near(moment):
            changes.mark(run.index, moment)

    def _match(self, log: Log, whole: list[Session]) -> dict[int, Session]:
        slots = self._timeline.begun_between(*log.span())
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
