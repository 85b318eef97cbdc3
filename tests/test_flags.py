"""All 64 combinations of the managed flags, by the commands that people run."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from lokid import flags
from lokid.paths import Workspace

COMBINATIONS = tuple(
    dict(zip(flags.ALL, said, strict=True))
    for said in itertools.product((False, True), repeat=len(flags.ALL))
)
LOKICTL = "import sys; from lokid.__main__ import lokictl; sys.exit(lokictl())"
LOKID = "import sys; from lokid.__main__ import lokid; sys.exit(lokid())"


def expected(on: dict[str, bool]) -> str | None:
    """The first flag that lacks its parent, by the table of the mission."""
    parents, memory, hydrate = (on[name] for name in flags.ALL[:3])
    umbrella, review, council = (on[name] for name in flags.ALL[3:])
    checks = (
        (memory and not parents, flags.MEMORY, flags.AGENTS),
        (hydrate and not memory, flags.HYDRATE, flags.MEMORY),
        (umbrella and not parents, flags.UMBRELLA, flags.AGENTS),
        (review and not parents, flags.REVIEW, flags.AGENTS),
        (review and not umbrella, flags.REVIEW, flags.UMBRELLA),
        (council and not parents, flags.COUNCIL, flags.AGENTS),
        (council and not umbrella, flags.COUNCIL, flags.UMBRELLA),
    )
    for wrong, child, parent in checks:
        if wrong:
            return f"ERROR: {child}=true requires {parent}=true"
    return None


def environ_of(on: dict[str, bool]) -> dict[str, str]:
    """Those that are on say so; of the others every second says false."""
    said = {name: "true" for name in on if on[name]}
    return said | {name: "false" for name in flags.ALL[::2] if not on[name]}


def run(
    program: str, words: Sequence[str], at: Path, environ: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=at,
        env={**os.environ, **environ},
        capture_output=True,
        check=False,
        text=True,
    )


def test_sixteen_are_legal_and_each_other_names_its_first_fault() -> None:
    """Counted by the mission's table: 16 legal, 48 refused."""
    found = [flags.problem(environ_of(on)) for on in COMBINATIONS]
    assert found == [expected(on) for on in COMBINATIONS]
    assert 16 == found.count(None)


@pytest.mark.parametrize(
    ("word", "on"),
    [("true", True), (" TRUE ", True), ("1", False), ("yes", False), ("", False)],
)
def test_only_the_word_true_switches_on(word: str, on: bool) -> None:  # noqa: FBT001  a table's column
    """One way to read a flag, for every program of ours."""
    assert flags.is_on({flags.AGENTS: word}, flags.AGENTS) is on


def bits(on: dict[str, bool]) -> str:
    """A combination's name."""
    return "".join(str(int(on[name])) for name in flags.ALL)


@pytest.mark.parametrize("on", COMBINATIONS, ids=bits)
def test_a_command_refuses_what_is_illegal_before_it_does_anything(
    workspace: Workspace, on: dict[str, bool]
) -> None:
    """`context` by the hot path: 2 and the exact words, or as without the flags."""
    done = run(LOKICTL, ["context"], workspace.root, environ_of(on))
    wrong = expected(on)
    if wrong is None:
        assert 0 == done.returncode
        assert "ERROR" not in done.stderr
    else:
        assert (2, "", f"{wrong}\n") == (done.returncode, done.stdout, done.stderr)
        assert not workspace.state.exists()
    assert not (workspace.loki / "managed").exists()


ILLEGAL = {flags.MEMORY: "true"}
WORDS = f"ERROR: {flags.MEMORY}=true requires {flags.AGENTS}=true"


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("up",),
        ("log", "verify"),
        ("--help",),
        ("context", "--goal", "x"),
        ("-C", ".", "failures"),
    ],
)
def test_every_command_refuses_alike(
    workspace: Workspace, words: tuple[str, ...]
) -> None:
    """Help too: a harness that has them wrong should hear it at once."""
    done = run(LOKICTL, words, workspace.root, ILLEGAL)
    assert 2 == done.returncode
    assert WORDS == done.stderr.splitlines()[0]
    assert not done.stdout
    assert not workspace.state.exists()


def test_the_daemon_refuses_its_own_start(workspace: Workspace) -> None:
    """Nothing is watched, nothing made."""
    done = run(LOKID, [], workspace.root, ILLEGAL)
    assert (2, WORDS) == (done.returncode, done.stderr.splitlines()[0])
    assert not workspace.state.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("check", "--command", "make"),
        ("fix", "--error", "x"),
        ("check", "--no-such-option"),
        ("-C", ".", "check", "--command", "make"),
        ("check", "--json", "--command", "make"),
    ],
)
def test_what_stands_in_the_way_of_an_action_stays_silent(
    workspace: Workspace, words: tuple[str, ...]
) -> None:
    """An exit code of 2 would block the agent's tool."""
    done = run(LOKICTL, words, workspace.root, ILLEGAL)
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def test_the_version_is_told_whatever_the_flags_say(workspace: Workspace) -> None:
    """Who asks for help needs it."""
    done = run(LOKICTL, ["--version"], workspace.root, ILLEGAL)
    assert 0 == done.returncode
    assert "lokictl" in done.stdout


def test_a_program_reads_the_refusal_as_an_object(workspace: Workspace) -> None:
    """With ``--json`` the words stand in the problem object."""
    done = run(LOKICTL, ["status", "--json"], workspace.root, ILLEGAL)
    assert 2 == done.returncode
    assert WORDS in done.stderr
    assert '"exit_code":2' in done.stderr


def test_words_that_switch_nothing_on_are_named() -> None:
    """Somebody who says yes wanted something."""
    said = flags.doubts({flags.AGENTS: "yes", flags.MEMORY: "true", flags.REVIEW: ""})
    assert [f"{flags.AGENTS} is off: it says 'yes', not true"] == said
