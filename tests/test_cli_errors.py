"""An error is one line, a hint and a documented exit code."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from cli import main
from lokid.paths import Workspace
from rig import failing_run, put
from shell import COMMAND, lokictl


def test_an_unknown_option_is_a_line_and_a_hint(workspace: Workspace) -> None:
    """Usage errors end with 2, also those of context."""
    for command in ("failures", "context"):
        done = lokictl(command, "--nope", at=workspace)
        said = done.stderr.splitlines()
        assert (2, "", 2) == (done.returncode, done.stdout, len(said))
        assert said[0].startswith("lokictl: No such option '--nope'.")
        assert f"lokictl {command} --help" in said[1]


def test_with_json_an_error_is_an_object(workspace: Workspace) -> None:
    """Programs get error, hint and exit code on standard error."""
    done = lokictl("status", "--json", "--require-daemon", at=workspace)
    problem = json.loads(done.stderr)
    assert 69 == done.returncode == problem["exit_code"]
    assert "start one with: lokictl up" == problem["hint"]
    assert "no daemon runs" in problem["error"]
    assert not json.loads(done.stdout)["daemon"]["running"]


def test_a_missing_workspace_is_a_usage_error() -> None:
    """-C must name a folder."""
    done = lokictl("-C", "/no/such/folder", "failures")
    assert (2, "") == (done.returncode, done.stdout)


def test_a_time_that_is_none_is_a_usage_error(workspace: Workspace) -> None:
    """--now is checked, also by context."""
    workspace.loki.mkdir()
    done = lokictl("context", "--now", "soon", at=workspace)
    assert 2 == done.returncode
    assert "--now soon is not a time" in done.stderr


def test_a_reader_that_goes_away_is_no_error(workspace: Workspace) -> None:
    """A closed pipe ends the command quietly."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, "-C", str(workspace.root), "config"],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert (0, b"") == (done.returncode, done.stderr)


def test_a_closed_standard_output_is_no_error(workspace: Workspace) -> None:
    """Nothing can be printed, and nothing is complained of."""
    quoted = " ".join([*COMMAND, "-C", str(workspace.root), "config", ">&-"])
    done = subprocess.run(["sh", "-c", quoted], stderr=subprocess.PIPE, check=False)
    assert (0, b"") == (done.returncode, done.stderr)


def test_a_full_disk_under_the_output_is_told(workspace: Workspace) -> None:
    """What could not be printed is an input or output error, 74."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "-C", str(workspace.root), "config"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
    assert 74 == done.returncode
    assert done.stderr.startswith("lokictl: No space left on device\n")


def test_settings_errors_name_file_and_key(workspace: Workspace) -> None:
    """A bad value of the user's own file: one line, exit 2."""
    file = Path(os.environ["HOME"]) / ".config" / "lokid" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('max_bytes = "many"\n')
    done = lokictl("failures", at=workspace)
    assert 2 == done.returncode
    assert done.stderr.startswith(f"lokictl: {file}: max_bytes: ")


def test_config_tells_origins_and_refusals(workspace: Workspace) -> None:
    """Each value with its origin, and what a workspace may not set."""
    workspace.loki.mkdir()
    (workspace.loki / "lokid.toml").write_text("max_bytes = 900\nscan_batch = 1\n")
    done = lokictl("config", "show", "--json", at=workspace, LOKID_PRIOR_LINES="1")
    told = json.loads(done.stdout)
    found = {row["name"]: (row["value"], row["origin"]) for row in told["settings"]}
    assert (900, str(workspace.loki / "lokid.toml")) == found["max_bytes"]
    assert (1, "LOKID_PRIOR_LINES") == found["prior_lines"]
    assert (3, "default") == found["recent_lines"]
    assert ["scan_batch: a workspace may not set this"] == told["refused"]
    assert "Refused" in lokictl("config", at=workspace).stdout


def test_context_ends_well_when_its_output_is_full(workspace: Workspace) -> None:
    """A full disk under the prompt's file is not the loop's business."""
    put(workspace, "events.jsonl", failing_run(1))
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "context"],
            cwd=workspace.root,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (0, True) == (done.returncode, "cannot write the block" in done.stderr)


@pytest.mark.parametrize(
    ("command", "place"),
    [
        (["context"], "lokid.client.Client.get"),
        (["check", "--command", "make"], "cli.quiet.memory_is_on"),
    ],
)
def test_an_error_of_the_system_is_told_in_words(
    workspace: Workspace,
    command: list[str],
    place: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also by the commands that let the loop go on."""

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/some/where")

    monkeypatch.setattr(place, fail)
    assert 0 == main.lokictl(["-C", str(workspace.root), *command])
    told = capsys.readouterr().err
    assert "/some/where: Permission denied" in told
    assert "PermissionError" not in told
