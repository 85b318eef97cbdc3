"""`lokictl replay`: on stories of our own, on a log, and where policies fail."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.replays.answer import Setup, controlled, replayed
from cli.replays.controls import CONTROLS
from cli.replays.policies import BUILT_IN, Policy, read_policies
from cli.replays.progress import Progress
from cli.replays.staged import of_history
from cli.simulator import Iteration, demo_history
from lokid.command import heads_of
from lokid.config import Settings
from lokid.errors import UsageError
from lokid.projection import Answer
from projections.replay_bars import all_met
from replay_story import own_history
from shell import lokictl, story
from simulator_rig import SHARED, iterations

MAKE_HISTORY = SHARED / "tools" / "make_history.py"
BOTH = tuple(policy for policy in BUILT_IN if policy.name == "both")


def written(file: Path, history: Iterable[Iteration | dict[str, Any]]) -> Path:
    """A history as a file."""
    file.write_bytes(b"\n".join(map(msgspec.json.encode, history)))
    return file


def staged(file: Path) -> Setup:
    """A history, played and read."""
    return Setup(of_history(file, Progress()), Settings(), Progress())


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    """A story of our own generator, played once for all tests."""
    file = tmp_path_factory.mktemp("replay") / "own.jsonl"
    return staged(written(file, own_history(seed=1, runs=36)))


@pytest.fixture(scope="module")
def answer(setup: Setup) -> Answer:
    """All policies on it."""
    return replayed(setup, BUILT_IN)


def row_of(answer: Answer, name: str) -> Answer:
    """The row of one policy."""
    [found] = [one for one in answer["policies"] if one["policy"] == name]
    return dict(found)


def reach(answer: Answer, name: str, kind: str) -> float:
    """How much of a kind of repeats a policy reached."""
    return float(row_of(answer, name)["reach"][kind]["share"])


# -- a story of our own -------------------------------------------------------


def test_block_and_check_meet_the_bars_together(answer: Answer) -> None:
    """Reach, precision, false fires, fires a run, duplicates."""
    assert 30 <= answer["story"]["repeats"]
    assert all_met(answer["bars"]), answer["bars"]


def test_every_failed_command_of_the_story_is_in_the_log(answer: Answer) -> None:
    """What the log lacks nobody can be told of."""
    assert 0 == answer["story"]["missed"]


def test_each_part_adds_to_what_is_reached(answer: Answer) -> None:
    """Nothing reaches nothing; both reach more than the block or the harness."""
    assert 0 == reach(answer, "none", "all")
    for name in ("harness", "block", "check"):
        assert 0 < reach(answer, name, "cross_run")
        assert reach(answer, name, "cross_run") < reach(answer, "both", "cross_run")


def test_the_harness_repeats_itself_and_the_block_does_not(answer: Answer) -> None:
    """Its three newest failures are often the same one."""
    assert 0.1 < row_of(answer, "harness")["duplicates"]["share"]
    assert 0 == row_of(answer, "block")["duplicates"]["n"]


def test_check_is_silent_about_what_the_block_told(answer: Answer) -> None:
    """With the block it fires less, on the same story."""
    assert row_of(answer, "both")["fires"] < row_of(answer, "check")["fires"]


@pytest.mark.parametrize("kind", CONTROLS)
def test_no_check_fires_on_a_command_that_never_failed(setup: Setup, kind: str) -> None:
    """Other things with the same programs, and known words in another order."""
    [found] = controlled(setup, BUILT_IN, kind)["policies"]
    assert 300 < found["commands"]
    assert 0 == found["fires"]


def test_a_threshold_of_a_policy_of_ones_own_holds(setup: Setup) -> None:
    """What was seen in a single run is not told by a check that wants two."""
    strict = Policy(name="strict", block="none", least_runs=2)
    deaf = Policy(name="deaf", block="none", least_runs=1000)
    free = Policy(name="free", block="none")
    answer = replayed(setup, (strict, deaf, free))
    assert 0 == row_of(answer, "deaf")["fires"]
    assert 0 < row_of(answer, "strict")["fires"] < row_of(answer, "free")["fires"]


def test_lines_and_bytes_of_a_policy_of_ones_own_hold(setup: Setup) -> None:
    """One line at most, and 200 bytes."""
    small = Policy(name="small", check=False, recent_lines=1, prior_lines=0)
    thin = Policy(name="thin", check=False, max_bytes=200)
    answer = replayed(setup, (small, thin))
    most = answer["story"]["iterations"]
    assert row_of(answer, "small")["lines"] <= most
    assert 0 < row_of(answer, "thin")["block_bytes"] <= 200


def test_nothing_is_known_before_its_iteration_is_over(tmp_path: Path) -> None:
    """The same command fails twice, then in the next iteration: only that is reached.

    And when the failure of an iteration starts the story, nothing can be said.
    """
    output = "bash: line 3: rclone: command not found"
    fails = {"command": "rclone ls", "exit_code": 127, "output": output, "trap": "R"}
    row = {"exit_code": 127, "commands": [fails, fails], "output": output, "trap": "R"}
    history = iterations(row, {**row, "commands": [fails]})
    told = replayed(staged(written(tmp_path / "h.jsonl", history)), BUILT_IN)
    for name in ("block", "check", "both"):
        reached = row_of(told, name)["reach"]["in_run"]
        assert (1, 2) == (reached["n"], reached["of"])


# -- the generator that other seeds of are run --------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not MAKE_HISTORY.exists(), reason="no generator beside us")
def test_the_bars_are_met_on_the_shared_generator(tmp_path: Path) -> None:
    """Twenty days of one seed; all of 60 days take a minute (`docs`)."""
    spec = importlib.util.spec_from_file_location("make_history", MAKE_HISTORY)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    file = written(tmp_path / "h.jsonl", made.history(3, 20))
    answer = replayed(staged(file), BOTH)
    assert all_met(answer["bars"]), answer["bars"]
    assert 0 == answer["story"]["missed"]


# -- a log of one's own -------------------------------------------------------


def test_a_log_is_replayed_and_judged_by_its_keys(tmp_path: Path) -> None:
    """The demo's story: a table for people, the same as JSON; nothing is written."""
    place = story(tmp_path / "work")
    first = lokictl("replay", "--json", at=place)
    size = sum(file.stat().st_size for file in place.log.iterdir())
    told = lokictl("replay", at=place)
    assert (0, 0) == (first.returncode, told.returncode), told.stderr
    answer = msgspec.json.decode(first.stdout)
    assert ["none", "harness", "block", "check", "both"] == [
        one["policy"] for one in answer["policies"]
    ]
    assert 0 < answer["story"]["repeats"]
    assert 0 < reach(answer, "both", "all")
    assert "cross-run repeats reached" in told.stdout
    assert size == sum(file.stat().st_size for file in place.log.iterdir())


def test_an_empty_workspace_has_nothing_to_replay(tmp_path: Path) -> None:
    """It says so, and ends well."""
    done = lokictl("replay", cwd=tmp_path)
    assert (0, "nothing has happened") == (done.returncode, done.stdout[:20])


def test_a_control_of_a_history_leaves_no_trace(tmp_path: Path) -> None:
    """The workspace that it is played into is gone."""
    file = written(tmp_path / "h.jsonl", demo_history())
    done = lokictl(
        *("replay", "--history", str(file), "--control", "unrelated"), cwd=tmp_path
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert "unrelated" in done.stdout
    assert [file] == list(tmp_path.iterdir())


# -- policies in a file -------------------------------------------------------


def test_policies_are_read_in_their_order(tmp_path: Path) -> None:
    """A table a policy; what is not said stays as it is."""
    file = tmp_path / "p.toml"
    file.write_text("[wide]\nprior_lines = 6\n[quiet]\ncheck = false\nleast_runs = 2\n")
    wide, quiet = read_policies(file)
    assert ("wide", True, {"prior_lines": "6"}) == (wide.name, wide.check, wide.params)
    assert ("quiet", False, 2) == (quiet.name, quiet.check, quiet.least_runs)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a]\nlines = 3\n", "[a]"),
        ("[a]\nblock = 'all'\n", "[a]"),
        ("[a]\nleast_runs = 0\n", "[a]"),
        ("a = 3\n", "[a]"),
        ("[both]\n", "both"),
        ("[a\n", "no TOML"),
        ("", "no policy"),
    ],
)
def test_a_wrong_policy_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    """The file, and the table in it."""
    file = tmp_path / "p.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as raised:
        read_policies(file)
    assert "p.toml" in raised.value.message
    assert said in raised.value.message


@pytest.mark.parametrize("kind", CONTROLS)
def test_control_commands_were_never_run(setup: Setup, kind: str) -> None:
    """They keep their program, and none of them is a command of the story."""
    from cli.replays.controls import control

    turns = setup.material.turns
    run = {head for one in turns for use in one.uses for head in heads_of(use.command)}
    strange = {use.command for one in control(kind, turns) for use in one.uses}
    assert 20 < len(strange)
    assert not run & strange
    programs = {head.split()[0] for head in run}
    assert {head.split()[0] for head in strange} <= programs
    assert all(" " in head for head in itertools.islice(strange, 20))
