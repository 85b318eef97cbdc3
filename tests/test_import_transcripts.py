"""`lokictl import --transcripts`: what Claude Code did in this workspace, once."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from lokid.events import CommandFailed, CommandWorked
from lokid.ingest import transcripts as files
from lokid.paths import Workspace
from rig import put, recorded
from shell import ask, lokictl, up
from transcripts import SESSION, Talk

OTHER = "9" * 8 + SESSION[8:]


@pytest.fixture
def projects(elsewhere: Path) -> Path:
    """Where Claude Code keeps its transcripts."""
    return elsewhere / ".claude" / "projects"


def heads(workspace: Workspace) -> list[str]:
    """The heads of the commands in the log, in its order."""
    told = [one.event for one in recorded(workspace)]
    return [e.head for e in told if isinstance(e, CommandWorked | CommandFailed)]


def talked(root: Path, session: str = SESSION) -> Talk:
    """A session in which something failed and was put right."""
    talk = Talk(root, session=session)
    talk.ran("pytest tests/test_cart.py", "E   KeyError: 'user_id'", 1)
    talk.result(talk.call("Edit", file_path=f"{root}/cart.py"), "updated")
    talk.ran("pytest tests/test_cart.py")
    return talk


def test_a_history_is_imported_once(workspace: Workspace, projects: Path) -> None:
    """Twice gives the same log; its lesson is there, of the transcript's own day."""
    talked(workspace.root).save(projects)
    told = ask("import", "--transcripts", at=workspace)
    assert (3, 1) == (told["new"], told["transcripts"]["files"])
    before = [file.read_bytes() for file in workspace.log.iterdir()]
    again = ask("import", "--transcripts", at=workspace)
    assert (0, 3) == (again["new"], again["known"])
    assert before == [file.read_bytes() for file in workspace.log.iterdir()]
    (row,) = ask("lessons", "--all", at=workspace)["lessons"]
    assert ("KeyError", "2026-02-03") == (row["family"], row["last_seen"][:10])


def test_all_is_appended_in_order_of_time(workspace: Workspace, projects: Path) -> None:
    """Over all files, whatever they are called."""
    names = random.Random(3).sample(range(100), 6)  # noqa: S311  a choice to repeat
    for number, name in enumerate(names):
        talk = Talk(workspace.root, session=f"{number:08x}{SESSION[8:]}")
        for _ in range(number):
            talk.line("user", {"role": "user", "content": "go on"})
        talk.ran(f"make step{number}")
        talk.save(projects, f"{name}.jsonl")
    told = ask("import", "--transcripts", at=workspace)
    assert [f"make step{number}" for number in range(6)] == heads(workspace)
    (row,) = told["sources"]
    assert ("transcripts", 6, 6) == (row["source"], row["files"], row["new"])
    assert row["first"] < row["last"]


def test_only_this_workspace_counts(
    workspace: Workspace, projects: Path, tmp_path: Path
) -> None:
    """By the real path of the folder; below it, but not in a workspace within."""
    linked = tmp_path / "link"
    linked.symlink_to(workspace.root)
    nested = workspace.root / "vendor" / "lib"
    (nested / ".loki").mkdir(parents=True)
    sibling = tmp_path / "work-2"
    wanted = {"root": workspace.root, "below": workspace.root / "src"}
    others = {"nested": nested, "sibling": sibling, "linked": linked}
    for number, (name, folder) in enumerate({**wanted, **others}.items()):
        talk = Talk(folder, session=f"{number:08x}{SESSION[8:]}")
        talk.ran(f"make {name}")
        talk.save(projects)
    ask("import", "--transcripts", at=workspace)
    assert sorted(f"make {name}" for name in wanted) == sorted(heads(workspace))
    ask("import", "--transcripts", "--from", str(projects), at=workspace)
    assert "make linked" in heads(workspace)
    ask("import", "--transcripts", "--any-workspace", at=workspace)
    assert {"make nested", "make sibling"} < set(heads(workspace))


def test_a_dry_run_says_and_leaves_no_trace(
    workspace: Workspace, projects: Path
) -> None:
    """As for a tree."""
    talked(workspace.root).save(projects)
    done = lokictl("import", "--transcripts", "--dry-run", at=workspace)
    assert "3 facts would be appended" in done.stdout
    assert not workspace.state.exists()


def test_with_a_daemon_it_goes_through_the_daemon(
    workspace: Workspace, projects: Path
) -> None:
    """It knows at once."""
    talked(workspace.root).save(projects)
    with up(workspace):
        assert 3 == ask("import", "--transcripts", at=workspace)["new"]
        assert 1 == len(ask("lessons", "--all", at=workspace)["lessons"])


def test_forks_and_helpers_are_read_and_counted_once(
    workspace: Workspace, projects: Path
) -> None:
    """A fork repeats its history; a helper has a file below its session's."""
    talk = talked(workspace.root)
    file = talk.save(projects)
    fork = Talk(workspace.root, session=OTHER)
    fork.lines = [line.replace(SESSION, OTHER) for line in talk.lines]
    fork.save(projects)
    helper = Talk(workspace.root, agentId="a1b2c3d", isSidechain=True)
    helper.ran("make helper")
    helper.lines = [line.replace("toolu_01", "toolu_99") for line in helper.lines]
    helper.save(projects, f"{file.stem}/subagents/agent-a1b2c3d.jsonl")
    told = ask("import", "--transcripts", at=workspace)
    assert (4, 3) == (told["new"], told["transcripts"]["files"])


def test_hostile_files_stop_nothing(
    workspace: Workspace, projects: Path, tmp_path: Path
) -> None:
    """An endless line, broken JSON, no text, a FIFO, a link, a folder; secrets."""
    secret = "ghp_" + "x" * 36
    talk = talked(workspace.root)
    talk.ran(f"deploy --token {secret}", f"fatal: {secret} is not valid", 128)
    file = talk.save(projects)
    lines = talk.written
    endless = b'{"tool_use":"' + b"x" * (files.LINE_BYTES + (1 << 20)) + b'"}'
    file.write_bytes(
        b"\n".join([endless, lines[0], b'{"tool_use":', *lines, b"\xff" * 99])
    )
    (file.parent / "binary.jsonl").write_bytes(bytes(range(256)) * 99)
    (file.parent / "empty.jsonl").touch()
    (file.parent / "folder.jsonl").mkdir()
    os.mkfifo(file.parent / "pipe.jsonl")
    (file.parent / "nowhere.jsonl").symlink_to(tmp_path / "nothing")
    told = ask_quietly(workspace)
    assert 4 == len(heads(workspace))
    assert told.count("cannot be") == 2
    kept = b"".join(f.read_bytes() for f in workspace.state.rglob("*") if f.is_file())
    assert secret.encode() not in kept


def ask_quietly(workspace: Workspace) -> str:
    """What is said on standard error of an import."""
    done = lokictl("import", "--transcripts", at=workspace)
    assert 0 == done.returncode, done.stderr
    return done.stderr


def test_without_transcripts_it_says_so(workspace: Workspace, tmp_path: Path) -> None:
    """Nothing found is no error; what was named and is not there is one."""
    told = lokictl("import", "--transcripts", at=workspace)
    assert (0, True) == (told.returncode, "nothing was found" in told.stdout)
    missing = str(tmp_path / "nothing.jsonl")
    named = lokictl("import", "--transcripts", "--from", missing, at=workspace)
    assert (2, "") == (named.returncode, named.stdout)
    alone = lokictl("import", "--any-workspace", at=workspace)
    assert 2 == alone.returncode


def test_claudes_own_folder_may_lie_elsewhere(
    workspace: Workspace, tmp_path: Path
) -> None:
    """CLAUDE_CONFIG_DIR says where."""
    talked(workspace.root).save(tmp_path / "claude" / "projects")
    moved = str(tmp_path / "claude")
    done = lokictl("import", "--transcripts", at=workspace, CLAUDE_CONFIG_DIR=moved)
    assert "3 facts appended" in done.stdout


def test_what_the_harness_printed_is_not_counted_twice(
    workspace: Workspace, projects: Path
) -> None:
    """Its provider wrote a transcript of the very same calls, under their own ids."""
    talk = talked(workspace.root)
    log = [
        "=== Session started at 2026-02-03 10:00:00 UTC ===",
        "=== RARV Phase: ACT, Tier: x ===",
        *talk.lines,
        "=== Session ended at 2026-02-03 10:00:30 UTC with exit code 0 ===",
    ]
    put(workspace, "logs/autonomy-20260203.log", "\n".join(log) + "\n")
    ask("failures", at=workspace)
    assert 3 == len(heads(workspace))
    talk.save(projects)
    told = ask("import", "--transcripts", at=workspace)
    assert (0, 3) == (told["new"], told["known"])


def test_what_worked_in_one_session_is_told_in_the_next(
    workspace: Workspace, projects: Path
) -> None:
    """Each session outside of runs counts as one, and its fix is a fix."""
    line = "ModuleNotFoundError: No module named 'yaml'"
    error = f'Traceback (most recent call last):\n  File "app.py", line 3\n{line}'
    for number in range(3):
        talk = Talk(workspace.root, session=f"{number:08x}{SESSION[8:]}")
        talk.ran("python app.py", error, 1)
        talk.ran("pip install pyyaml")
        talk.ran("python app.py")
        talk.save(projects)
    ask("import", "--transcripts", at=workspace)
    block = lokictl("context", "--deadline", "20000", at=workspace).stdout
    assert "No module named 'yaml'" in block
    assert "in 3 runs" in block
    assert "then worked: pip install pyyaml" in block
