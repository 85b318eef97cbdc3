"""What the agent tried: each command with its outcome, in its iteration.

A command names the provider session it ran in; the slot of that session is the
slot of the command (`sessions`).  One without a session, or whose session found
no slot, is placed by its time; where that says nothing either, the run of that
time is known and the iteration is not.  Somebody who worked with the agent when
no run was on (`Timeline.is_on`) did so in no run: that is place 0, and the
session itself stands for the run wherever runs are counted.

A failed command has the key of the failure that it would make of its iteration
(`keys`), so that both are known as the same.  Like the join, all of this is a
function of the set of facts, and only what a new fact can change is done again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from lokid.command import base_of
from lokid.events import CommandFailed, CommandWorked, Recorded
from lokid.extract import exception_class
from projections.changes import ALL, Changes
from projections.failure import Failure
from projections.feed import Feed
from projections.keys import Cause, Key, key_of, says_provider
from projections.moment import SECOND, at
from projections.sessions import Sessions
from projections.slots import Slot
from projections.timeline import Timeline

COMMANDS = (CommandFailed, CommandWorked)
_FEW = 64  # changes that are sorted in one by one


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One command that the agent ran.

    ``id`` and ``seq`` are its event's, ``place`` its run's, ``nth`` its place
    in its session, ``slot`` the number of its slot among all.  ``key`` is None
    for a command that worked.
    """

    id: str
    seq: int
    time: str
    head: str
    base: str
    ok: bool
    key: Key | None
    place: int
    run: str | None
    iteration: int | None
    nth: int
    session: str | None
    exit_code: int | None = None
    error_line: str | None = None
    places: tuple[str, ...] = ()
    phase: str | None = None
    slot: int | None = None


@dataclass(slots=True, eq=False)
class _Group:
    """The commands of one session, or one command without one."""

    name: str
    facts: list[Recorded] = field(default_factory=list)
    minutes: frozenset[int] = frozenset()
    slot: Slot | None = None
    made: dict[str, Attempt] = field(default_factory=dict)


_Row = tuple[str, str, int, str, Attempt]


class Attempts:
    """All commands, each in its run and iteration."""

    def __init__(self, timeline: Timeline, sessions: Sessions, feed: Feed) -> None:
        """All are shared; the first two are settled before `settle` is called."""
        self.edition = 0
        self.editions: dict[int, int] = {}
        self._timeline = timeline
        self._sessions = sessions
        self._feed = feed
        self._groups: dict[str, _Group] = {}
        self._by_time: list[tuple[int, str]] = []
        self._stale: set[str] = set()
        self._rows: list[_Row] = []
        self._by_run: dict[int, list[_Row]] = {}
        self._all: list[Attempt] | None = None

    def add(self, recorded: Recorded) -> None:
        """Take one command in."""
        event = recorded.event
        if not isinstance(event, COMMANDS):
            return
        name = event.session or recorded.id
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = _Group(name)
        group.facts.append(recorded)
        self._stale.add(name)

    def settle(self, changes: Changes, *, again: bool) -> None:
        """Place what is new or may lie elsewhere now.

        ``changes``: what changed in slots and sessions since the last time;
        ``again``: all of it was made anew.
        """
        if again:
            self._stale.update(self._groups)
        self._stale |= self._sessions.take_moved() & self._groups.keys()
        for index in changes.runs():
            self._stale.update(self._near(index, changes.since(index)))
        gone: list[_Row] = []
        come: list[_Row] = []
        for name in self._stale:
            self._place(self._groups[name], gone, come)
        self._stale.clear()
        self._sort_in(gone, come)

    def all(self) -> list[Attempt]:
        """Every command, by time, session, place in it, and id."""
        if self._all is None:
            self._all = [row[-1] for row in self._rows]
        return list(self._all)

    def of_run(self, place: int) -> list[Attempt]:
        """The commands of one run, in the same order."""
        return [row[-1] for row in self._by_run.get(place, ())]

    # -- placing -----------------------------------------------------------

    def _near(self, index: int, since: int) -> list[str]:
        """The groups that lie where a run was joined again."""
        early, late = self._timeline.span(self._timeline.runs[index])
        if since != ALL:
            early = max(early, since - SECOND)
        first = bisect_left(self._by_time, (_minute(early - SECOND), ""))
        last = bisect_right(self._by_time, (late + SECOND, "\U0010ffff"))
        return [name for _, name in self._by_time[first:last]]

    def _place(self, group: _Group, gone: list[_Row], come: list[_Row]) -> None:
        """Find the slot of a group, and make its attempts where they changed."""
        moment = self._moment(group)
        self._file(group, moment)
        group.slot = self._slot(group, moment)
        for recorded in group.facts:
            made = self._made(recorded, group.slot)
            known_before = group.made.get(recorded.id)
            if made == known_before:
                continue
            if known_before is not None:
                gone.append(_row(known_before))
            come.append(_row(made))
            group.made[recorded.id] = made

    def _file(self, group: _Group, moment: int) -> None:
        """Let a group be found by each minute in which it did something.

        Its commands may lie in several runs, whatever its first moment is.
        """
        times = (moment, *map(at, group.facts))
        minutes = frozenset(map(_minute, times))
        for minute in group.minutes - minutes:
            known = (minute, group.name)
            self._by_time.pop(bisect_left(self._by_time, known))
        for minute in minutes - group.minutes:
            insort(self._by_time, (minute, group.name))
        group.minutes = minutes

    def _moment(self, group: _Group) -> int:
        told = self._sessions.moment_of(group.name)
        return min(map(at, group.facts)) if told is None else told

    def _slot(self, group: _Group, moment: int) -> Slot | None:
        slot = self._sessions.slot_of(group.name)
        if slot is not None or self._sessions.is_local(group.name):
            return slot
        if self._is_outside(group.name, moment):
            return None
        return self._timeline.around(moment, completed=False)

    def _is_outside(self, name: str, moment: int) -> bool:
        """Whether a session that no log tells of was in no run."""
        untold = self._sessions.moment_of(name) is None
        return untold and not self._timeline.is_on(moment)

    def _made(self, recorded: Recorded, slot: Slot | None) -> Attempt:
        event = recorded.event
        assert isinstance(event, COMMANDS)  # noqa: S101  `add` takes no other
        run = slot.run if slot else self._timeline.run_at(at(recorded))
        if slot is None and self._is_outside(
            event.session or recorded.id, at(recorded)
        ):
            run = self._timeline.runs[0]
        failed = event if isinstance(event, CommandFailed) else None
        local = slot is not None and self._sessions.is_local(event.session or "")
        completed = slot.completed if slot and local else None
        return Attempt(
            id=recorded.id,
            seq=recorded.seq,
            time=completed.time if completed else recorded.time,
            head=event.head,
            base=base_of(event.head),
            ok=failed is None,
            key=_key(failed, slot) if failed else None,
            place=run.index,
            run=run.id,
            iteration=slot.iteration if slot else None,
            nth=event.nth,
            session=event.session,
            exit_code=failed.exit_code if failed else None,
            error_line=failed.error_line if failed else None,
            places=failed.places if failed else (),
            phase=slot.phase if slot else None,
            slot=slot.number if slot else None,
        )

    # -- keeping the order -------------------------------------------------

    def _sort_in(self, gone: list[_Row], come: list[_Row]) -> None:
        if not gone and not come:
            return
        self._all = None
        self.edition += 1
        changed: dict[int, tuple[list[_Row], list[_Row]]] = {}
        for row in gone:
            changed.setdefault(row[-1].place, ([], []))[0].append(row)
        for row in come:
            changed.setdefault(row[-1].place, ([], []))[1].append(row)
        self._rows = _merged(self._rows, gone, come)
        for place, (left, arrived) in changed.items():
            self._by_run[place] = _merged(self._by_run.get(place, []), left, arrived)
            self.editions[place] = self.edition
            self._feed.runs.add(place)
        for row in (*gone, *come):
            if row[-1].key is not None:
                self._feed.keys.add(row[-1].key.key)


def _minute(moment: int) -> int:
    return moment - moment % (60 * SECOND)


def witnesses(
    attempts: Iterable[Attempt], of_slots: Mapping[int, Failure]
) -> dict[str, str]:
    """Which failed attempts have the key of their own iteration's failure."""
    found: dict[str, str] = {}
    for one in attempts:
        failure = None if one.slot is None else of_slots.get(one.slot)
        if failure and one.key and failure.key.key == one.key.key:
            found[one.id] = failure.id
    return found


def _row(one: Attempt) -> _Row:
    return (one.time, one.session or "", one.nth, one.id, one)


def _merged(rows: list[_Row], gone: list[_Row], come: list[_Row]) -> list[_Row]:
    """The rows without what is gone and with what came, in order."""
    if len(gone) + len(come) > _FEW:
        left = {row[3] for row in gone}
        return sorted([*(row for row in rows if row[3] not in left), *come], key=_order)
    for row in gone:
        rows.pop(bisect_left(rows, _order(row), key=_order))
    for row in come:
        insort(rows, row, key=_order)
    return rows


def _order(row: _Row) -> tuple[str, str, int, str]:
    return row[:4]


def key_of_command(
    line: str | None, places: tuple[str, ...], exit_code: int | None, phase: str | None
) -> Key:
    """The key that a failed command would give to its iteration."""
    if places or (line and exception_class(line)):
        kind = "crash"
    else:
        kind = "provider" if says_provider(line) else "exit"
    return key_of(
        Cause(kind=kind, phase=phase, exit_code=exit_code, line=line, places=places)
    )


def _key(event: CommandFailed, slot: Slot | None) -> Key:
    phase = slot.phase if slot else None
    return key_of_command(event.error_line, event.places, event.exit_code, phase)
