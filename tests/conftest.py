"""What every test stands on: a workspace of its own, far from the user's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lokid.paths import Workspace, find_workspace

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


@pytest.fixture(autouse=True)
def elsewhere(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A home, state and runtime folder for this test alone.

    The environment of the machine that runs the tests
    plays no part.
    """
    home = tmp_path_factory.mktemp("home")
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    for name in list(os.environ):
        if name.startswith(("LOKI", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("NO_COLOR", "1")
    return home


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace (no ``.loki`` yet) with its state elsewhere."""
    root = tmp_path / "work"
    root.mkdir()
    return find_workspace(str(root), os.environ)


@pytest.fixture
def corpus_copy(tmp_path: Path) -> Callable[..., Workspace]:
    """Copies a tree of the corpus into a workspace; skips where there is none."""

    def copy(name: str, into: str | None = None) -> Workspace:
        if not CORPUS.is_dir():
            pytest.skip("there is no corpus beside this checkout")
        root = tmp_path / (into or name)
        shutil.copytree(CORPUS / name, root)
        for folder, _, files in os.walk(root):
            Path(folder).chmod(0o755)
            for file in files:
                (Path(folder) / file).chmod(0o644)
        return find_workspace(str(root), os.environ)

    return copy
