"""The order of writes: a run, its iterations, and what happens inside one.

Start of the run; then for each iteration its start, the prompt, the provider,
its end, the crash file, the gates, the episode, the council; then the end of
the run.  A killed harness stops in the middle of the provider's output.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from cli.simulator.cause import cut_off, failure
from cli.simulator.council import CouncilFiles
from cli.simulator.crash import Crashes
from cli.simulator.episodes import Episodes
from cli.simulator.gates import Gates
from cli.simulator.history import SIGNALS, Iteration, checked
from cli.simulator.moments import Moments, moment
from cli.simulator.noise import Noise
from cli.simulator.options import Options, Step, Truth
from cli.simulator.patterns import Patterns
from cli.simulator.progress import Progress
from cli.simulator.runs import RunFiles, prd_path
from cli.simulator.sessions import Sessions
from cli.simulator.stream import Stream
from cli.simulator.tree import Tree

_LEAD = timedelta(seconds=3)  # from a run's start to its first iteration
_PACE = {"log begins": 0.4, "event iteration_complete": 0.3, "convergence": 0.3}


class Simulator:
    """Plays histories into the `.loki` of one workspace.

    Several calls of `steps` go on in the same tree, as further runs.
    """

    def __init__(self, root: Path, options: Options | None = None) -> None:
        """``root`` is the workspace; its `.loki` is made on the first write."""
        self.options = options or Options()
        self._tree = Tree(root, self.options)
        self._stream = Stream(self._tree)
        self._crashes = Crashes(self._tree)
        self._runs = RunFiles(self._tree, self._stream)
        self._sessions = Sessions(self._tree)
        self._gates = Gates(self._tree, self._stream, self._crashes, self._runs)
        self._episodes = Episodes(self._tree, self._crashes)
        self._patterns = Patterns(self._tree, self._episodes)
        self._council = CouncilFiles(self._tree, self._stream)
        self._progress = Progress(self._tree)
        self._noise = Noise(self._tree)
        self._unfinished: tuple[Truth, ...] = ()

    @property
    def truth(self) -> list[Truth]:
        """What a perfect reader must know by now, in the order it became known."""
        return self._tree.truth

    @property
    def planted(self) -> list[str]:
        """Every planted string so far; empty without ``plant``."""
        return self._tree.planter.planted if self._tree.planter else []

    def steps(self, history: Iterable[Iteration]) -> Iterator[Step]:
        """Write one file after another; yield when each is closed.

        Raises `UsageError` for a history that cannot have happened.
        """
        last: Iteration | None = None
        for item, following in _with_next(checked(history)):
            self._tree.run = item.run
            first = last is None or last.run != item.run
            moments = _moments(item, following, present=self.options.times == "present")
            if first:
                lead = _gap(last, item) * 0.45 if last else _LEAD
                yield from self._begin(
                    item, moments.before(min(lead, _LEAD).total_seconds())
                )
            yield from self._iterate(item, moments)
            if not item.unfinished and (not following or following.run != item.run):
                yield from self._end(item, moments.after(1))
            last = item

    def _begin(self, item: Iteration, at: datetime) -> Iterator[Step]:
        self._tree.iteration = 0
        yield from self._runs.begin(item, at, self._unfinished)
        self._unfinished = ()
        yield from self._council.begin()

    def _iterate(self, item: Iteration, moments: Moments) -> Iterator[Step]:
        self._tree.iteration = item.iteration
        yield from self._start(item, moments)
        if item.unfinished:
            self._unfinished = (cut_off(item),)
            return
        yield from self._complete(item, moments)
        yield from self._crashes.failed(item, moments.after(0.05))
        yield from self._noise.note(item, moments.after(0.06))
        yield from self._progress.checkpoint(item, moments.after(0.07))
        yield from self._gates.judge(item, moments)
        yield from self._episodes.remember(item, moments)
        yield from self._council.track(item, moments.after(0.90))
        yield from self._council.hold(item, moments)
        yield from self._sessions.forget_copy()

    def _start(self, item: Iteration, moments: Moments) -> Iterator[Step]:
        """Up to the end of the provider's call."""
        yield from self._sessions.trim()
        yield from self._stream.event(
            moments.during(0),
            "iteration_start",
            iteration=item.iteration,
            provider="claude",
            prd=prd_path(item.goal),
        )
        yield from self._progress.take(item, moments.during(0.01))
        yield from self._episodes.boost(moments.during(0.02))
        at = moments.during(0.04)
        yield from self._progress.state(item, at, "running", self._runs.pid)
        yield from self._sessions.begin(item, moments.during(0.05))
        yield from self._sessions.body(item)
        if not item.unfinished:
            yield from self._sessions.end(item, moments.during(0.98))

    def _complete(self, item: Iteration, moments: Moments) -> Iterator[Step]:
        """From the provider's end to the one record of the exit code."""
        at = moments.during(1)
        if item.exit in SIGNALS:
            yield from self._stream.interrupted(at, item.exit)
        yield from self._progress.blame(item, at)
        agent = "fail" if item.marked_exit else "pass"
        yield from self._stream.stage(at, "agent", agent, 1)
        if self.options.nine:
            yield from self._stream.event(
                at, "agent_prompt", bytes=9800, iteration=item.iteration, duration_s=1
            )
        yield from self._progress.state(item, at, "exited", self._runs.pid)
        yield from self._stream.event(
            moments.after(0),
            "iteration_complete",
            (failure(item),) if item.exit else (),
            iteration=item.iteration,
            status="failed" if item.exit else "completed",
            exitCode=item.exit,
            provider="claude",
        )
        yield from self._noise.learn(item, moments.after(0.01))
        yield from self._progress.finish(item, moments)

    def _end(self, item: Iteration, at: datetime) -> Iterator[Step]:
        approved = item.council is not None and item.council.outcome == "approved"
        outcome = "council_approved" if approved else "max_iterations_reached"
        yield from self._progress.state(item, at, outcome, self._runs.pid)
        if approved:
            yield from self._patterns.consolidate(at)
        yield from self._runs.end(item, at, outcome)


def simulate(
    history: Iterable[Iteration],
    into: Path,
    options: Options | None = None,
    live: float | None = None,
) -> Simulator:
    """Play a whole history into the workspace ``into``; return the simulator.

    With ``live`` each iteration takes about that many seconds, and the times
    written are the present unless the options say otherwise.
    Raises `UsageError` for a history that cannot have happened.
    """
    options = options or Options()
    if live is not None and options.times is None:
        options = msgspec.structs.replace(options, times="present")
    simulator = Simulator(into, options)
    for step in simulator.steps(history):
        if live is not None:
            time.sleep(live * _PACE.get(step.what, 0.0))  # the pace asked for
    return simulator


def _moments(item: Iteration, following: Iteration | None, *, present: bool) -> Moments:
    """The clock of an iteration, with the room until what comes next."""
    room = timedelta(hours=1)
    if following:
        share = 0.9 if following.run == item.run else 0.45
        room = _gap(item, following) * share
    return Moments(moment(item.time), moment(item.ended), room, present=present)


def _gap(earlier: Iteration, later: Iteration) -> timedelta:
    """The time between the end of one iteration and the start of another."""
    return max(moment(later.time) - moment(earlier.ended), timedelta())


def _with_next(
    history: Iterable[Iteration],
) -> Iterator[tuple[Iteration, Iteration | None]]:
    """Each iteration with the one after it."""
    waiting: Iteration | None = None
    for item in history:
        if waiting:
            yield waiting, item
        waiting = item
    if waiting:
        yield waiting, None
