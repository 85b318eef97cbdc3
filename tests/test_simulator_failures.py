"""What a failing iteration leaves: crash files, episodes, provider errors, times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.simulator import Options, demo_history, simulate
from cli.simulator.crash import fingerprint, frames
from simulator_rig import (
    Harness,
    crashes,
    episodes,
    events,
    iterations,
    ndjson,
    played,
)

_ERRORS = "errors_encountered"


def test_a_crash_file_has_its_fifteen_fields_sorted(tmp_path: Path) -> None:
    """As the reference lists them; the name begins with the fingerprint."""
    told = crashes(played(tmp_path))
    assert 6 == len(told)
    for name, body in told.items():
        assert sorted(body) == list(body)
        assert 15 == len(body)
        assert f"{body['fingerprint']}-" == name[:65]


def test_frames_are_recognised_in_plain_output_only(tmp_path: Path) -> None:
    """A traceback inside a JSON line gives the harness no symbol."""
    told = crashes(played(tmp_path)).values()
    signatures = [" > ".join(body["stack_signature"]) for body in told]
    assert ["", "", "renderOrders > async showPage", "", "", ""] == signatures


@pytest.mark.parametrize(
    ("raw", "symbols"),
    [
        ('  File "a.py", line 3, in parse', ("parse",)),
        ("    at new Store (/srv/a.js:1:2)", ("new Store",)),
        ("    at Object.run (a.js:1:2)", ("Object.run",)),
        ("    at /srv/shop/index.js:3:1", ("<anonymous>",)),
        ("    at start", ("start",)),
        ("ValueError: at least one is needed", ()),
        ("panic: runtime error\n\tmain.go:12 +0x1d", ()),
        ('{"content": "File, line 3, in parse"}', ()),
        (
            "\n".join(f"at f{n} (a.js:1:1)" for n in range(7)),
            ("f0", "f1", "f2", "f3", "f4"),
        ),
    ],
)
def test_frames_follow_the_harness_rules(raw: str, symbols: tuple[str, ...]) -> None:
    """Python and Node frames on a line of their own, the first five."""
    assert symbols == frames(raw)


@pytest.mark.parametrize(
    ("error_class", "signature", "begins"),
    [
        ("IterationError", (), "d9e1058f4fe3"),
        ("Friction", (), "e57a0bb12436"),
        ("IterationError", ("handler", "parse", "loads"), "c2cb4fa569d4"),
    ],
)
def test_the_fingerprint_is_the_harness_own(
    error_class: str, signature: tuple[str, ...], begins: str
) -> None:
    """The constants that the format reference names come out."""
    assert begins == fingerprint(error_class, signature)[:12]


def test_without_telemetry_no_crash_file_is_written(tmp_path: Path) -> None:
    """Telemetry off: no crash directory, and episodes say phase and exit."""
    root = played(tmp_path, telemetry=False)
    assert not (root / "crash").exists()
    claims = [error["message"] for body in episodes(root) for error in body[_ERRORS]]
    assert [
        "phase=REFLECT; exit=1",
        "phase=VERIFY; exit=127",
        "phase=REASON; exit=1",
        "phase=ACT; exit=1",
        "phase=ACT; exit=143",
        "phase=REFLECT; exit=1",
    ] == claims


def test_an_episode_claims_the_newest_crash_right_or_wrong(tmp_path: Path) -> None:
    """A friction hides the crash of its iteration; a signal takes an older one."""
    claims = {
        (body["timestamp"][:13], body["task_id"]): body[_ERRORS][0]["message"]
        for body in episodes(played(tmp_path, harness=7))
        if body[_ERRORS]
    }
    fourth = claims["2026-03-02T09", "iteration-4"]
    assert fourth == "phase=REASON; friction=gate_failure; fp=e57a0bb12436"
    assert "fp=d9e1058f4fe3" in claims["2026-03-02T12", "iteration-1"]


@pytest.mark.parametrize(("harness", "highest"), [(7, 0), (9, 3)])
def test_only_nine_rewrites_old_episodes(
    harness: Harness, highest: int, tmp_path: Path
) -> None:
    """Building a prompt raises the weight of the last three failures."""
    told = episodes(played(tmp_path, harness=harness))
    assert highest <= max(body["access_count"] for body in told) <= highest * 3
    assert (harness == 9) == any("last_accessed" in body for body in told)
    assert 9 == len(told)


def test_episodes_and_index_are_private(tmp_path: Path) -> None:
    """What goes through mkstemp has mode 0600."""
    root = played(tmp_path)
    files = [*root.glob("memory/episodic/*/*.json"), root / "memory/index.json"]
    assert {0o600} == {file.stat().st_mode & 0o777 for file in files}


def test_last_error_is_one_slot_with_a_history(tmp_path: Path) -> None:
    """A second provider failure moves the first into the history."""
    history = iterations({"provider": "empty"}, {"provider": "rate_limited"}, {})
    root = played(tmp_path, history)
    last = json.loads((root / "state/LAST_ERROR.json").read_text())
    past = ndjson(root / "state/failure-history.jsonl")
    assert ("rate_limited", 2) == (last["error_class"], last["iteration"])
    assert ["provider_empty_output"] == [line["error_class"] for line in past]


@pytest.mark.parametrize(
    ("code", "signal"), [(130, "SIGINT"), (137, "SIGKILL"), (143, "SIGTERM")]
)
def test_a_signal_is_told_in_a_pending_file_and_leaves_no_crash(
    code: int, signal: str, tmp_path: Path
) -> None:
    """No crash file for 130, 137, 143; the signal is named beside the stream."""
    history = iterations({"provider": "killed", "exit_code": code})
    root = played(tmp_path, history, noise=False)
    (file,) = root.glob("events/pending/*.json")
    body = json.loads(file.read_text())
    assert body["payload"] == {"signal": signal, "exit_code": str(code)}
    assert not (root / "crash").exists()


def test_crash_and_episode_lie_in_their_window(tmp_path: Path) -> None:
    """Between the completion and the next start, however short the pause is."""
    history = iterations(*({"exit_code": 1, "output": "no"} for _ in range(5)), gap=1)
    root = played(tmp_path, history)
    told = events(root)
    starts = [one["timestamp"] for one in told if one["type"] == "iteration_start"]
    ends = [one["timestamp"] for one in told if one["type"] == "iteration_complete"]
    windows = list(zip(ends, [*starts[1:], "9"], strict=True))
    remembered = [body["timestamp"][:19] + "Z" for body in episodes(root)]
    captured = [body["captured_at"] for body in crashes(root).values()]
    for stamps in (remembered, captured):
        for at, (end, following) in zip(stamps, windows, strict=True):
            assert end <= at <= following


@pytest.mark.parametrize("harness", [7, 9])
def test_times_written_are_the_history_times(harness: Harness, tmp_path: Path) -> None:
    """Events are in time order, inside the history's own span."""
    times = [line["timestamp"] for line in events(played(tmp_path, harness=harness))]
    assert sorted(times) == times
    assert (times[0], times[-1]) == ("2026-03-02T08:59:57Z", "2026-03-02T12:22:35Z")


def test_played_live_the_times_are_the_present(tmp_path: Path) -> None:
    """Unless the options say otherwise."""
    simulate(demo_history(), tmp_path / "now", live=0.0)
    simulate(demo_history(), tmp_path / "then", Options(times="history"), live=0.0)
    firsts = [
        events(tmp_path / name / ".loki")[0]["timestamp"] for name in ("now", "then")
    ]
    assert firsts[0] > firsts[1] == "2026-03-02T08:59:57Z"
