"""One policy through one story: asked before each iteration and each command.

The views fold the story up to the start of a turn and are asked for the block,
then for a check before each command, as of that moment; what they say is folded
as served, so that nothing is said twice to one agent.  What a turn's commands
did is known when the turn is over, as it is with the harness's log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

import projections
from cli.replays.material import Material
from cli.replays.policies import Policy
from lokid.clock import from_seconds, to_seconds
from lokid.config import Settings
from lokid.events import Recorded, Served, Src
from lokid.projection import Answer, Projection
from projections.failure import Failure
from projections.join import Join
from projections.lesson import Lesson, Sighting, seen_as
from projections.lessons import Lessons
from projections.message import told
from projections.replay import Score, Shown, Story, Turn
from projections.served import SERVED

_DAY = 86_400
_HARNESS_LINES = 3
BLOCK_SETTINGS = ("recent_lines", "prior_lines", "council_lines", "max_bytes")
_HEADER = len("PAST FAILURES TO AVOID:\n")


class Player:
    """Plays one policy."""

    def __init__(
        self,
        material: Material,
        policy: Policy,
        settings: Settings,
        tick: Callable[[], None],
    ) -> None:
        """``settings`` hold where the policy says nothing; ``tick``: a turn is over."""
        self._material = material
        self._policy = policy
        self._tick = tick
        own = {key: str(getattr(settings, key)) for key in BLOCK_SETTINGS}
        self._params = {**own, **policy.params}
        views = projections.build(settings.rules) if policy.asks else ()
        self._views: dict[str, Projection] = {view.name: view for view in views}
        self._book = _book(views)
        self._folded = 0
        self._served = 0
        self._harness = _Harness(material)

    def play(self, story: Story) -> Score:
        """The score of the policy in this story."""
        score = Score()
        for place, turn in enumerate(story.turns):
            if self._views:
                self._fold(self._material.known[place])
            shown, size = self._block(turn)
            score.block(shown, size, story.ahead(place))
            for nth, use in enumerate(turn.uses):
                fired, size = self._check(turn, use.command)
                shown = [*shown, *fired]
                repeat = story.repeats.get((place, nth))
                score.use(use, repeat, shown, fired, size)
            self._tick()
        return score

    # -- folding -----------------------------------------------------------

    def _fold(self, until: int) -> None:
        for fact in self._material.facts[self._folded : until]:
            self._apply(msgspec.structs.replace(fact, seq=fact.seq + self._served))
        self._folded = max(self._folded, until)

    def _apply(self, fact: Recorded) -> None:
        for view in self._views.values():
            view.apply(fact)

    def _serve(self, event: Served, time: str) -> None:
        self._served += 1
        fact = Recorded(
            seq=self._folded + self._served,
            id=f"{self._served:032x}",
            time=time,
            at=time,
            type=event.TYPE,
            event=event,
            src=Src(),
        )
        self._apply(fact)

    # -- asking ------------------------------------------------------------

    def _block(self, turn: Turn) -> tuple[list[Shown], int]:
        if self._policy.block == "harness":
            return self._harness.block(turn.time)
        if self._policy.block == "none":
            return [], 0
        answer = self._ask("context", turn, self._params)
        rows = [line for line in answer["lines"] if line["lesson"]]
        kept = [
            line
            for line in rows
            if line["kind"] != "prior" or self._tells(line["lesson"])
        ]
        size = answer["bytes"] - sum(
            len(line["text"].encode()) + 1 for line in rows if line not in kept
        )
        names = [line["lesson"] for line in kept]
        self._deliver(answer, names, turn)
        return self._shown(names), size

    def _check(self, turn: Turn, command: str) -> tuple[list[Shown], int]:
        if not (self._policy.check and command):
            return [], 0
        answer = self._ask("check", turn, {"command": command})
        names = [name for name in answer["lessons"] if self._tells(name)]
        if not names:
            return [], 0
        self._deliver(answer, names, turn)
        return self._shown(names), answer["bytes"]

    def _ask(self, name: str, turn: Turn, params: Mapping[str, str]) -> Answer:
        here = {"iteration": str(turn.iteration)} if turn.iteration else {}
        return self._views[name].query({**params, **here}, turn.time)

    def _deliver(self, answer: Answer, names: Sequence[str], turn: Turn) -> None:
        event = answer.get(SERVED)
        if isinstance(event, Served):
            lessons = tuple(name for name in event.lessons if name in names)
            self._serve(msgspec.structs.replace(event, lessons=lessons), turn.time)

    def _tells(self, name: str) -> bool:
        """Whether the policy's own thresholds let a lesson be told."""
        policy, lesson = self._policy, self._lesson(name)
        return (
            lesson.count >= policy.least_sightings and lesson.runs >= policy.least_runs
        )

    def _shown(self, names: Sequence[str]) -> list[Shown]:
        return [_shown(self._lesson(name), self._material.cause_of) for name in names]

    def _lesson(self, name: str) -> Lesson:
        return self._book.find(name)[0]


def _book(views: Iterable[Projection]) -> Lessons:
    """The book among the views; an empty one where none is asked."""
    for view in views:
        if isinstance(view, Lessons):
            return view
    return Lessons(Join())


class _Harness:
    """The harness's own policy: the 3 newest failures of a day, as they come."""

    def __init__(self, material: Material) -> None:
        self._failures = material.failures
        self._cause_of = material.cause_of
        self._known = 0

    def block(self, time: str) -> tuple[list[Shown], int]:
        """What it would show at a moment, each line judged by its own failure."""
        while self._known < len(self._failures) and (
            self._failures[self._known].time < time
        ):
            self._known += 1
        early = from_seconds(to_seconds(time) - _DAY) or ""
        newest = self._failures[max(0, self._known - _HARNESS_LINES) : self._known]
        lines = [one for one in reversed(newest) if one.time >= early]
        size = sum(len(told(one).encode()) + len("- \n") for one in lines)
        return [self._shown(one) for one in lines], size + _HEADER * bool(lines)

    def _shown(self, failure: Failure) -> Shown:
        cause = self._cause_of(seen_as(failure))
        return Shown("", failure.key.family, {cause: 1})


def _shown(lesson: Lesson, cause_of: Callable[[Sighting], str]) -> Shown:
    causes = Counter(map(cause_of, lesson.sightings))
    return Shown(lesson.id, lesson.family, causes)
