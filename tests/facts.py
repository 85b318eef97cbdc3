"""Hand-made facts: what a run of the harness tells, as recorded events.

`Story` writes one run after another with a clock of its own, in the spellings
and at the moments of the real harness.  `shuffled` is another arrival order of
the same facts.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from lokid import clock, events
from lokid.events import Event, Recorded, Src
from lokid.projection import Answer, Projection
from projections import build

START = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
PHASES = ("REASON", "ACT", "REFLECT", "VERIFY")
NOW = "2026-03-02T12:00:00.000Z"


def name_of(*parts: object) -> str:
    """An id: the same parts, the same id."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


class Story:
    """Facts in the order they were told; ``seconds`` is the story's clock."""

    def __init__(self, start: datetime = START) -> None:
        """Begin at ``start``."""
        self.start = start
        self.seconds = 0.0
        self.told: list[Recorded] = []
        self._offset = 0
        self._nth = 0
        self._last_session: dict[str, str] = {}
        self.generation = name_of("generation", start.isoformat())[:32]

    def now(self, shift: float = 0.0) -> str:
        """The story's time, in the envelope's width."""
        return clock.stamp(self.start + timedelta(seconds=self.seconds + shift))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds

    def add(self, event: Event, src: Src, time: str | None = None) -> Recorded:
        """Record one event; ``seq`` is its place in the story."""
        at = self.now()
        recorded = Recorded(
            seq=len(self.told) + 1,
            id=name_of(event, src, time, len(self.told)),
            time=time or at,
            at=at,
            type=event.TYPE,
            event=event,
            src=src,
        )
        self.told.append(recorded)
        return recorded

    def stream(self, event: Event, time: str | None = None) -> Recorded:
        """A line of ``events.jsonl``."""
        self._offset += 100
        src = Src(path="events.jsonl", generation=self.generation, offset=self._offset)
        return self.add(event, src, time)

    def rotate(self) -> None:
        """The main stream goes on in a new file."""
        self.generation = name_of("generation", self.generation)[:32]
        self._offset = 0

    # -- the main stream ---------------------------------------------------

    def run(self, pid: int = 4321) -> Recorded:
        """A run starts."""
        return self.stream(events.RunStarted(pid=pid))

    def begin(self, iteration: int) -> Recorded:
        """An iteration starts."""
        return self.stream(events.IterationStarted(iteration=iteration))

    def complete(self, iteration: int, exit_code: int = 0) -> Recorded:
        """An iteration completes."""
        status = "failed" if exit_code else "completed"
        return self.stream(
            events.IterationCompleted(
                iteration=iteration, status=status, exit_code=exit_code
            )
        )

    def review(self, iteration: int, *, blocking: bool) -> Recorded:
        """A review ends."""
        return self.stream(
            events.ReviewCompleted(iteration=iteration, blocking=blocking)
        )

    # -- the log -----------------------------------------------------------

    def session(  # noqa: PLR0913  a story's parts, by name
        self,
        iteration: int,
        exit_code: int = 0,
        *,
        line: str | None = None,
        symbols: Sequence[str] = (),
        near: Sequence[str] = (),
        places: Sequence[str] = (),
        lasting: float = 0.0,
        zone: float | None = None,
        head: bool = True,
        clocked: bool = True,
        empty: bool = False,
    ) -> Recorded:
        """A provider session that ends now; ``zone``: hours the markers are off."""
        day = self.start + timedelta(seconds=self.seconds) + timedelta(hours=zone or 0)
        path = f"logs/autonomy-{day:%Y%m%d}.log"
        shift = 3600 * (zone or 0)
        common: dict[str, Any] = {
            "started": self.now(shift - lasting) if head and clocked else None,
            "ended": self.now(shift) if clocked else None,
            "utc": zone is None and clocked,
            "phase": PHASES[iteration % 4] if head else None,
            "exit_code": exit_code,
            "after": self._last_session.get(path),
        }
        event: Event
        if exit_code or empty:
            event = events.OutputFailed(
                **common,
                empty=empty,
                error_line=line,
                symbols=tuple(symbols),
                near=tuple(near),
                places=tuple(places),
            )
        else:
            event = events.OutputPassed(**common)
        recorded = self.add(event, Src(path=path), self.now())
        self._last_session[path] = recorded.id
        return recorded

    def command(  # noqa: PLR0913  a story's parts, by name
        self,
        head: str,
        exit_code: int = 0,
        *,
        line: str | None = None,
        places: Sequence[str] = (),
        session: str | None = None,
        nth: int = 0,
    ) -> Recorded:
        """A command that the agent ran, of a session (by id) or by itself."""
        event: Event = events.CommandWorked(head=head, session=session, nth=nth)
        if exit_code:
            event = events.CommandFailed(
                head=head,
                session=session,
                nth=nth,
                exit_code=exit_code,
                error_line=line,
                places=tuple(places),
            )
        return self.add(event, Src(path="logs/autonomy-20260302.log"))

    # -- files of their own ------------------------------------------------

    def crash(  # noqa: PLR0913  a story's parts, by name
        self,
        iteration: int | None,
        exit_code: int | None = 1,
        signature: Sequence[str] = (),
        *,
        error_class: str = "IterationError",
        fingerprint: str | None = None,
        path: str | None = None,
    ) -> Recorded:
        """A crash file."""
        names = [one.replace("(anonymous)", "<anonymous>") for one in signature]
        text = "\n".join([error_class, *names])
        digest = fingerprint or hashlib.sha256(text.encode()).hexdigest()
        event = events.CrashObserved(
            error_class=error_class,
            signature=tuple(signature),
            fingerprint=digest,
            phase=None if iteration is None else PHASES[iteration % 4],
            exit_code=exit_code,
        )
        where = path or f"crash/{digest}-{int(self.seconds)}.json"
        return self.add(event, Src(path=where, sha256=digest))

    def friction(self, kind: str = "gate_failure") -> Recorded:
        """A friction's crash file."""
        digest = hashlib.sha256(b"Friction\n").hexdigest()
        event = events.FrictionObserved(
            error_class="Friction", kind=kind, fingerprint=digest
        )
        return self.add(event, Src(path=f"crash/{digest}-{int(self.seconds)}.json"))

    def episode(
        self, iteration: int, outcome: str = "failure", **claims: Any
    ) -> Recorded:
        """An episode."""
        name = f"ep-{len(self.told)}"
        errors = (events.ReportedError(type="IterationError", **claims),)
        event = events.EpisodeRecorded(
            episode=name,
            iteration=iteration,
            phase=PHASES[iteration % 4],
            outcome=outcome,
            errors=errors if outcome == "failure" else (),
        )
        path = f"memory/episodic/2026-03-02/task-{name}.json"
        return self.add(event, Src(path=path))

    def provider(self, iteration: int, error_class: str) -> Recorded:
        """LAST_ERROR.json."""
        event = events.ProviderFailed(error_class=error_class, iteration=iteration)
        return self.add(event, Src(path="state/LAST_ERROR.json"))

    def trust(
        self, gate: str, iteration: int, consecutive: int, pid: int = 4321
    ) -> Recorded:
        """A trust-event that a gate failed."""
        event = events.GateFailed(
            gate=gate,
            witness="trust",
            iteration=iteration,
            consecutive=consecutive,
            run_id=f"run-20260302090000-{pid}-777",
        )
        self._offset += 50
        src = Src(
            path="metrics/trust-events.jsonl", generation="ab", offset=self._offset
        )
        return self.add(event, src)

    def evidence(self, gate: str, line: str, run_id: str | None = None) -> Recorded:
        """A line of failures.jsonl."""
        event = events.GateFailed(
            gate=gate, witness="evidence", evidence=line, run_id=run_id
        )
        self._offset += 50
        src = Src(path="memory/failures.jsonl", generation="cd", offset=self._offset)
        return self.add(event, src)

    def stage(self, gate: str, iteration: int, *, failed: bool) -> Recorded:
        """A gate's stage in the main stream."""
        if gate == "agent":
            status = "fail" if failed else "pass"
            return self.stream(
                events.StageCompleted(stage=gate, status=status, iteration=iteration)
            )
        if failed:
            return self.stream(
                events.GateFailed(gate=gate, witness="stage", iteration=iteration)
            )
        return self.stream(
            events.GatePassed(gate=gate, witness="stage", iteration=iteration)
        )

    def nth(self) -> int:
        """The next count of a state file's events."""
        self._nth += 1
        return self._nth

    def counted(self, **counts: int) -> Recorded:
        """The counter file has these values."""
        src = Src(path="quality/gate-failure-count.json", nth=self.nth())
        return self.add(events.GatesCounted(counts=counts), src)

    def transcript(self, iteration: int, outcome: str, **more: Any) -> Recorded:
        """A council transcript."""
        event = events.CouncilDecided(iteration=iteration, outcome=outcome, **more)
        path = f"council/transcripts/iter-{iteration}-{int(self.seconds)}.json"
        return self.add(event, Src(path=path))

    def vote_file(self, iteration: int, outcome: str, **more: Any) -> Recorded:
        """A round's vote file."""
        event = events.CouncilVoted(
            iteration=iteration, witness="round", outcome=outcome, **more
        )
        path = f"council/votes/round-{iteration}.json"
        return self.add(event, Src(path=path))

    # -- whole iterations --------------------------------------------------

    def iteration(  # noqa: PLR0913  a story's parts, by name
        self,
        number: int,
        exit_code: int = 0,
        *,
        line: str | None = None,
        symbols: Sequence[str] = (),
        crash: bool = False,
        zone: float | None = None,
        lasting: float = 20.0,
    ) -> None:
        """An iteration as the harness writes it, from its start to its episode."""
        self.begin(number)
        self.wait(lasting)
        self.session(
            number,
            exit_code,
            line=line,
            symbols=symbols,
            near=symbols,
            lasting=lasting - 1,
            zone=zone,
        )
        self.complete(number, exit_code)
        self.wait(1)
        if crash:
            self.crash(number, exit_code, symbols)
        self.wait(9)
        self.episode(number, "failure" if exit_code else "success")
        self.wait(5)


# -- asking --------------------------------------------------------------------


def views(facts: Iterable[Recorded]) -> dict[str, Projection]:
    """Every projection after these facts, by name."""
    known = build()
    for recorded in facts:
        for view in known:
            view.apply(recorded)
    return {view.name: view for view in known}


def ask(facts: Iterable[Recorded], name: str, now: str = NOW, **params: str) -> Answer:
    """One answer after these facts."""
    return views(facts)[name].query(params, now)


def failures(facts: Iterable[Recorded], *kinds: str) -> list[Answer]:
    """All failures after these facts, oldest first; only those of ``kinds``."""
    found = ask(facts, "failures", all="1")["failures"]
    return [one for one in reversed(found) if not kinds or one["kind"] in kinds]


def iteration_failures(facts: Iterable[Recorded]) -> list[Answer]:
    """All failures that are neither friction nor gates, oldest first."""
    return [one for one in failures(facts) if one["kind"] not in ("friction", "gate")]


def shuffled(facts: Sequence[Recorded], seed: int) -> list[Recorded]:
    """The same facts in another order of arrival."""
    found = list(facts)
    random.Random(seed).shuffle(found)  # noqa: S311  a story to replay, not a secret
    return found
