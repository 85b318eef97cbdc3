"""The house rules on imports: they hold, and a broken one is caught."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
LINTER = Path(sys.executable).with_name("lint-imports")
PURE = sorted((REPOSITORY / "projections").glob("*.py"))

KERNEL_WORDS = {
    "clock",
    "command",
    "errors",
    "events",
    "extract",
    "head_words",
    "names",
    "projection",
    "prompt",
    "rules",
    "scrub",
}
"""All of the kernel that a projection may know."""
IMPURE = {"input", "now", "open", "print", "today", "utcnow"}
"""Calls that make an answer depend on more than the log."""

BROKEN = {
    "one-way": ("lokid/clock.py", "import projections", "lokid.clock -> projections"),
    "kernel": ("lokid/codec.py", "import lokid.engine", "lokid.codec -> lokid.engine"),
    "pure": ("projections/join.py", "import os", "projections.join -> os"),
    "apscheduler": (
        "lokid/engine.py",
        "import apscheduler.schedulers",
        "lokid.engine -> apscheduler",
    ),
    "watchfiles": ("lokid/log/lock.py", "import watchfiles", "log.lock -> watchfiles"),
    "http": ("cli/render.py", "import uvicorn", "cli.render -> uvicorn"),
    "sdk": ("lokid/engine.py", "import anthropic", "lokid.engine -> anthropic"),
    "mcp": ("lokid/engine.py", "import mcp", "lokid.engine -> mcp"),
    "click": ("lokid/engine.py", "import click", "lokid.engine -> click"),
    "hot-path": ("cli/hot.py", "import json", "cli.hot -> json"),
}
"""By contract: a file, a line that breaks the contract there, what must be said."""


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts on the packages in a folder."""
    return subprocess.run(
        [LINTER, "--no-logo", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def broken_house(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give what the linter says of a copy in which each contract is broken once."""
    house = tmp_path_factory.mktemp("house")
    shutil.copy(REPOSITORY / "pyproject.toml", house)
    for package in ("lokid", "projections", "cli"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / package, house / package, ignore=ignore)
    for file, line, _ in BROKEN.values():
        with (house / file).open("a", encoding="utf-8") as source:
            source.write(f"\n{line}\n")
    said = lint(house)
    assert said.returncode == 1
    return said.stdout


def test_every_contract_holds() -> None:
    """One way, a layered kernel, pure projections, one place for each library."""
    said = lint(REPOSITORY)
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{len(BROKEN)} kept, 0 broken" in said.stdout


@pytest.mark.parametrize("contract", BROKEN)
def test_a_broken_contract_is_caught(contract: str, broken_house: str) -> None:
    """The linter names the very import that was added."""
    assert BROKEN[contract][2] in broken_house
    assert f"{len(BROKEN)} broken" in broken_house


def test_a_module_without_a_place_is_caught(tmp_path: Path) -> None:
    """A new module of the kernel must be given its layer before it is used."""
    shutil.copytree(REPOSITORY, tmp_path / "house", ignore=_all_but_packages)
    (tmp_path / "house" / "lokid" / "stranger.py").write_text('"""New here."""\n')
    said = lint(tmp_path / "house")
    assert said.returncode == 1
    assert "lokid.stranger" in said.stdout


def _all_but_packages(folder: str, names: list[str]) -> set[str]:
    if Path(folder) != REPOSITORY:
        return {"__pycache__"}
    return set(names) - {"lokid", "projections", "cli", "pyproject.toml"}


def kernel_imports(source: str) -> Iterator[str]:
    """Name each module of the kernel that a source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "lokid":
            names = [f"lokid.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("lokid."))


def impure_calls(source: str) -> set[str]:
    """Name each call in a source whose answer the log does not determine."""
    called = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            what = node.func
            name = what.attr if isinstance(what, ast.Attribute) else ""
            called.add(what.id if isinstance(what, ast.Name) else name)
    return called & IMPURE


@pytest.mark.parametrize("file", PURE, ids=lambda file: file.stem)
def test_projections_know_only_the_words_of_the_kernel(file: Path) -> None:
    """A projection imports events, the contract, time, errors and text."""
    assert set() == set(kernel_imports(file.read_text("utf-8"))) - KERNEL_WORDS


@pytest.mark.parametrize("file", PURE, ids=lambda file: file.stem)
def test_projections_never_ask_what_time_it_is(file: Path) -> None:
    """Whoever asks passes now; a projection reads no clock and no file."""
    assert set() == impure_calls(file.read_text("utf-8"))


def test_an_impure_projection_would_be_seen() -> None:
    """The two tests above fail for what they are about."""
    source = "from lokid import clock, engine\nimport lokid.log.reader\nclock.now()"
    assert ["clock", "engine", "log"] == list(kernel_imports(source))
    assert {"now"} == impure_calls(source)
