"""demo: what `make run` shows, ended by itself and true."""

from __future__ import annotations

import hashlib
import re
import tempfile
from pathlib import Path

import pytest

from cli.demo import HARNESS_LINE
from cli.simulator import demo_history
from lokid.client import Client
from lokid.errors import DaemonMissing
from lokid.paths import Workspace
from shell import ask, lokictl, story, up

DOCS = Path(__file__).parents[1] / "docs"


def contents(folder: Path) -> dict[str, str]:
    """Every file with its hash and time."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        + str(path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the demo makes its temporary workspace."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def test_the_demo_shows_a_block_before_each_iteration(scratch: Path) -> None:
    """It plays the story, shows blocks and tables, ends, and leaves nothing."""
    done = lokictl("demo", "--fast")
    assert (0, "") == (done.returncode, done.stderr)
    shown = done.stdout
    for item in demo_history():
        assert f"run {item.run}, iteration {item.iteration} ({item.rarv})" in shown
    blocks = re.split(r"run \d, iteration \d", shown)[1:]
    assert "nothing to tell yet" in blocks[0]
    assert "PAST FAILURES TO AVOID:" not in blocks[1]
    assert all("PAST FAILURES TO AVOID:" in block for block in blocks[2:])
    for heading in ("lokictl failures", "lokictl lessons", "lokictl council"):
        assert f"({heading})" in shown
    assert HARNESS_LINE in shown
    assert [] == list(scratch.iterdir())


def test_what_the_demo_shows_is_true(scratch: Path) -> None:
    """Its last table has the story's failures, each once."""
    shown = lokictl("demo", "--fast").stdout
    table = shown.partition("(lokictl failures)\n")[2].partition("\n\n")[0]
    rows = [line.split()[3:6] for line in table.splitlines() if " ago " in line]
    gates = [row for row in rows if row[1] == "gate"]
    others = [row for row in rows if row[1] != "gate"]
    assert [["4"], ["3"], ["2"]] == [row[:1] for row in gates]
    assert ["2", "1", "5", "4", "4", "3", "2"] == [row[0] for row in others]
    assert [] == list(scratch.iterdir())


def test_the_demo_can_be_kept(scratch: Path) -> None:
    """--keep leaves workspace and log, without a daemon."""
    lokictl("demo", "--fast", "--keep")
    folder = next(iter(scratch.iterdir()))
    place = Workspace(root=folder / "shop", state=folder / "state", id="shop")
    assert list(place.log.glob("*.ndjson"))
    with pytest.raises(DaemonMissing):
        Client(place).ping()


def test_the_demo_ignores_what_is_set_for_real_work(scratch: Path) -> None:
    """The knob and the workspace of the user's own work play no part."""
    del scratch
    done = lokictl(
        "demo", "--fast", LOKI_FAILURE_MEMORY="0", LOKID_STATE_DIR="/nowhere"
    )
    assert "PAST FAILURES TO AVOID:" in done.stdout


def test_a_workspace_is_shown_and_left_as_it_was(tmp_path: Path) -> None:
    """With --workspace: its own block and tables, its own log, no file touched."""
    place = story(tmp_path / "shop")
    before = contents(place.root)
    done = lokictl("demo", "--workspace", str(place.root))
    assert (0, "") == (done.returncode, done.stderr)
    assert before == contents(place.root)
    assert "lokictl context" in done.stdout
    assert "JSONDecodeError" in done.stdout
    with pytest.raises(DaemonMissing):
        Client(place).ping()


def test_a_daemon_that_runs_is_used_and_left_running(tmp_path: Path) -> None:
    """The demo stops only what it started."""
    place = story(tmp_path / "shop")
    with up(place):
        lokictl("demo", "--workspace", str(place.root))
        assert ask("status", at=place)["daemon"]["running"]


def test_the_line_for_the_harness_is_the_documented_one() -> None:
    """What the demo prints is what docs/harness.md explains."""
    assert HARNESS_LINE in (DOCS / "harness.md").read_text("utf-8").splitlines()
