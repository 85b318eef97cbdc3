"""A history is decoded strictly, and one that cannot have happened is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.simulator import Iteration, Simulator, demo_history, read_history
from lokid.errors import UsageError

LINE: dict[str, Any] = {
    "run": 1,
    "iteration": 1,
    "time": "2026-03-02T08:00:00.000Z",
    "ended": "2026-03-02T08:01:00.000Z",
    "phase": "ACT",
    "goal": "build a list of books",
    "exit_code": 0,
    "commands": [
        {"command": "git status --short", "exit_code": 0, "output": "ok", "trap": None}
    ],
    "output": "Reading the plan.",
    "trap": None,
    "kind": None,
    "files": [],
    "commit": None,
    "then_worked": None,
}


def _file(tmp_path: Path, *lines: dict[str, Any] | str) -> Path:
    path = tmp_path / "history.jsonl"
    text = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(text) + "\n")
    return path


def _second(**changed: Any) -> dict[str, Any]:
    return {
        **LINE,
        "iteration": 2,
        "phase": "REFLECT",
        "time": "2026-03-02T08:05:00.000Z",
        "ended": "2026-03-02T08:06:00.000Z",
        **changed,
    }


def test_a_history_reads_back_every_documented_key(tmp_path: Path) -> None:
    """A line as the history maker writes it becomes an iteration."""
    (item,) = read_history(_file(tmp_path, LINE))
    assert (1, 1, "ACT", "git status --short") == (
        item.run,
        item.iteration,
        item.rarv,
        item.commands[0].command,
    )


def test_empty_lines_are_skipped(tmp_path: Path) -> None:
    """An empty line is no iteration and no error."""
    assert 2 == len(list(read_history(_file(tmp_path, LINE, "", _second()))))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2"),
        ("[]", "line 2"),
        (json.dumps(_second(gates={"code_review": "maybe"})), "gates"),
        (json.dumps(_second(provder="empty")), "provder"),
        (json.dumps(_second(exit_code="1")), "exit_code"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    """The error names the line, and the key where one is at fault."""
    with pytest.raises(UsageError) as caught:
        list(read_history(_file(tmp_path, LINE, line)))
    assert "history.jsonl, line 2" in caught.value.message
    assert said in caught.value.message


def test_a_line_that_is_no_text_is_named(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are an error of their line."""
    path = tmp_path / "history.jsonl"
    path.write_bytes(json.dumps(LINE).encode().replace(b"ok", b"\xff"))
    with pytest.raises(UsageError, match="line 1"):
        list(read_history(path))


def test_a_missing_history_is_a_usage_error(tmp_path: Path) -> None:
    """A file that is not there is told with its reason."""
    with pytest.raises(UsageError, match="No such file"):
        list(read_history(tmp_path / "nowhere.jsonl"))


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (_second(iteration=3, phase="VERIFY"), "expected iteration 2"),
        (_second(run=2), "begins once, with iteration 1"),
        (_second(phase="ACT"), "its phase is REFLECT"),
        (_second(ended="2026-03-02T08:04:00.000Z"), "in this order"),
        (_second(time="yesterday"), "in this order"),
        (_second(provider="text", output=""), "prints nothing"),
        (
            _second(exit_code=1, council={"outcome": "approved", "votes": []}),
            "exit code 0 only",
        ),
        (
            _second(
                gates={"code_review": "pass"},
                review={"verdicts": {"ann": "FAIL"}, "blocking": True},
            ),
            "a blocking review and a passing gate",
        ),
    ],
)
def test_what_cannot_have_happened_is_refused(
    tmp_path: Path, second: dict[str, Any], said: str
) -> None:
    """A contradiction is an error that names run and iteration."""
    history = read_history(_file(tmp_path, LINE, second))
    with pytest.raises(UsageError, match=said) as caught:
        list(Simulator(tmp_path / "work").steps(history))
    assert caught.value.message.startswith("run ")


def test_nothing_follows_an_unfinished_iteration_in_its_run(tmp_path: Path) -> None:
    """A killed harness writes no more of its run."""
    history = read_history(_file(tmp_path, {**LINE, "unfinished": True}, _second()))
    with pytest.raises(UsageError, match="unfinished"):
        list(Simulator(tmp_path / "work").steps(history))


def test_a_run_does_not_come_back(tmp_path: Path) -> None:
    """Runs follow one another; a second start of the same run is refused."""
    later = {"time": "2026-03-02T09:00:00Z", "ended": "2026-03-02T09:01:00Z"}
    again = {"time": "2026-03-02T10:00:00Z", "ended": "2026-03-02T10:01:00Z"}
    history = read_history(
        _file(tmp_path, LINE, {**LINE, **later, "run": 2}, {**LINE, **again})
    )
    with pytest.raises(UsageError, match="begins once"):
        list(Simulator(tmp_path / "work").steps(history))


def _exits(item: Iteration) -> tuple[int, int]:
    return item.exit, item.marked_exit


@pytest.mark.parametrize(
    ("changed", "exits"),
    [
        ({"exit_code": 2}, (2, 2)),
        ({"provider": "empty"}, (1, 0)),
        ({"provider": "killed"}, (143, 143)),
        ({"provider": "killed", "exit_code": 130}, (130, 130)),
        ({"provider": "not_called"}, (125, 125)),
        ({"provider": "rate_limited"}, (1, 1)),
    ],
)
def test_the_provider_decides_both_exit_codes(
    tmp_path: Path, changed: dict[str, Any], exits: tuple[int, int]
) -> None:
    """The event's exit code and the marker's differ for an empty output only."""
    (item,) = read_history(_file(tmp_path, {**LINE, **changed}))
    assert exits == _exits(item)


def test_the_demo_tells_a_history_that_can_have_happened(tmp_path: Path) -> None:
    """The demo's story plays to its end, in two runs."""
    steps = list(Simulator(tmp_path).steps(demo_history()))
    assert (2, 3) == (steps[-1].run, steps[-1].iteration)
