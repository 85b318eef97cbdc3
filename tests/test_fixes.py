from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts import Story, shuffled, views
from lokid.events import Recorded
from projections.fixes import Fix, Fixes, Outcome, fixes_of, said
from projections.join import Join
from projections.lesson import Lesson
from projections.lessons import Lessons

NO_YAML = "ModuleNotFoundError: No module named 'yaml'"
NO_SHOP = 'psql: error: FATAL: database "shop" does not exist'
NO_GSED = "bash: line {n}: gsed: command not found"
PEERS = "npm error ERESOLVE unable to resolve dependency tree: login@158"
WRONG = "KeyError: 'user_id'"

Told = tuple[str, int, str | None] | str
"""A command: head, exit code, error line; or the head of one that worked."""


def run(story: Story, *iterations: Sequence[Told], exits: Sequence[int] = ()) -> None:
    """A run whose iterations run these commands; it fails where the last one does."""
    story.run()
    for number, commands in enumerate(iterations, start=1):
        story.begin(number)
        code, line = 0, None
        for command in commands:
            story.wait(2)
            told = (command, 0, None) if isinstance(command, str) else command
            story.command(told[0], told[1], line=told[2])
            code, line = told[1], told[2]
        story.wait(2)
        code = exits[number - 1] if exits else code
        story.session(number, code, line=line if code else None)
        story.complete(number, code)
        story.wait(60)
    story.wait(600)


def known(facts: Sequence[Recorded]) -> tuple[Fixes, list[Lesson]]:
    """The fixes and the lessons after these facts."""
    found = views(facts)
    join, lessons = found["join"], found["book"]
    assert isinstance(join, Join)
    assert isinstance(lessons, Lessons)
    return fixes_of(join, lessons), lessons.all()


def outcome(facts: Sequence[Recorded], line: str) -> Outcome:
    """What is known of the lesson with this error line."""
    fixes, lessons = known(facts)
    found = [one for one in lessons if _line_of(one) == line]
    assert 1 == len(found), [_line_of(one) for one in lessons]
    return fixes.of(found[0])


def _line_of(lesson: Lesson) -> str | None:
    told = lesson.newest.failure or lesson.newest.attempt
    return told.error_line if told else None


def fix_of(story: Story, line: str) -> Fix:
    """The confirmed fix of the lesson with this error line."""
    found = outcome(story.told, line).fix
    assert found is not None
    return found


def failed(head: str, line: str, code: int = 1) -> Told:
    """A command that failed."""
    return (head, code, line)


# -- the four rules ------------------------------------------------------------


def test_same_command_with_other_options_is_a_fix_at_once() -> None:
    """One sighting is enough: it is the command itself that worked."""
    story = Story()
    install = "npm install login@158"
    run(story, [failed(install, PEERS)], [f"{install} --legacy-peer-deps"])
    assert f"{install} --legacy-peer-deps" == fix_of(story, PEERS).text


def test_what_made_the_missing_thing_is_a_fix_at_once() -> None:
    """An installer that names the module, a creator that names the database."""
    story = Story()
    run(
        story,
        [failed("python3 scripts/a.py", NO_YAML)],
        ["git status", "pip install pyyaml", "python3 scripts/a.py"],
        [failed("psql shop", NO_SHOP, 2)],
        ["createdb shop"],
    )
    assert "pip install pyyaml" == fix_of(story, NO_YAML).text
    assert "createdb shop" == fix_of(story, NO_SHOP).text


def test_a_substitute_has_to_be_seen_twice() -> None:
    """What was run next once may have had nothing to do with it."""
    story = Story()
    missing = failed("gsed src/a.txt", NO_GSED, 127)
    for _ in range(8):
        run(story, ["make all"], ["git diff"])
    run(story, [missing], ["sed src/a.txt"])
    once = outcome(story.told, NO_GSED)
    assert (None, ["sed"]) == (once.fix, [one.text for one in once.candidates])
    run(story, [missing], ["sed src/a.txt"])
    fix = fix_of(story, NO_GSED)
    assert ("sed", 2, 2) == (fix.text, fix.count, fix.runs)


def test_what_is_run_everywhere_is_no_substitute() -> None:
    """A command of every iteration follows any failure, too."""
    story = Story()
    for _ in range(4):
        run(
            story,
            [failed("gsed src/a.txt", NO_GSED, 127)],
            ["deploy-docs", "sed src/a.txt"],
            ["deploy-docs"],
            ["deploy-docs"],
        )
    found = outcome(story.told, NO_GSED)
    assert found.fix is not None
    assert "sed" == found.fix.text
    assert "deploy-docs" in [one.text for one in found.candidates]


def test_after_a_red_test_only_an_edit_counts() -> None:
    """The next command is no fix; a file edited twice before it went green is."""
    story = Story()
    red = failed("pytest tests/test_a.py", WRONG)
    green = ["pip install user_id", "Edit src/a.py", "pytest tests/test_a.py"]
    run(story, [red], green)
    once = outcome(story.told, WRONG)
    assert (None, ["edit src/a.py"]) == (
        once.fix,
        [one.text for one in once.candidates],
    )
    for number in range(6):
        run(story, [f"Edit src/b{number}.py", "make all"])
    run(story, [red], green)
    assert "edit src/a.py" == fix_of(story, WRONG).text


def test_a_command_that_works_again_by_itself_tells_nothing() -> None:
    """Nothing was done in between, so nothing is known to have helped."""
    story = Story()
    for _ in range(3):
        run(
            story, [failed("pytest tests/test_a.py", WRONG)], ["pytest tests/test_a.py"]
        )
    assert Outcome() == outcome(story.told, WRONG)


def test_without_commands_the_next_good_iteration_tells_its_files() -> None:
    """Plain text tells of no commands; episodes name files and commit."""
    story = Story()
    for _ in range(2):
        story.run()
        story.iteration(1, 1, line=WRONG)
        story.begin(2)
        story.wait(5)
        story.session(2, 0)
        story.complete(2, 0)
        story.wait(5)
        edited(story, 2, ("src/a.py",), "1a2b3c4d")
        story.wait(600)
    for number in range(6):
        story.run()
        story.iteration(1)
        edited(story, 1, (f"src/b{number}.py",), "99aabbcc")
        story.wait(600)
    fix = fix_of(story, WRONG)
    assert ("edit src/a.py (commit 1a2b3c4)", 2) == (fix.text, fix.count)


def edited(story: Story, iteration: int, files: Sequence[str], commit: str) -> None:
    """An episode that names files and a commit."""
    from lokid.events import EpisodeRecorded, Src

    event = EpisodeRecorded(
        episode=f"ep-{len(story.told)}",
        iteration=iteration,
        outcome="success",
        files=tuple(files),
        commit=commit,
    )
    story.add(event, Src(path=f"memory/episodic/2026-03-02/{event.episode}.json"))


# -- what is refused -----------------------------------------------------------


def test_a_remedy_that_failed_is_none() -> None:
    """Neither the installer that failed nor the command that failed itself."""
    story = Story()
    run(
        story,
        [failed("python3 scripts/a.py", NO_YAML)],
        [failed("pip install yaml", "ERROR: No matching distribution found for yaml")],
        [failed("python3 scripts/a.py", NO_YAML)],
    )
    found = outcome(story.told, NO_YAML)
    assert (None, ("pip install yaml",), 1) == (found.fix, found.tried, found.tries)
    assert "no known fix (1 try)" == said(found, 60)


def test_what_did_not_help_is_a_try() -> None:
    """It worked, and within the same iteration the failure was there again."""
    story = Story()
    script = failed("python3 scripts/a.py", NO_YAML)
    run(story, [script, "pip install yaml", script])
    found = outcome(story.told, NO_YAML)
    assert (None, ("pip install yaml",)) == (found.fix, found.tried)


def test_an_edit_before_the_same_failure_is_a_try() -> None:
    """Two edits in vain, then one that helped once: no fix is confirmed."""
    story = Story()
    red = failed("pytest tests/test_a.py", WRONG)
    run(
        story,
        [red],
        ["Edit src/a.py", red],
        ["Edit src/b.py", red],
        ["Edit src/c.py", "pytest tests/test_a.py"],
    )
    found = outcome(story.told, WRONG)
    assert ("edit src/a.py", "edit src/b.py") == found.tried
    assert "no known fix (2 tries)" == said(found, 60)


def test_what_came_long_after_has_nothing_to_do_with_it() -> None:
    """More than three iterations, or more than ten commands, is too far."""
    story = Story()
    script = failed("python3 scripts/a.py", NO_YAML)
    run(story, [script], ["make a"], ["make b"], ["make c"], ["pip install yaml"])
    run(story, [script], [f"make n{n}" for n in range(10)] + ["pip install yaml"])
    assert Outcome() == outcome(story.told, NO_YAML)
    looking = [f"cat src/a{n}.py" for n in range(30)]
    run(story, [script], [*looking, "pip install yaml"])
    assert "pip install yaml" == fix_of(story, NO_YAML).text


def test_another_run_is_another_story() -> None:
    """What the next run does may be for anything."""
    story = Story()
    run(story, [failed("python3 scripts/a.py", NO_YAML)])
    run(story, ["pip install yaml"])
    assert Outcome() == outcome(story.told, NO_YAML)


def test_a_lesson_of_a_constant_has_no_fix() -> None:
    """Nothing but an exit code is known, so it may be several things."""
    story = Story()
    run(story, [("deploy now", 1, None)], ["deploy now --force"])
    fixes, lessons = known(story.told)
    assert [Outcome()] == [fixes.of(one) for one in lessons]


def test_options_that_helped_several_commands_are_said_for_all() -> None:
    """One lesson of many packages: the options are what worked."""
    story = Story()
    line = "npm error code ERESOLVE: could not resolve the dependency tree"
    for name in ("login@1", "cart@2"):
        install = f"npm install {name}"
        run(story, [failed(install, line)], [f"{install} --legacy-peer-deps"])
    fix = fix_of(story, line)
    assert "npm install {..} --legacy-peer-deps" == fix.text


# -- how it is said ------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "limit", "text"),
    [
        (Outcome(), 60, ""),
        (Outcome(tries=3), 60, "no known fix (3 tries)"),
        (Outcome(tries=3), 21, ""),
        (
            Outcome(fix=Fix(kind="command", rule="first", text="pip install yaml")),
            60,
            "then worked: pip install yaml",
        ),
        (
            Outcome(
                fix=Fix(kind="command", rule="options", text="npm install {..} --x")
            ),
            30,
            "then worked: npm install...",
        ),
        (Outcome(fix=Fix(kind="command", rule="first", text="pip install y")), 20, ""),
        (
            Outcome(
                fix=Fix(
                    kind="edit",
                    rule="edit",
                    text="edit src/a.py, src/b.py (commit 1a2b3c4)",
                    files=("src/a.py", "src/b.py"),
                )
            ),
            40,
            "then worked: edit src/a.py",
        ),
        (
            Outcome(fix=Fix(kind="command", rule="first", text="a ``` <b> system: x")),
            60,
            "then worked: a ''' (b) system - x",
        ),
    ],
)
def test_it_is_said_in_so_many_characters(
    outcome: Outcome, limit: int, text: str
) -> None:
    """Cut where it still tells which command, else nothing; harmless either way."""
    assert text == said(outcome, limit)


# -- laws ----------------------------------------------------------------------

COMMANDS: tuple[Told, ...] = (
    failed("python3 scripts/a.py", NO_YAML),
    failed("psql shop", NO_SHOP, 2),
    failed("gsed src/a.txt", NO_GSED, 127),
    failed("npm install login@158", PEERS),
    failed("pytest tests/test_a.py", WRONG),
    failed("pip install yaml", "ERROR: No matching distribution found for yaml"),
    "python3 scripts/a.py",
    "pytest tests/test_a.py",
    "pip install yaml",
    "createdb shop",
    "npm install login@158 --legacy-peer-deps",
    "sed src/a.txt",
    "Edit src/a.py",
    "git status",
)
HISTORIES = st.lists(
    st.lists(st.lists(st.sampled_from(COMMANDS), max_size=4), min_size=1, max_size=5),
    min_size=1,
    max_size=4,
)


def told(history: list[list[list[Told]]]) -> list[Recorded]:
    """The facts of a history of runs of iterations of commands."""
    story = Story()
    for iterations in history:
        run(story, *iterations)
    return story.told


def outcomes(facts: Sequence[Recorded]) -> dict[str, Any]:
    """Every lesson's outcome, without the seqs, which tell the order of arrival."""
    fixes, lessons = known(facts)
    return {one.id: _without_seqs(fixes.of(one)) for one in lessons}


def _without_seqs(outcome: Outcome) -> Any:
    import msgspec

    told = msgspec.to_builtins(outcome)
    for part in (told, told["fix"] or {}, *told["candidates"]):
        part.pop("seqs", None)
    return told


@settings(max_examples=60, deadline=None)
@given(HISTORIES, st.integers(0, 10**6))
def test_any_order_of_arrival_gives_the_same_fixes(
    history: list[list[list[Told]]], seed: int
) -> None:
    """The law of the join holds for what worked, too."""
    facts = told(history)
    assert outcomes(facts) == outcomes(shuffled(facts, seed))


@settings(max_examples=30, deadline=None)
@given(HISTORIES, st.integers(0, 10**6))
def test_asked_after_each_event_it_says_the_same_as_asked_once(
    history: list[list[list[Told]]], seed: int
) -> None:
    """What is remembered from one question to the next is never stale."""
    facts = shuffled(told(history), seed) if seed % 2 else told(history)
    found = views([])
    join, lessons = found["join"], found["book"]
    assert isinstance(join, Join)
    assert isinstance(lessons, Lessons)
    rng = random.Random(seed)  # noqa: S311  when to ask, not a secret
    asked: dict[str, Any] = {}
    for recorded in facts:
        join.apply(recorded)
        lessons.apply(recorded)
        if rng.random() < 0.3 or recorded is facts[-1]:
            fixes = fixes_of(join, lessons)
            asked = {one.id: _without_seqs(fixes.of(one)) for one in lessons.all()}
    assert outcomes(facts) == asked


@settings(max_examples=30, deadline=None)
@given(HISTORIES)
def test_until_a_moment_only_what_happened_till_then_counts(
    history: list[list[list[Told]]],
) -> None:
    """Asked of the past it says what it would have said then."""
    facts = told(history)
    middle = facts[len(facts) // 2].time
    fixes, lessons = known(facts)
    before, then = known([one for one in facts if one.time <= middle])
    expected = {one.id: _without_seqs(before.of(one)) for one in then}
    actual = {
        one.id: _without_seqs(fixes.of(one, middle))
        for one in lessons
        if one.id in expected
    }
    assert expected == actual


@settings(max_examples=60, deadline=None)
@given(HISTORIES)
def test_no_fix_is_a_command_that_only_failed(history: list[list[list[Told]]]) -> None:
    """Neither is one the lesson's own failing command."""
    facts = told(history)
    worked = {one.event.head for one in facts if one.type == "command.worked"}  # type: ignore[union-attr]  # the type says which event
    fixes, lessons = known(facts)
    for lesson in lessons:
        failing = {one.head for one in lesson.sightings}
        found = fixes.of(lesson)
        for fix in (found.fix, *found.candidates):
            if fix is not None and fix.head is not None:
                assert any(head.startswith(fix.head) for head in worked)
                assert fix.head not in failing
