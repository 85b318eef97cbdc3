from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.simulator import Options, Simulator
from conftest import CORPUS
from explain_rig import (
    TRAPS,
    Files,
    exit_codes,
    facts_of,
    history,
    logged,
    told_words,
)
from facts import NOW, Story, ask, views
from lokid.engine import Engine
from lokid.errors import UsageError
from lokid.events import (
    ContextServed,
    LessonMerged,
    LessonMuted,
    LessonReopened,
    LessonResolved,
    Recorded,
    Src,
)
from lokid.paths import Workspace, find_workspace
from lokid.rules import Rule
from projections import build
from rig import engine_on
from story_strategy import stories

Row = dict[str, Any]
TREES = {path.name for path in CORPUS.iterdir()} if CORPUS.is_dir() else {"none"}

BLOCKS, PARTS, AT_ONCE = 1000, 5, 5
"""Blocks in all; in so many histories; so many questions after an iteration."""


# -- every line of random blocks -----------------------------------------------


class Checked:
    """Holds each line of a block against the log and the files."""

    def __init__(self, at: Workspace, engine: Engine) -> None:
        """``engine`` is open on this workspace."""
        self.kinds: Counter[str] = Counter()
        self.blocks = 0
        self._at = at
        self._engine = engine
        self._files = Files(at.loki)
        self._log: dict[int, Row] = {}

    def block(self, now: str, params: dict[str, str]) -> None:
        """Ask for a block and explain each of its lines."""
        answer = self._engine.query("context", {**params, "now": now})
        self.blocks += bool(answer["text"])
        for line in answer["lines"]:
            text = line["text"]
            asked = {**params, "about": text, "now": now}
            told = self._engine.query("explain", asked)
            self.kinds[line["kind"]] += 1
            if line["kind"] == "council":
                self._council(text, told)
            elif text.startswith("- gates: "):
                self._gates(text, told)
            else:
                assert line["lesson"] == told["lessons"][0]["lesson"], text
                self._lesson(text, told["lessons"][0])

    def said(self, kind: str, now: str, **params: str) -> None:
        """Ask for what check or fix says, and explain it where it says something."""
        answer = self._engine.query(kind, {**params, "now": now})
        text = answer["text"]
        if not text:
            return
        self.kinds[kind] += 1
        told = self._engine.query("explain", {"about": text, "now": now})
        named = [told["lessons"][0]["lesson"], *told["also"]]
        assert (kind, answer["lessons"]) == (told["kind"], named), text
        outcomes = told["fired"]["outcomes"]
        assert self.events(one["events"] for one in outcomes)
        assert len(outcomes) == told["fired"]["failed"] + told["fired"]["worked"]
        failed = {one["lesson"] for one in outcomes if not one["ok"]}
        assert set(named) <= failed, text
        for one in told["lessons"]:
            assert self.events(seen["events"] for seen in one["sightings"])

    def _lesson(self, text: str, lesson: Row) -> None:
        """The failing class, the words of the error, what worked; and its facts."""
        fix = lesson["fix"]
        ends = [fix["confirmed"] or {}, *fix["candidates"], fix, lesson["state"]]
        rows = self.events(one.get("because", []) for one in ends)
        rows += self.events(one["events"] for one in lesson["sightings"])
        assert set() == self._lacking(told_words(text), rows), text
        count = lesson["count"]
        assert count == 1 or f"x{count}" in text, text
        facts = facts_of(text)
        if "phase" in facts:
            assert facts["phase"] in lesson["phases"]
        if "exit" in facts:
            assert int(facts["exit"]) in set(self._exit_codes(lesson))
        if "fp" in facts:
            shared = [one["fingerprint"] for one in lesson["fingerprints"]]
            assert facts["fp"] in shared

    def _exit_codes(self, lesson: Row) -> Iterator[int]:
        """What the harness's own files tell of the exits of its sightings."""
        for one in lesson["sightings"]:
            names = {row["source"] for row in one["events"] if row["source"]}
            for name in names:
                yield from exit_codes(self._files.text(name), one["iteration"])

    def _gates(self, text: str, told: Row) -> None:
        for row in told["gates"]:
            found = self.events([row["because"]])
            assert row["gate"] in text
            assert "red" == row["state"]
            assert set() == self._lacking([row["gate"]], found), text

    def _council(self, text: str, told: Row) -> None:
        assert "council" == told["kind"], text
        rows = self.events(one["events"] for one in told["rounds"])
        rows += self.events([told["blocks"]])
        assert set() == self._lacking(told_words(text), rows), text

    def events(self, groups: Iterable[list[Row]]) -> list[Row]:
        """Rows of events that stand in the log just so."""
        rows = [row for group in groups for row in group]
        for row in rows:
            line = self._logged(row["seq"])
            source = line.get("src", {}).get("path")
            found = (line["id"], line["type"], line["time"], source)
            assert found == (row["id"], row["type"], row["time"], row["source"])
        return rows

    def _logged(self, seq: int) -> Row:
        if seq not in self._log:
            self._log = logged(self._at.log)
        return self._log[seq]

    def _lacking(self, words: Iterable[str], rows: list[Row]) -> set[str]:
        """Words that none of the files contains that told of these events."""
        assert rows
        return self._files.lacking(
            words, {row["source"] for row in rows if row["source"]}
        )


def _question(rng: random.Random) -> dict[str, str]:
    """Any of the ways in which a block may be asked for."""
    params = {
        "recent_lines": str(rng.randrange(1, 6)),
        "prior_lines": str(rng.randrange(6)),
        "council_lines": str(rng.randrange(4)),
        "max_bytes": str(rng.randrange(300, 2500)),
    }
    if rng.random() < 0.5:
        params["goal"] = rng.choice(["orders of the shop", "rows user login"])
    if rng.random() < 0.5:
        params["phase"] = rng.choice(["REASON", "ACT", "REFLECT", "VERIFY"])
    return params


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for thousands of files, in memory where there is such a place."""
    memory = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
    fast = memory if os.access(memory, os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(prefix="lokid-test-", dir=fast) as folder:
        monkeypatch.setenv("LOKID_STATE_DIR", str(Path(folder) / "state"))
        root = Path(folder) / "work"
        root.mkdir()
        yield root


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_each_line_of_random_blocks_leads_to_files_that_say_it(
    part: int, stage: Path
) -> None:
    """A thousand blocks, asked for while histories are written file by file."""
    rng = random.Random(part)  # noqa: S311  a script, not a secret
    at = find_workspace(str(stage), os.environ)
    simulator = Simulator(stage, Options(harness=rng.choice([7, 9]), noise=False))
    told = history(part, 2 * BLOCKS // PARTS // AT_ONCE)
    ended = {(one.run, one.iteration): one.ended for one in told}
    before = (0, 0)
    with engine_on(at) as engine:
        checked = Checked(at, engine)
        for step in simulator.steps(told):
            here = (step.run, step.iteration)
            if here == before or here not in ended:
                continue
            before = here
            if checked.blocks >= BLOCKS // PARTS:
                break
            engine.scan()
            for _ in range(AT_ONCE):
                checked.block(ended[here], _question(rng))
    assert BLOCKS // PARTS <= checked.blocks
    assert {"recent", "prior", "council"} == set(checked.kinds)


def test_each_line_of_check_and_fix_leads_to_lessons_and_events(stage: Path) -> None:
    """Every command of a history, asked for before and after each iteration."""
    at = find_workspace(str(stage), os.environ)
    simulator = Simulator(stage, Options(harness=9, noise=False))
    told = history(3, 60)
    ended = {(one.run, one.iteration): one.ended for one in told}
    before = (0, 0)
    with engine_on(at) as engine:
        checked = Checked(at, engine)
        for step in simulator.steps(told):
            here = (step.run, step.iteration)
            if here == before or here not in ended:
                continue
            before = here
            engine.scan()
            for command, code, output, _ in TRAPS:
                failed = {"error": output.replace("{n}", "7"), "exit_code": str(code)}
                checked.said("check", ended[here], command=command)
                checked.said("fix", ended[here], command=command, **failed)
    assert {"check", "fix"} <= {kind for kind, seen in checked.kinds.items() if seen}


@pytest.mark.parametrize("tree", sorted(TREES))
def test_each_line_on_a_real_tree_leads_to_its_lesson(
    tree: str, corpus_copy: Callable[..., Workspace]
) -> None:
    """Also where files are missing and a constant is all that is known."""
    at = corpus_copy(tree)
    with engine_on(at) as engine:
        engine.scan()
        newest = engine.query("failures", {"limit": "1"})["failures"]
        now = newest[0]["time"] if newest else NOW
        checked = Checked(at, engine)
        for line in engine.query("context", {"now": now})["lines"]:
            told = engine.query("explain", {"about": line["text"], "now": now})
            named = [one["lesson"] for one in told["lessons"]]
            assert line["lesson"] is None or line["lesson"] in named
            for lesson in told["lessons"]:
                rows = checked.events(one["events"] for one in lesson["sightings"])
                assert rows


# -- what an explanation holds ---------------------------------------------------


def explain(facts: Iterable[Recorded], about: str, **params: str) -> Row:
    """One explanation after these facts."""
    return ask(facts, "explain", about=about, **params)


def failing(story: Story, *lines: str) -> None:
    """A run in which an iteration fails with each of these lines."""
    story.run()
    for number, line in enumerate(lines, start=1):
        story.iteration(number, 1, line=line)


def test_the_values_that_make_the_key_are_named() -> None:
    """Recipe, kind and the parameterised line; a weak key is said to be weak."""
    story = Story()
    failing(story, "KeyError: 'user_id'")
    story.iteration(2, 143)
    line = ask(story.told, "context", prior_lines="0")["lines"]
    told = [explain(story.told, one["text"])["lessons"][0] for one in line]
    by_type = {one["error_type"]: one["keys"] for one in told}
    parts = {one["name"]: one["value"] for one in by_type["KeyError"]["of"][0]["parts"]}
    assert ("iteration", "keyerror: 'user_id'") == (parts["kind"], parts["line"])
    assert (False, True) == (
        by_type["KeyError"]["weak"],
        by_type["interrupted"]["weak"],
    )


def test_one_fingerprint_of_the_harness_is_several_lessons_here() -> None:
    """Failures without a frame share the harness's fingerprint, whatever they are."""
    story = Story()
    failing(story, "KeyError: 'a'", "bash: line {n}: jq: command not found")
    for number in (3, 4):
        story.begin(number)
        story.wait(5)
        story.session(number, 1, line=f"ValueError: {'ab'[number - 3]} is no word")
        story.complete(number, 1)
        story.wait(1)
        story.crash(number, 1)
        story.wait(60)
    lessons = ask(story.told, "lessons")["lessons"]
    crashed = [one["lesson"] for one in lessons if one["error_type"] == "ValueError"]
    (shared,) = explain(story.told, crashed[0])["lessons"][0]["fingerprints"]
    assert (sorted(crashed), 2) == (sorted(shared["lessons"]), shared["failures"])


def test_what_people_said_of_it_is_told() -> None:
    """Each statement with its event, the newest first."""
    story = Story()
    failing(story, "KeyError: 'a'")
    name = ask(story.told, "lessons")["lessons"][0]["lesson"]
    member = story.told[1].id
    said = {"lesson": name, "recipe": 2, "members": (member,)}
    story.wait(60)
    story.add(LessonResolved(**said, commit="1a2b3c4d"), Src())
    story.wait(60)
    story.add(LessonReopened(**said), Src())
    (row,) = explain(story.told, name)["lessons"]
    types = [one["type"] for one in row["statements"]]
    assert ["lesson.reopened", "lesson.resolved"] == types
    assert {"of": name, "commit": "1a2b3c4d"} == row["statements"][1]["says"]


def test_a_merged_lesson_is_found_by_its_old_name() -> None:
    """The keys of both stand beside each other, and the statement says so."""
    story = Story()
    failing(story, "KeyError: 'a'", "ValueError: b is no word")
    rows = ask(story.told, "failures")["failures"]
    old, new = (row["lesson"] for row in rows)
    begun = [one.id for one in story.told if one.type == "iteration.started"]
    merged = LessonMerged(
        lesson=old, recipe=2, members=(begun[1],), into=new, into_members=(begun[0],)
    )
    story.wait(60)
    story.add(merged, Src())
    (row,) = explain(story.told, old)["lessons"]
    assert (new, 2, 2) == (row["lesson"], row["count"], len(row["keys"]["of"]))
    assert [{"of": old, "into": new}] == [one["says"] for one in row["statements"]]
    for line in ("- KeyError: 'a'; phase=ACT", "- ValueError: b is no word"):
        assert new == explain(story.told, line)["lessons"][0]["lesson"]


def test_a_failure_is_found_by_its_id_and_by_any_of_its_events() -> None:
    """As `failures` and `events` print them."""
    story = Story()
    failing(story, "KeyError: 'a'", "ValueError: b is no word")
    row = ask(story.told, "failures")["failures"][0]
    for name in (story.told[-1].id, str(story.told[-1].seq), f"seq={row['seqs'][0]}"):
        found = explain(story.told, name)
        assert ("event", [row["lesson"]]) == (
            found["kind"],
            [one["lesson"] for one in found["lessons"]],
        )


def test_how_often_an_agent_was_told_and_what_came_after() -> None:
    """A block counts, what was held out counts apart; a return is told."""
    story = Story()
    failing(story, "KeyError: 'a'")
    name = ask(story.told, "lessons")["lessons"][0]["lesson"]
    run = ask(story.told, "failures")["failures"][0]["run"]
    served = {"lessons": (name,), "now": story.now(), "run": run, "iteration": 2}
    story.add(ContextServed(**served), Src())
    story.add(ContextServed(held=(name,), now=story.now(), run=run), Src())
    story.wait(5)
    (before,) = explain(story.told, name)["lessons"]
    story.iteration(2, 1, line="KeyError: 'a'")
    (after,) = explain(story.told, name)["lessons"]
    counts = [
        (one["deliveries"]["count"], one["deliveries"]["held"])
        for one in (before, after)
    ]
    assert [(1, 1), (1, 1)] == counts
    assert (0, 1) == (
        before["deliveries"]["came_back"],
        after["deliveries"]["came_back"],
    )


def test_a_fix_is_told_with_its_evidence_and_what_was_in_vain() -> None:
    """The confirmed one, the candidates, the tries, each with its events."""
    story = Story()
    line = "ModuleNotFoundError: No module named 'yaml'"
    story.run()
    story.begin(1)
    first = story.command("python3 a.py", 1, line=line)
    story.command("pip install yml", 1, line="ERROR: No matching distribution: yml")
    story.wait(5)
    last = story.command("pip install yaml")
    story.session(1, 1, line=line)
    story.complete(1, 1)
    found = explain(story.told, f"- {line}")["lessons"][0]["fix"]
    assert "then worked: pip install yaml" == found["said"]
    seqs = [one["seq"] for one in found["confirmed"]["because"]]
    assert [first.seq, last.seq] == seqs


def test_how_long_a_mute_holds_is_told() -> None:
    """Until when, for how many more, or for good; nothing of a mute that is over."""
    story = Story()
    failing(story, "KeyError: 'a'")
    name = ask(story.told, "lessons")["lessons"][0]["lesson"]
    said = {"lesson": name, "recipe": 2, "members": (story.told[1].id,)}
    for more, held in (
        ({"sightings": 3}, {"until": None, "sightings": 3, "left": 2}),
        ({"until": NOW}, None),
        ({"until": "2099-01-01T00:00:00.000Z"}, {"sightings": None, "left": None}),
        ({}, {"until": None, "sightings": None, "left": None}),
    ):
        story.add(LessonMuted(**said, **more), Src())
        story.wait(5)
        if "sightings" in more:
            story.iteration(2, 1, line="KeyError: 'a'")
        (row,) = explain(story.told, name)["lessons"]
        mute = row["state"]["mute"]
        assert (mute is None) == (held is None)
        assert mute is None or mute == {**more, **(held or {})}


def test_a_rule_is_told_with_the_key_that_it_makes() -> None:
    """What it matches, its family, and the keys that it joins."""
    story = Story()
    failing(story, "KeyError: 'a'", "OSError: disk a is full", "KeyError: 'b'")
    rule = Rule(match="*Error: *", family="errors")
    known = build([rule])
    for recorded in story.told:
        for view in known:
            view.apply(recorded)
    by_name = {view.name: view for view in known}
    name = by_name["lessons"].query({}, NOW)["lessons"][0]["lesson"]
    (row,) = by_name["explain"].query({"about": name}, NOW)["lessons"]
    keys = row["keys"]
    assert [{"match": "*Error: *", "family": "errors"}] == keys["rules"]
    assert ("family|errors", 3) == (keys["own"], len(keys["of"]))
    (plain,) = explain(story.told, "- KeyError: 'a'")["lessons"]
    assert (None, []) == (plain["keys"]["own"], plain["keys"]["rules"])


def test_a_lesson_is_ranked_among_those_that_are_told() -> None:
    """1 for what comes first; none for what is told to nobody."""
    story = Story()
    failing(story, "KeyError: 'a'", "OSError: disk a is full", "ValueError: b is not")
    rows = ask(story.told, "lessons")["lessons"]
    member = next(one.id for one in story.told if one.type == "iteration.started")
    gone = {"lesson": rows[2]["lesson"], "recipe": 2, "members": (member,)}
    story.add(LessonResolved(**gone), Src())
    scores = [explain(story.told, one["lesson"])["lessons"][0]["score"] for one in rows]
    assert [(1, 2), (2, 2), (None, 2)] == [(one["rank"], one["of"]) for one in scores]


@pytest.mark.parametrize("mark", ["foo", "[lokid seq=x h=1]", "seq=12"])
def test_what_is_no_mark_is_an_error(mark: str) -> None:
    """Also beside something that could be explained."""
    story = Story()
    failing(story, "KeyError: 'a'")
    for about in ("", "- KeyError: 'a'"):
        with pytest.raises(UsageError) as refused:
            explain(story.told, about, mark=mark)
        assert "marks no block" in refused.value.message


@pytest.mark.parametrize("about", ["L00000000", "- no such line", "77777", "ab" * 8])
def test_what_nobody_said_is_an_error_with_a_hint(about: str) -> None:
    """Whatever is asked of an empty log."""
    with pytest.raises(UsageError) as refused:
        explain([], about)
    assert refused.value.hint
    assert "nothing" == explain([], "")["kind"]


@settings(max_examples=40, deadline=None)
@given(stories, st.integers(1, 6), st.integers(0, 6))
def test_every_line_of_any_story_is_explained(
    told: list[Recorded], recent: int, prior: int
) -> None:
    """Also where clocks, files and iterations are all over the place."""
    params = {"recent_lines": str(recent), "prior_lines": str(prior)}
    known = views(told)
    now = max((one.time for one in told), default="") or NOW
    for line in known["context"].query(params, now)["lines"]:
        found = known["explain"].query({**params, "about": line["text"]}, now)
        named = [one["lesson"] for one in found["lessons"]]
        assert line["lesson"] is None or line["lesson"] in named
        shown = [
            seen["events"] for one in found["lessons"] for seen in one["sightings"]
        ]
        shown += [one["events"] for one in found.get("rounds", ())]
        shown += [found["blocks"]] if found.get("blocks") else []
        assert shown
        assert [] not in shown
