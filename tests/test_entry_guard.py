"""The entry guard: a workspace's own code never runs inside ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TRAPS = (
    "cli/__init__.py",
    "cli/hot.py",
    "cli/main.py",
    "projections/__init__.py",
    "click.py",
    "msgspec.py",
)
SCRIPT = """import sys
site = next(i for i, path in enumerate(sys.path) if path.endswith("-packages"))
sys.path.insert(site, {site!r})
from lokid.__main__ import lokictl
sys.exit(lokictl())
"""


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A workspace whose files bear the names of our packages and dependencies."""
    workspace = tmp_path / "hostile"
    (workspace / ".loki").mkdir(parents=True)
    for name in TRAPS:
        trap = workspace / name
        trap.parent.mkdir(parents=True, exist_ok=True)
        trap.write_text(f"open({str(workspace / 'ran')!r}, 'a').write({name!r})\n")
    return workspace


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The packages as a wheel puts them, and a script as an installer writes it."""
    site = tmp_path / "lib" / "site-packages"
    for package in ("lokid", "projections", "cli"):
        shutil.copytree(
            ROOT / package, site / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    script = tmp_path / "bin" / "lokictl"
    script.parent.mkdir()
    script.write_text(SCRIPT.format(site=str(site)))
    return script


WORDS = (["context"], ["--version"], ["failures"])


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("path", [None, "."])
def test_an_installed_command_runs_nothing_of_the_workspace(
    hostile: Path, installed: Path, words: list[str], path: str | None
) -> None:
    """Neither from the current directory nor from PYTHONPATH=. ."""
    environ = {**os.environ, **({"PYTHONPATH": path} if path else {})}
    done = subprocess.run(
        [sys.executable, str(installed), *words],
        cwd=hostile,
        env=environ,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert not (hostile / "ran").exists()


@pytest.mark.parametrize("words", WORDS)
def test_python_dash_m_runs_nothing_of_the_workspace(
    hostile: Path, words: list[str]
) -> None:
    """`python -m` puts the current directory first; the guard takes it away."""
    done = subprocess.run(
        [sys.executable, "-m", "lokid", *words],
        cwd=hostile,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert not (hostile / "ran").exists()


def test_a_workspace_with_a_lokid_of_its_own_does_not_run(
    hostile: Path, installed: Path
) -> None:
    """The installed command finds ours; only PYTHONPATH=. would find theirs."""
    trap = hostile / "lokid" / "__main__.py"
    trap.parent.mkdir()
    for file in (trap, trap.with_name("__init__.py")):
        file.write_text((hostile / "click.py").read_text())
    done = subprocess.run(
        [sys.executable, str(installed), "--version"],
        cwd=hostile,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert not (hostile / "ran").exists()


def test_the_current_directory_may_be_gone(tmp_path: Path) -> None:
    """A folder that was deleted under the shell is no traceback."""
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-c",
         "import os, shutil; shutil.rmtree(os.getcwd()); import lokid.__main__"],
        cwd=gone,
        capture_output=True,
        check=False,
        text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
