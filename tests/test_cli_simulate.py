"""simulate: a harness's tree, written for whoever wants to try."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec

from cli.simulator import demo_history
from lokid.paths import find_workspace
from shell import ask, lokictl


def test_the_story_is_played_without_a_history(tmp_path: Path) -> None:
    """No file is needed to try it."""
    into = tmp_path / "new" / "shop"
    done = lokictl("simulate", "--into", str(into), "--json")
    told = json.loads(done.stdout)
    place = find_workspace(str(into), os.environ)
    assert (len(demo_history()), 2) == (told["iterations"], told["runs"])
    assert len(demo_history()) == len(ask("iterations", at=place)["iterations"])


def test_a_history_is_read_from_a_file_or_a_pipe(tmp_path: Path) -> None:
    """One JSON object a line; harness, telemetry and zone are taken."""
    history = tmp_path / "history.jsonl"
    lines = [msgspec.json.encode(one) for one in demo_history()[:3]]
    history.write_bytes(b"\n".join(lines))
    into = tmp_path / "shop"
    options = ("--harness", "7", "--telemetry", "off", "--zone", "CET")
    done = lokictl("simulate", str(history), "--into", str(into), *options)
    assert 0 == done.returncode, done.stderr
    assert "wrote 3 iterations in 1 run, as harness 7.19.1 does" in done.stdout
    assert not (into / ".loki" / "crash").exists()


def test_a_real_tree_is_never_written_over(tmp_path: Path) -> None:
    """A .loki that is there already may be somebody's."""
    (tmp_path / ".loki").mkdir()
    done = lokictl("simulate", "--into", str(tmp_path))
    assert (2, []) == (done.returncode, list((tmp_path / ".loki").iterdir()))


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    """A zone, a version, a history that do not exist: 2, and nothing written."""
    into = str(tmp_path / "shop")
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"run": 1}\n')
    for words in (("--zone", "MARS"), ("--harness", "8"), (str(broken),), ("none",)):
        assert 2 == lokictl("simulate", *words, "--into", into).returncode
        assert not (tmp_path / "shop" / ".loki").exists()
