"""States of lessons over random histories: evidence, order, replay, recipes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from facts import Story
from lesson_model import Happening, states
from lokid import events
from lokid.events import Event, LessonSaid, Recorded, Src
from lokid.projection import Projection
from projections import build, keys
from projections.keys import Cause, key_of
from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.sightings import member_of, members_of

CAUSES = ("c0", "c1", "c2")
GATE = "doc_coverage"
SOON, LATE = "2026-03-02T10:00:00.000Z", "2026-03-03T12:00:00.000Z"
SPLITS = ("phase", "exit_code", "command", "place")
PERSONAL = {
    "resolved": events.LessonResolved.TYPE,
    "muted": events.LessonMuted.TYPE,
    "ongoing": events.LessonReopened.TYPE,
}


def line_of(cause: str) -> str:
    """What is printed when it strikes."""
    return f"KeyError: '{cause}'"


def key_of_cause(cause: str) -> str:
    """The key that its failures have."""
    told = Cause(kind="crash", line=line_of(cause))
    return key_of(Cause(kind="gate", gate=GATE) if cause == GATE else told).key


def folded(facts: Sequence[Recorded]) -> dict[str, Projection]:
    """All read models after these facts."""
    known = build()
    for recorded in facts:
        for view in known:
            view.apply(recorded)
    return {view.name: view for view in known}


def book_of(known: dict[str, Projection]) -> Lessons:
    """The book among them."""
    book = known["book"]
    assert isinstance(book, Lessons)
    return book


def answers(known: dict[str, Projection]) -> bytes:
    """What is said of lessons at two moments, byte for byte."""
    told = [
        known[name].query({"all": "1"}, now)
        for name in ("lessons", "failures", "book")
        for now in (SOON, LATE)
    ]
    return msgspec.json.encode(told)


@contextmanager
def recipe(number: int) -> Iterator[None]:
    """Another recipe: the same causes have other keys."""
    before = keys.RECIPE
    keys.RECIPE = number
    keys.key_of.cache_clear()
    try:
        yield
    finally:
        keys.RECIPE = before
        keys.key_of.cache_clear()


def by_members(facts: Sequence[Recorded], now: str) -> dict[frozenset[str], Any]:
    """Each lesson by what it is made of, with its state."""
    book = book_of(folded(facts))
    return {
        frozenset(one.id for one in lesson.sightings): book.state(lesson, now)
        for lesson in book.all()
    }


class Histories(RuleBasedStateMachine):
    """A loop that fails and works, people who speak, facts that come late."""

    grouping = False

    def __init__(self) -> None:
        """One run has begun."""
        super().__init__()
        self.story = Story()
        self.told = 0
        self.delivered: list[Recorded] = []
        self.held: list[Recorded] = []
        self.happened: list[Happening] = []
        self.live = build()
        self.known = {view.name: view for view in self.live}
        self.run_number = 0
        self.number = 0
        self.a_run()

    # -- what happens ------------------------------------------------------

    @rule()
    def a_run(self) -> None:
        """The harness starts again."""
        self.story.wait(5)
        self.run_number += 1
        self.number = 0
        self.story.run(1000 + self.run_number)
        self.story.wait(2)
        self._deliver_told(late=False)

    @rule(
        commands=st.lists(
            st.tuples(st.sampled_from(CAUSES), st.booleans()), max_size=4
        ),
        gate=st.sampled_from([None, None, "seen", "passed"]),
        late=st.integers(0, 3),
    )
    def an_iteration_goes_well(
        self, commands: list[tuple[str, bool]], gate: str | None, late: int
    ) -> None:
        """With commands in it that fail or work, and a gate behind it."""
        story = self._begin()
        for cause, fails in commands:
            story.wait(2)
            self._note("seen" if fails else "worked", cause, by_command=fails)
            story.command(
                f"run {cause}", int(fails), line=line_of(cause) if fails else None
            )
        story.wait(2)
        story.session(self.number, 0)
        self._note("good")
        story.complete(self.number, 0)
        story.wait(2)
        if gate is not None:
            self._note(gate, GATE)
            story.stage(GATE, self.number, failed=gate == "seen")
            story.wait(2)
        self._deliver_told(late=late == 0)

    @rule(
        cause=st.sampled_from(CAUSES),
        times=st.integers(4, 14),
        late=st.integers(0, 3),
    )
    def a_command_works_often(self, cause: str, times: int, late: int) -> None:
        """So often that the lesson may be void."""
        self.an_iteration_goes_well([(cause, False)] * times, None, late)

    @rule(
        cause=st.sampled_from(CAUSES),
        late=st.integers(0, 3),
    )
    def an_iteration_fails(self, cause: str, late: int) -> None:
        """Of one cause."""
        story = self._begin()
        story.wait(4)
        story.session(self.number, 1, line=line_of(cause))
        self._note("seen", cause)
        story.complete(self.number, 1)
        story.wait(2)
        self._deliver_told(late=late == 0)

    @rule(seed=st.integers(0, 2**16))
    def the_late_arrive(self, seed: int) -> None:
        """In any order."""
        random.Random(seed).shuffle(self.held)  # noqa: S311  a story, not a secret
        waiting, self.held = self.held, []
        for recorded in waiting:
            self._deliver(recorded)

    # -- what people say ---------------------------------------------------

    @rule(
        cause=st.sampled_from((*CAUSES, GATE)),
        what=st.sampled_from(["resolve", "reopen"]),
    )
    def somebody_says(self, cause: str, what: str) -> None:
        """That it is gone, or that it is not."""
        kind = events.LessonResolved if what == "resolve" else events.LessonReopened
        lesson = self._lesson(cause)
        if lesson is not None:
            self._note(what, cause)
            self._say(kind(**self._about(lesson)))

    @rule(
        cause=st.sampled_from((*CAUSES, GATE)),
        until=st.sampled_from([None, SOON, LATE]),
        sightings=st.sampled_from([None, 1, 2]),
    )
    def somebody_mutes(
        self, cause: str, until: str | None, sightings: int | None
    ) -> None:
        """For a while, for some sightings, for good."""
        lesson = self._lesson(cause)
        if lesson is not None:
            self._note("mute", cause, until=until, sightings=sightings)
            about = self._about(lesson)
            self._say(events.LessonMuted(**about, until=until, sightings=sightings))

    @rule(pair=st.permutations((*CAUSES, GATE)))
    def somebody_merges(self, pair: Sequence[str]) -> None:
        """Two lessons, in this order."""
        one, other = self._lesson(pair[0]), self._lesson(pair[1])
        if self.grouping and one and other and one is not other:
            self._say(
                events.LessonMerged(
                    **self._about(one),
                    into=other.id,
                    into_members=tuple(members_of(other)),
                )
            )

    @rule(
        cause=st.sampled_from((*CAUSES, GATE)),
        by=st.sampled_from((*SPLITS, "merge", "merge", "none", "none", "colour")),
    )
    def somebody_splits(self, cause: str, by: str) -> None:
        """By something, or takes merges back."""
        lesson = self._lesson(cause)
        if self.grouping and lesson is not None:
            self._say(events.LessonSplit(**self._about(lesson), by=by))

    @rule(name=st.sampled_from(["lessons", "failures", "book", "context"]))
    def somebody_asks(self, name: str) -> None:
        """Whenever they like."""
        self.known[name].query({"all": "1"}, SOON)

    # -- the law -----------------------------------------------------------

    def teardown(self) -> None:
        """All has arrived: everything that must hold, holds."""
        self.the_late_arrive(0)
        self._has_evidence()
        self._is_a_function_of_the_set()
        self._survives_another_recipe()
        if not self.grouping:
            self._is_what_the_model_says()

    def _has_evidence(self) -> None:
        """No state without events that show it, and of the right kind."""
        by_seq = {one.seq: one for one in self.delivered}
        book = book_of(self.known)
        for now in (SOON, LATE):
            for lesson in book.all():
                state = book.state(lesson, now)
                assert state.because, (lesson.id, state)
                told = [by_seq[seq] for seq in state.because]
                assert state.since is not None
                assert max(one.time for one in told) >= state.since
                if state.by == "person":
                    assert PERSONAL[state.name] in {one.type for one in told}
                if state.by == "quiet":
                    assert [3, True] == [
                        len(told),
                        all(one.time > lesson.newest.time for one in told),
                    ]
                if state.by == "command":
                    assert {"command.worked"} == {one.type for one in told}

    def _is_a_function_of_the_set(self) -> None:
        """Bit by bit, from zero and in any order: the same bytes."""
        here = answers(self.known)
        assert here == answers(folded(self.delivered))
        other = self.delivered[:]
        random.Random(len(other)).shuffle(other)  # noqa: S311  a story, not a secret
        assert here == answers(folded(other))

    def _survives_another_recipe(self) -> None:
        """The same lessons are still resolved, muted, merged and split."""
        now = by_members(self.delivered, SOON)
        with recipe(99):
            assert now == by_members(self.delivered, SOON)

    def _is_what_the_model_says(self) -> None:
        """State by state; late arrivals are counted."""
        book = book_of(self.known)
        for now in (SOON, LATE):
            found = {}
            for cause in (*CAUSES, GATE):
                lesson = book.of_key(key_of_cause(cause))
                if lesson is not None:
                    state = book.state(lesson, now)
                    found[cause] = (state.name, state.by)
            assert states(self.happened, now) == found

    # -- hands -------------------------------------------------------------

    def _begin(self) -> Story:
        self.number += 1
        self.story.begin(self.number)
        return self.story

    def _note(self, what: str, cause: str = "", **more: Any) -> None:
        self.happened.append(
            Happening(
                self.story.now(),
                what,
                cause,
                place=self.run_number,
                iteration=self.number,
                **more,
            )
        )

    def _deliver_told(self, *, late: bool) -> None:
        told = self.story.told[self.told :]
        self.told += len(told)
        if late:
            self.held += told
        else:
            for recorded in told:
                self._deliver(recorded)

    def _deliver(self, recorded: Recorded) -> None:
        arrived = msgspec.structs.replace(recorded, seq=len(self.delivered) + 1)
        self.delivered.append(arrived)
        for view in self.live:
            view.apply(arrived)

    def _lesson(self, cause: str) -> Lesson | None:
        return book_of(self.known).of_key(key_of_cause(cause))

    def _about(self, lesson: Lesson) -> dict[str, Any]:
        return {
            "lesson": lesson.id,
            "recipe": keys.RECIPE,
            "members": tuple(members_of(lesson)),
        }

    def _say(self, said: Event) -> None:
        assert isinstance(said, LessonSaid)
        self.story.wait(3)
        self.story.add(said, Src())
        self.story.wait(3)
        self._deliver_told(late=False)


class GroupedHistories(Histories):
    """The same, and people merge and split."""

    grouping = True


COMMON = settings(max_examples=120, stateful_step_count=25, deadline=None)


def test_states_follow_from_what_happened() -> None:
    """As a plain model has them, with evidence, in any order of arrival."""
    run_state_machine_as_test(Histories, settings=COMMON)


def test_merges_and_splits_keep_the_law() -> None:
    """Evidence, order, replay and recipe, whatever people join and part."""
    run_state_machine_as_test(GroupedHistories, settings=COMMON)


def test_members_are_digests() -> None:
    """The guard keeps them: those of gates, too."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(3)
    story.complete(1)
    story.wait(1)
    story.stage(GATE, 1, failed=True)
    [lesson] = book_of(folded(story.told)).all()
    assert ":" in lesson.newest.id
    assert set(member_of(lesson.newest)) <= set("0123456789abcdef")
