"""The join: which failure belongs to which iteration.

The harness's files share no key, and they arrive in any order over minutes, so
events are only filed when they come and joined when somebody asks.  The result
is a function of the set of events, never of their order (a law, held by tests),
and only the runs that a new event can change are joined again.

All read models stand on the one `Join`; a query of it gives its counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from lokid import events
from lokid.events import Event, Recorded
from lokid.projection import Answer
from projections.attempts import COMMANDS, Attempt, Attempts, witnesses
from projections.changes import ALL
from projections.counter import Counter
from projections.failure import Failure
from projections.feed import Feed
from projections.gate_cells import RunGates
from projections.gate_witness import GateBook
from projections.ledger import Ledger
from projections.rounds import Round, rounds_of
from projections.run_failures import RunFailures
from projections.sessions import Sessions
from projections.slots import Run
from projections.stream import STREAM_EVENTS
from projections.timeline import Timeline

_SESSIONS = (events.OutputFailed, events.OutputPassed)
_LEDGER: tuple[type[Event], ...] = (
    events.CrashObserved,
    events.FrictionObserved,
    events.EpisodeRecorded,
    events.ProviderFailed,
    events.IterationInterrupted,
    events.GateFailed,
    events.GatePassed,
    events.ReviewCompleted,
    events.CouncilVoted,
    events.CouncilDecided,
    events.CouncilBlocked,
    events.CouncilReleased,
    events.CouncilTracked,
    events.ConvergenceMeasured,
)


class Join:
    """Events filed and joined; the others ask it."""

    name = "join"
    version = 1
    hears = (Event,)

    def __init__(self) -> None:
        """Begin with no event."""
        self.seq = 0
        self.heard = 0
        self.shared: dict[type, object] = {}  # made once by the first that asks
        self.timeline = Timeline()
        self.ledger = Ledger(self.timeline)
        self._sessions = Sessions(self.timeline)
        self._counter = Counter(self.timeline)
        self._gates = GateBook(self.timeline, self.ledger, self._counter)
        self._runs: dict[int, RunFailures] = {}
        self._rounds: dict[int, list[Round]] = {}
        self._known: dict[str, dict[int, list[Failure]]] = {}
        self._newest: dict[int, str] = {}
        self._all_of_run_0 = True
        self._fresh = False
        self.feed = Feed()
        self.tried = Attempts(self.timeline, self._sessions, self.feed)
        self._witnessed: dict[int, tuple[object, dict[str, str]]] = {}
        self.edition = 0
        self.editions: dict[int, int] = {}
        self._ways: dict[type, Callable[[Recorded], None]] = {
            **dict.fromkeys(STREAM_EVENTS, self._add_of_stream),
            **dict.fromkeys(_SESSIONS, self._sessions.add),
            **dict.fromkeys(COMMANDS, self.tried.add),
            **dict.fromkeys(_LEDGER, self._add_to_ledger),
            events.GatesCounted: self._counter.add,
            events.StageCompleted: self._add_stage,
        }

    # -- folding -----------------------------------------------------------

    def apply(self, recorded: Recorded) -> None:
        """File one event; nothing is joined before somebody asks."""
        self.seq = max(self.seq, recorded.seq)
        self.heard += 1
        way = self._ways.get(type(recorded.event))
        if way is not None:
            way(recorded)
            self._fresh = False

    def _add_of_stream(self, recorded: Recorded) -> None:
        if self.ledger.heed(recorded):
            self.timeline.disturb()
        self.timeline.add(recorded)

    def _add_to_ledger(self, recorded: Recorded) -> None:
        self.ledger.add(recorded)
        if self._gates.heed(recorded):
            self._all_of_run_0 = True

    def _add_stage(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, events.StageCompleted) and event.stage == "agent":
            self.ledger.add(recorded)

    # -- asking ------------------------------------------------------------

    def settle(self) -> None:
        """Join what changed since the last time."""
        if self._fresh:
            return
        again = self.timeline.settle()
        if again:
            self.feed.begin()
            self._gates.forget()
            self._runs, self._rounds, self._known = {}, {}, {}
            self.editions, self._newest = {}, {}
            self._witnessed = {}
        changes = self.timeline.take_changes()
        self._sessions.settle(changes, again=again)
        self.ledger.settle(changes, again=again)
        self.tried.settle(changes, again=again)
        completed = self.timeline.take_completed_from()
        self._counter.settle(changes, ALL if again else completed)
        if self._all_of_run_0:
            changes.mark(0)
        for index in changes.runs():
            self._settle_run(self.timeline.runs[index], changes.since(index))
        self._all_of_run_0 = False
        self._fresh = True

    def _settle_run(self, run: Run, since: int) -> None:
        view = self._runs.get(run.index)
        if view is None:
            view = self._runs[run.index] = RunFailures(
                run, self.timeline, self.ledger, self._sessions, self._gates
            )
            since = ALL
        gone, come = view.settle(since if run.index else ALL)
        self.feed.runs.add(run.index)
        self.feed.keys.update(one.key.key for one in (*gone, *come))
        for one in gone:
            self._known[one.key.key][run.index].remove(one)
        for one in come:
            by_run = self._known.setdefault(one.key.key, {})
            by_run.setdefault(run.index, []).append(one)
        self._rounds[run.index] = rounds_of(run, self.timeline, self.ledger)
        if gone or come or run.index not in self.editions:
            self.edition += 1
            self.editions[run.index] = self.edition
            self._newest[run.index] = max((one.time for one in view.all()), default="")

    def failures(self) -> list[Failure]:
        """All failures, newest first by (time, id)."""
        self.settle()
        found = [one for view in self._runs.values() for one in view.all()]
        return sorted(found, key=lambda one: (one.time, one.id), reverse=True)

    def of_run(self, run: Run) -> RunFailures | None:
        """The failures of one run, by what they are; None: nothing is known."""
        self.settle()
        return self._runs.get(run.index)

    def newest(self, run: Run) -> str:
        """The time of a run's newest failure; empty without one."""
        return self._newest.get(run.index, "")

    def gates(self, run: Run) -> RunGates:
        """What is known of a run's gates."""
        self.settle()
        return self._gates.of(run)

    def sightings(self, key: str) -> list[Failure]:
        """The failures with a key, oldest first."""
        self.settle()
        found = [one for group in self._known.get(key, {}).values() for one in group]
        return sorted(found, key=lambda one: (one.time, one.id))

    def count(self, key: str) -> int:
        """How often a key was seen."""
        return sum(len(group) for group in self._known.get(key, {}).values())

    def causes(self) -> Iterator[str]:
        """Every key that has a failure."""
        self.settle()
        return (key for key, runs in self._known.items() if any(runs.values()))

    def attempts(self) -> list[Attempt]:
        """All commands that the agent ran, oldest first by (time, session, nth, id)."""
        self.settle()
        return self.tried.all()

    def witnessed(self) -> dict[str, str]:
        """The failed commands that tell of their iteration's failure, by id.

        Each with that failure's id: an attempt in a failing iteration that has
        its key is a witness of it, not a failure of its own.
        """
        self.settle()
        found: dict[str, str] = {}
        for place, view in self._runs.items():
            stamp = (self.tried.editions.get(place), self.editions.get(place))
            known = self._witnessed.get(place)
            if known is None or known[0] != stamp:
                told = witnesses(self.tried.of_run(place), view.of_slots)
                known = self._witnessed[place] = (stamp, told)
            found |= known[1]
        return found

    def rounds(self) -> list[Round]:
        """All council rounds, oldest first."""
        self.settle()
        found = [one for rounds in self._rounds.values() for one in rounds]
        return sorted(found, key=lambda one: (one.time, one.iteration, one.run or ""))

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """How much of what there is: runs, iterations, failures, keys, rounds."""
        self.settle()
        return {
            "runs": len(self.timeline.runs) - 1,
            "iterations": len(self.timeline.slots),
            "failures": len(self.failures()),
            "keys": sum(1 for _ in self.causes()),
            "rounds": len(self.rounds()),
        }
