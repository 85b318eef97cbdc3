"""The daily log: markers, prompts, stream-json, local time, the trimmed head."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.simulator import Options, Simulator, demo_history
from lokid.errors import UsageError
from simulator_rig import iterations, played

_LIST = {"command": "ls src", "output": "a.py"}
_JQ = {
    "command": "jq . a.json",
    "exit_code": 127,
    "output": "bash: jq: command not found",
}


def _log(root: Path) -> str:
    (file,) = root.glob("logs/autonomy-*.log")
    return file.read_text()


def _objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def _parts(text: str, kind: str) -> list[dict[str, Any]]:
    """The parts of one kind in the messages of a stream."""
    messages = [
        line["message"]["content"] for line in _objects(text) if "message" in line
    ]
    return [part for parts in messages for part in parts if part["type"] == kind]


def test_each_command_is_a_use_and_a_result(tmp_path: Path) -> None:
    """A tool_use named Bash and its tool_result, joined by id, error by exit code."""
    history = iterations({"commands": [_LIST, _JQ], "exit_code": 127})
    text = _log(played(tmp_path, history))
    uses, results = _parts(text, "tool_use"), _parts(text, "tool_result")
    assert [_LIST["command"], _JQ["command"]] == [
        use["input"]["command"] for use in uses
    ]
    assert [use["id"] for use in uses] == [result["tool_use_id"] for result in results]
    assert [False, True] == [result["is_error"] for result in results]
    assert {"Bash"} == {use["name"] for use in uses}


def test_an_output_stands_in_its_result_and_nowhere_else(tmp_path: Path) -> None:
    """The command's error is not repeated by the agent nor by the result line."""
    said = f"Looking.\n{_JQ['output']}"
    history = iterations({"commands": [_JQ], "exit_code": 127, "output": said})
    text = _log(played(tmp_path, history))
    assert 1 == text.count("command not found")
    assert ["Looking."] == [part["text"] for part in _parts(text, "text")]
    assert [True] == [line["is_error"] for line in _objects(text) if "is_error" in line]


def test_a_failure_without_a_failing_command_is_printed_plain(tmp_path: Path) -> None:
    """Then the provider itself broke, and its words follow the stream as they are."""
    history = iterations({"exit_code": 1, "output": "Error: no such model"})
    lines = _log(played(tmp_path, history)).splitlines()
    assert lines[-1].startswith("Error: no such model=== Session ended at ")


def test_the_end_marker_is_glued_to_an_unfinished_line(tmp_path: Path) -> None:
    """Plain text without a final newline, and a line that a signal cut."""
    history = iterations(
        {"provider": "text", "output": "all good"},
        {"provider": "killed", "output": "Going on."},
    )
    ends = [
        line
        for line in _log(played(tmp_path, history)).splitlines()
        if " ended " in line
    ]
    assert ends[0].startswith("all good=== Session ended at ")
    assert ends[1].startswith('{"type": "assistant"')
    assert ends[1].endswith(" with exit code 143 ===")


def test_an_empty_output_has_exit_zero_in_its_marker_only(tmp_path: Path) -> None:
    """The log says 0 with an empty body; the event says 1."""
    root = played(tmp_path, iterations({"provider": "empty"}))
    lines = _log(root).splitlines()
    assert lines[-2].startswith("=== RARV Phase: ACT")
    assert lines[-1].endswith("with exit code 0 ===")
    assert '"exitCode":1' in (root / "events.jsonl").read_text()


def test_a_provider_that_was_not_called_is_no_empty_output(tmp_path: Path) -> None:
    """Exit 125 in the marker, with an empty body."""
    lines = _log(played(tmp_path, iterations({"provider": "not_called"}))).splitlines()
    assert lines[-2].startswith("=== RARV Phase: ACT")
    assert lines[-1].endswith("with exit code 125 ===")


def test_a_rate_limit_is_said_by_the_result_line(tmp_path: Path) -> None:
    """The error is in the result's text, inside JSON."""
    text = _log(played(tmp_path, iterations({"provider": "rate_limited"})))
    (result,) = [line for line in _objects(text) if line["type"] == "result"]
    assert result["is_error"]
    assert "rate_limit_error" in result["result"]


def test_the_prompt_has_several_lines_and_quotes_an_old_error(tmp_path: Path) -> None:
    """At most 200 characters of it; the last iteration's error among them."""
    text = _log(played(tmp_path, iterations({"commands": [_JQ], "exit_code": 127}, {})))
    start = text.rindex("=== Prompt (truncated): ") + len("=== Prompt (truncated): ")
    prompt = text[start : text.index("... ===\n=== RARV Phase", start)]
    assert "PAST FAILURES TO AVOID:\nReading the plan." in prompt
    assert 3 < prompt.count("\n") + 1
    assert len(prompt) <= 200


def test_markers_are_in_the_zone_of_the_machine(tmp_path: Path) -> None:
    """As `date` prints it there, day of the file name included."""
    night = iterations({}, hour=23)
    tokyo = played(tmp_path / "tokyo", night, zone="JST")
    assert ["autonomy-20260303.log"] == [
        file.name for file in (tokyo / "logs").iterdir()
    ]
    assert "=== Session started at Tue Mar  3 08:00:03 JST 2026 ===" in _log(tokyo)
    plain = played(tmp_path / "utc", night)
    assert "=== Session started at Mon Mar  2 23:00:03 UTC 2026 ===" in _log(plain)


def test_an_unknown_zone_is_refused() -> None:
    """Only zones with a known fixed offset."""
    with pytest.raises(UsageError, match="unknown zone"):
        Options(zone="Mars")


def test_the_later_harness_trims_the_log_at_iteration_start(tmp_path: Path) -> None:
    """Over the limit its last half stays, in a file with a new inode."""
    limit, inode, trimmed = 3000, 0, 0
    simulator = Simulator(tmp_path, Options(trim_bytes=limit))
    before = b""
    for step in simulator.steps(demo_history()):
        if not step.path.startswith("logs/autonomy"):
            continue
        log = tmp_path / ".loki" / step.path
        if step.what == "log trimmed":
            assert before[-limit // 2 :] == log.read_bytes()
            assert inode != log.stat().st_ino
            trimmed += 1
        before, inode = log.read_bytes(), log.stat().st_ino
    assert trimmed > 1


def test_the_earlier_harness_never_trims_the_log(tmp_path: Path) -> None:
    """At 7 every session of the day stays."""
    root = played(tmp_path, harness=7, trim_bytes=3000)
    assert 9 == _log(root).count("=== Session started at ")


def test_the_copy_of_the_output_is_gone_at_the_end(tmp_path: Path) -> None:
    """It exists while the provider runs, and a killed harness leaves it behind."""
    done = played(tmp_path / "done", iterations({}))
    left = played(tmp_path / "left", iterations({"unfinished": True}))
    assert (0, 1) == tuple(
        len(list(root.glob("logs/iter-output-*"))) for root in (done, left)
    )
