"""Merges and splits: which sightings are one lesson, whatever came when."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from facts import NOW, Story, name_of, views
from lokid import events
from lokid.events import Event, LessonResolved, Recorded, Src
from lokid.projection import Projection
from projections import build, keys
from projections.exposure import LEAST
from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.sightings import members_of


class Told(Story):
    """A story in which people speak of lessons by their error's name."""

    def book(self) -> Lessons:
        """The lessons so far."""
        book = views(self.told)["book"]
        assert isinstance(book, Lessons)
        return book

    def lesson(self, family: str) -> Lesson:
        """The one lesson of a family, by itself or merged into another."""
        [found] = {
            lesson.id: lesson
            for lesson in self.book().all()
            for one in lesson.sightings
            if one.key.family == family
        }.values()
        return found

    def about(self, lesson: Lesson) -> dict[str, Any]:
        """What a statement carries."""
        return {
            "lesson": lesson.id,
            "recipe": keys.RECIPE,
            "members": tuple(members_of(lesson)),
        }

    def say(self, event: Event) -> Recorded:
        """Say it now."""
        self.wait(5)
        return self.add(event, Src())

    def merge(self, one: Lesson, into: Lesson) -> Recorded:
        """Make two one."""
        said = events.LessonMerged(
            **self.about(one), into=into.id, into_members=tuple(members_of(into))
        )
        return self.say(said)

    def split(self, lesson: Lesson, by: str) -> Recorded:
        """Part one."""
        return self.say(events.LessonSplit(**self.about(lesson), by=by))


@pytest.fixture
def story() -> Told:
    """Four causes, each seen twice, in other phases."""
    told = Told()
    told.run()
    for number, family in enumerate(
        ["KeyError", "OSError", "TypeError", "ValueError"] * 2, 1
    ):
        told.iteration(number, 1, line=f"{family}: x")
        told.iteration(8 + number, 0)
    return told


def groups(facts: Sequence[Recorded]) -> set[frozenset[str]]:
    """The families that are one lesson."""
    book = views(facts)["book"]
    assert isinstance(book, Lessons)
    return {
        frozenset(one.key.family for one in lesson.sightings) for lesson in book.all()
    }


def families(*names: str) -> set[frozenset[str]]:
    """Groups of families, written with a plus."""
    return {frozenset(name.split("+")) for name in names}


def test_a_chain_of_merges_is_one_lesson(story: Told) -> None:
    """It is told as the last; what was said of the others by name means it."""
    one, two, three = (
        story.lesson(name) for name in ("KeyError", "OSError", "TypeError")
    )
    story.merge(one, two)
    story.merge(story.lesson("KeyError"), three)
    assert families("KeyError+OSError+TypeError", "ValueError") == groups(story.told)
    book = story.book()
    for old in (one, two, three):
        assert [three.id] == [lesson.id for lesson in book.find(old.id)]


def test_a_merge_into_what_was_merged_goes_where_that_went(story: Told) -> None:
    """The order of saying counts, not that of naming."""
    one, two, three = (
        story.lesson(name) for name in ("KeyError", "OSError", "TypeError")
    )
    story.merge(two, three)
    story.merge(one, two)
    assert families("KeyError+OSError+TypeError", "ValueError") == groups(story.told)
    assert three.id == story.lesson("KeyError").id


def test_a_circle_that_two_people_said_at_once_is_harmless(story: Told) -> None:
    """Who spoke first decides; the other says nothing new."""
    one, two = story.lesson("KeyError"), story.lesson("OSError")
    story.merge(one, two)
    story.merge(two, one)
    assert families("KeyError+OSError", "TypeError", "ValueError") == groups(story.told)
    assert two.id == story.lesson("KeyError").id


def test_a_merge_is_taken_back(story: Told) -> None:
    """Those into this lesson, not those before them; and it can be said again."""
    one, two, three = (
        story.lesson(name) for name in ("KeyError", "OSError", "TypeError")
    )
    story.merge(one, two)
    story.merge(two, three)
    story.split(three, "merge")
    assert families("KeyError+OSError", "TypeError", "ValueError") == groups(story.told)
    story.split(two, "merge")
    assert families("KeyError", "OSError", "TypeError", "ValueError") == groups(
        story.told
    )
    story.merge(one, two)
    assert families("KeyError+OSError", "TypeError", "ValueError") == groups(story.told)


def test_merges_in_any_order_of_arrival(story: Told) -> None:
    """Their own times decide."""
    known = [story.lesson(name) for name in ("KeyError", "OSError", "TypeError")]
    for one, into in ((0, 1), (2, 0), (1, 2), (1, 0)):
        story.merge(known[one], known[into])
    story.split(known[1], "merge")
    story.merge(known[2], known[1])
    wanted = groups(story.told)
    for seed in range(20):
        other = story.told[:]
        random.Random(seed).shuffle(other)  # noqa: S311  a story, not a secret
        assert wanted == groups(other)


def test_what_is_seen_later_belongs_to_the_merged_lesson(story: Told) -> None:
    """A merge is of causes, not of what was seen of them so far."""
    story.merge(story.lesson("KeyError"), story.lesson("OSError"))
    count = story.lesson("OSError").count
    story.iteration(40, 1, line="KeyError: x")
    assert count + 1 == story.lesson("OSError").count


def test_a_split_parts_by_value(story: Told) -> None:
    """The parts are found by the old name; a value that comes later is one more."""
    lesson = story.lesson("KeyError")
    story.split(lesson, "phase")
    parts = story.book().find(lesson.id)
    assert {"ACT"} == {phase for part in parts for phase in part.phases}
    story.iteration(42, 1, line="KeyError: x")
    parts = story.book().find(lesson.id)
    assert [{"REFLECT"}, {"ACT"}] == [set(part.phases) for part in parts]
    assert lesson.id not in {part.id for part in parts}


def test_a_split_is_taken_back(story: Told) -> None:
    """By a part or by the whole; what is seen later belongs to the whole again."""
    story.iteration(42, 1, line="KeyError: x")
    lesson = story.lesson("KeyError")
    for by_part in (True, False):
        story.split(lesson, "phase")
        part = story.book().find(lesson.id)[0]
        assert lesson.id != part.id
        story.split(part if by_part else lesson, "none")
        (again,) = story.book().find(lesson.id)
        assert (lesson.id, lesson.count) == (again.id, again.count)
        assert [again.id] == [one.id for one in story.book().find(part.id)]
    story.iteration(47, 1, line="KeyError: x")
    assert lesson.count + 1 == story.lesson("KeyError").count


def test_parts_of_parts_and_what_was_merged_into_them_come_back(story: Told) -> None:
    """All of it is of the whole; a merge into a part can still be taken back."""
    story.iteration(42, 1, line="KeyError: x")
    lesson, other = story.lesson("KeyError"), story.lesson("OSError")
    story.split(lesson, "phase")
    newest, oldest = story.book().find(lesson.id)
    story.merge(other, newest)
    story.split(oldest, "exit_code")
    story.split(lesson, "none")
    (again,) = story.book().find(lesson.id)
    assert lesson.count + other.count == again.count
    story.split(again, "merge")
    counts = {one.id: one.count for one in story.book().all()}
    assert (lesson.count, other.count) == (counts[lesson.id], counts[other.id])


def test_a_part_can_be_merged_elsewhere(story: Told) -> None:
    """Only that part goes there."""
    story.iteration(42, 1, line="KeyError: x")
    lesson, other = story.lesson("KeyError"), story.lesson("OSError")
    story.split(lesson, "phase")
    newest, oldest = story.book().find(lesson.id)
    story.merge(newest, other)
    assert 3 == story.lesson("OSError").count
    found = {one.id: one.count for one in story.book().all()}
    assert (oldest.count, 3) == (found[oldest.id], found[other.id])


def test_what_was_said_of_the_whole_holds_for_its_parts(story: Told) -> None:
    """And what was said of a lesson lapses while it is merged into another."""
    story.iteration(42, 1, line="KeyError: x")
    lesson, other = story.lesson("KeyError"), story.lesson("OSError")
    story.say(events.LessonMuted(**story.about(lesson)))
    story.split(lesson, "phase")
    book = story.book()
    parts = book.find(lesson.id)
    assert ["muted"] * 2 == [book.state(part, NOW).name for part in parts]
    for part in parts:
        story.merge(part, other)
    book = story.book()
    assert "muted" != book.state(story.lesson("OSError"), NOW).name
    story.split(other, "merge")
    book = story.book()
    assert ["muted"] * 2 == [
        book.state(part, NOW).name for part in book.find(lesson.id)
    ]


def test_a_mute_ends_at_its_sightings(story: Told) -> None:
    """Two more are borne; then it is back, and says what it was."""
    lesson = story.lesson("KeyError")
    story.say(events.LessonMuted(**story.about(lesson), sightings=2))
    names = []
    for number in range(40, 43):
        book = story.book()
        state = book.state(story.lesson("KeyError"), NOW)
        names.append((state.name, book.speaks(story.lesson("KeyError"), NOW)))
        story.iteration(number, 1, line="KeyError: x")
    assert [("muted", False)] * 2 == names[:2]
    assert (True, "muted") == (names[2][1], "muted")
    assert "muted" != names[2][0]


def test_a_sighting_from_before_a_resolution_is_late_not_a_regression() -> None:
    """It is counted; one from after it reopens the lesson."""
    story = Told()
    story.run()
    story.iteration(1, 1, line="KeyError: x")
    early = story.now()
    story.iteration(2, 0)
    lesson = story.lesson("KeyError")
    story.say(events.LessonResolved(**story.about(lesson)))
    failed = events.CommandFailed(head="pytest", exit_code=1, error_line="KeyError: x")
    story.add(failed, Src(), early)
    book, lesson = story.book(), story.lesson("KeyError")
    assert (2, 1, "resolved") == (
        lesson.count,
        lesson.late,
        book.state(lesson, NOW).name,
    )
    assert not book.speaks(lesson, NOW)
    story.wait(5)
    story.iteration(3, 1, line="KeyError: x")
    book, lesson = story.book(), story.lesson("KeyError")
    assert ("regressed", 0) == (book.state(lesson, NOW).name, lesson.late)
    assert book.speaks(lesson, NOW)


def test_a_lesson_is_retired_by_its_command() -> None:
    """Five runs without it and a small chance; then seen again."""
    story = Told()
    story.run()
    story.begin(1)
    story.wait(1)
    story.command("pytest tests/a.py", 1, line="KeyError: x")
    names, speaks = [], []
    for _ in range(9):
        story.wait(1)
        book, lesson = story.book(), story.lesson("KeyError")
        names.append(book.state(lesson, NOW).name)
        speaks.append(book.speaks(lesson, NOW))
        story.command("pytest tests/a.py -x")
    book, lesson = story.book(), story.lesson("KeyError")
    assert ("pytest tests/a.py",) == lesson.heads
    # (1 + 1 failure) / (2 + 1 failure + 8 runs) is the first under 0.2
    assert ["new", *["resolved"] * 7, "retired"] == names
    assert [*[True] * 8, False] == speaks
    assert 8 == len(book.state(lesson, NOW).because)
    story.wait(1)
    story.command("pytest tests/a.py", 1, line="KeyError: x")
    book, lesson = story.book(), story.lesson("KeyError")
    assert ("regressed", True) == (
        book.state(lesson, NOW).name,
        book.speaks(lesson, NOW),
    )


def test_a_lesson_is_not_retired_before_its_fifth_run() -> None:
    """However seldom its command ever failed."""
    story = Told()
    story.run()
    story.begin(1)
    for number in range(16):
        story.wait(1)
        if number == 10:
            story.command("pytest tests/a.py", 1, line="KeyError: x")
        else:
            story.command("pytest tests/a.py")
        if number == 14:
            book = story.book()
            assert "resolved" == book.state(story.lesson("KeyError"), NOW).name
    book = story.book()
    assert "retired" == book.state(story.lesson("KeyError"), NOW).name


def test_what_went_quiet_by_itself_still_speaks(story: Told) -> None:
    """A cause that waits for its command is not gone."""
    for number in range(60, 64):
        story.iteration(number, 0)
    book, lesson = story.book(), story.lesson("KeyError")
    assert ("resolved", "quiet") == tuple(
        getattr(book.state(lesson, NOW), name) for name in ("name", "by")
    )
    assert book.speaks(lesson, NOW)


def test_a_missing_program_is_known_by_its_name() -> None:
    """However the shell spells it."""
    story = Told()
    story.run()
    story.iteration(1, 127, line="bash: line {n}: jq: command not found")
    story.iteration(2, 127, line="yq: command not found")
    book = story.book()
    assert [1, 1, 0] == [len(book.needing(name)) for name in ("jq", "yq", "curl")]


def test_lessons_are_found_by_what_failed(story: Told) -> None:
    """By key, failure, command and the beginning of an id."""
    story.begin(50)
    story.wait(2)
    story.command("make all", 2, line="make: *** no rule")
    story.complete(50)
    book = story.book()
    [made] = book.of_base("make all")
    assert made is book.of_key(made.newest.key.key)
    assert made is book.of_sighting(made.newest.id)
    assert [made] == book.find(made.id[:6])
    assert book.commands() == made.sightings
    failure = story.lesson("KeyError").newest.failure
    assert failure is not None
    found = book.of_failure(failure)
    assert found is not None
    assert "KeyError" == found.family
    assert [] == book.find("")
    assert len(book.all()) == len(book.find("L"))


def test_statements_of_unknown_lessons_do_nothing(story: Told) -> None:
    """A garbled or foreign one hurts nobody."""
    before = groups(story.told)
    lost: dict[str, Any] = {
        "lesson": "L00000000",
        "recipe": keys.RECIPE,
        "members": ("00" * 16,),
    }
    story.say(events.LessonResolved(**lost))
    story.say(events.LessonMerged(**lost, into="L11111111"))
    story.say(events.LessonSplit(**lost, by="phase"))
    assert before == groups(story.told)
    assert [] == story.book().find("L00000000")


def test_a_failed_command_is_shown_to_who_asks_for_it() -> None:
    """Its iteration went well, so it is no failure; it is a sighting."""
    story = Told()
    story.run()
    story.begin(1)
    story.wait(2)
    story.command("make all", 2, line="make: *** no rule to make target")
    story.complete(1)
    known = views(story.told)
    assert [] == known["failures"].query({}, NOW)["failures"]
    [row] = known["failures"].query({"kind": "command"}, NOW)["failures"]
    [lesson] = known["lessons"].query({}, NOW)["lessons"]
    assert (lesson["lesson"], "make all", "command") == (
        row["lesson"],
        row["head"],
        row["kind"],
    )
    assert ["make all"] == lesson["heads"]
    assert "command=make all" in lesson["message"]
    assert msgspec.json.encode(row)


def test_a_command_that_made_its_iteration_fail_is_its_witness() -> None:
    """One sighting, with the command's head; not two."""
    story = Told()
    story.run()
    story.begin(1)
    story.wait(5)
    session = story.session(1, 1, line="KeyError: x", lasting=4)
    story.command("pytest tests", 1, line="KeyError: x", session=session.id)
    story.complete(1, 1)
    [lesson] = story.book().all()
    assert (1, ("pytest tests",)) == (lesson.count, lesson.heads)
    command = next(one for one in story.told if one.type == "command.failed")
    assert command.seq in lesson.newest.seqs


def test_only_what_changed_is_made_anew(story: Told) -> None:
    """After one more failure the other lessons are the same objects."""
    known = views(story.told)
    book = known["book"]
    assert isinstance(book, Lessons)
    before = {lesson.id: lesson for lesson in book.all()}
    told = len(story.told)
    story.iteration(40, 1, line="KeyError: x")
    for recorded in story.told[told:]:
        for view in known.values():
            view.apply(recorded)
    changed = {
        lesson.family for lesson in book.all() if before[lesson.id] is not lesson
    }
    assert {"KeyError"} == changed


@pytest.mark.parametrize("held_out", [True, False])
def test_a_lesson_told_in_vain_is_ineffective(*, held_out: bool) -> None:
    """Only as measured with a hold-out; what was served is the evidence."""
    story = Told()
    story.run(1)
    story.iteration(1, 1, line="KeyError: x")
    lesson = story.lesson("KeyError")
    for pid in range(2, 2 + 2 * LEAST):
        story.wait(3600)
        story.run(pid)
        story.wait(2)
        held = held_out and pid % 2 == 0
        told, left = ((), (lesson.id,)) if held else ((lesson.id,), ())
        served_now = events.ContextServed(
            now=story.now(), iteration=1, lessons=told, held=left
        )
        story.add(served_now, Src())
        story.iteration(1, 1, line="KeyError: x")
    book = story.book()
    state = book.state(story.lesson("KeyError"), NOW)
    served = [one.seq for one in story.told if one.type == "context.served"]
    wanted = ("ineffective", "measured") if held_out else ("ongoing", "seen")
    assert wanted == (state.name, state.by)
    assert held_out == (served == list(state.because))


def test_a_statement_survives_that_more_becomes_known() -> None:
    """A phase that is read later gives other keys; what was said stays said."""
    story = Story()
    story.run()
    started = story.begin(1)
    story.wait(20)
    for number in range(6):
        story.command(f"tool{number}", 10 + number, session=name_of("s"), nth=number)
    story.told.remove(started)  # events.jsonl is read after the session's log
    live = {view.name: view for view in build()}

    def take(facts: list[Recorded]) -> None:
        for one in facts:
            for view in live.values():
                view.apply(one)

    def states(view: Projection) -> list[tuple[str, str]]:
        rows = view.query({"all": "1"}, NOW)["lessons"]
        return sorted((row["lesson"], row["state"]) for row in rows)

    take(story.told)
    so_far = len(story.told)
    story.wait(1)
    for row in live["lessons"].query({"all": "1"}, NOW)["lessons"]:
        members = tuple(row["members"])
        said = LessonResolved(lesson=row["lesson"], recipe=keys.RECIPE, members=members)
        story.add(said, Src())
    story.told.append(started)
    take(story.told[so_far:])
    assert states(views(story.told)["lessons"]) == states(live["lessons"])


def test_a_resolution_of_what_a_fast_clock_dated_holds() -> None:
    """What a statement names it knew, whatever time that bears."""
    story = Story()
    story.run()
    story.iteration(1, 1, line="KeyError: 'x'")
    row = views(story.told)["lessons"].query({"all": "1"}, NOW)["lessons"][0]
    story.wait(-3600)
    members = tuple(row["members"])
    lesson = row["lesson"]
    said = LessonResolved(lesson=lesson, recipe=keys.RECIPE, members=members)
    story.add(said, Src())
    row = views(story.told)["lessons"].query({"all": "1"}, NOW)["lessons"][0]
    assert ("resolved", "person") == (row["state"], row["state_by"])
