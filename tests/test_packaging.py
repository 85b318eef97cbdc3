"""What is built is whole, needs what it says, and runs among hostile folders."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PACKAGES = ("lokid", "projections", "cli")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
LOCK = (REPOSITORY / "requirements.lock").read_text("utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Build the wheel, without network and isolation."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (file,) = out.glob("*.whl")
    with zipfile.ZipFile(file) as opened:
        yield opened


def metadata(wheel: zipfile.ZipFile, name: str) -> str:
    """Give one file of the wheel's dist-info."""
    (path,) = (one for one in wheel.namelist() if one.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode()


def test_the_wheel_holds_the_three_packages_and_nothing_else(
    wheel: zipfile.ZipFile,
) -> None:
    """Every module is in it; tests, docs and caches are not."""
    built = {name for name in wheel.namelist() if ".dist-info/" not in name}
    lying = {
        str(path.relative_to(REPOSITORY))
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert lying == built


def test_the_wheel_brings_its_two_commands(wheel: zipfile.ZipFile) -> None:
    """Both enter through the guard, never through cli directly."""
    entries = metadata(wheel, "entry_points.txt")
    assert "lokictl = lokid.__main__:lokictl" in entries
    assert "lokid = lokid.__main__:lokid" in entries


def test_the_wheel_asks_for_what_the_project_says(wheel: zipfile.ZipFile) -> None:
    """Requirements and Python's version are those of pyproject.toml."""
    told = Parser().parsestr(metadata(wheel, "METADATA"))
    required = {re.split(r"[<>=]", one)[0] for one in told.get_all("Requires-Dist", [])}
    assert declared() | extra() == required
    assert PROJECT["project"]["requires-python"] == told["Requires-Python"]


def declared() -> set[str]:
    """Name the distributions that the project depends on."""
    return {re.split(r"[<>=]", one)[0] for one in PROJECT["project"]["dependencies"]}


def extra() -> set[str]:
    """Name the distributions that come with an extra."""
    asked = PROJECT["project"]["optional-dependencies"].values()
    return {re.split(r"[<>=]", one)[0] for names in asked for one in names}


def imported() -> Iterator[str]:
    """Name the top-level modules that our code imports."""
    for package in PACKAGES:
        for file in (REPOSITORY / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    yield from (alias.name.split(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    yield (node.module or "").split(".")[0]


def test_everything_imported_is_declared() -> None:
    """No module relies on what another dependency happens to bring."""
    foreign = set(imported()) - set(sys.stdlib_module_names) - set(PACKAGES)
    private = {name for name in foreign if name.startswith("_")}  # built into Python
    owners = importlib.metadata.packages_distributions()
    needed = {owner.lower() for name in foreign - private for owner in owners[name]}
    assert private <= set(sys.builtin_module_names) | {"_blake2", "_socket"}
    assert declared() - {"httptools"} == needed - extra()  # uvicorn picks it by itself


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_owns_our_names(package: str) -> None:
    """Two of our names are generic: whoever else installed them would win or lose."""
    owners = importlib.metadata.packages_distributions().get(package, [])
    assert set() == set(owners) - {"lokid"}


def test_the_lock_covers_every_requirement() -> None:
    """What the project and its developers need is locked, with hashes."""
    locked = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", LOCK, re.MULTILINE))
    groups = PROJECT["dependency-groups"]["dev"]
    assert set() == (declared() | {one.split(">=")[0] for one in groups}) - set(locked)
    blocks = re.split(r"^(?=[a-z0-9._-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert [] == [block.split("==")[0] for block in blocks if "sha256:" not in block]


def test_the_lock_names_no_place() -> None:
    """It can be installed from any index: no address, no folder stands in it."""
    assert [] == re.findall(r"\w+://|--index-url|--find-links|(?:^| )/\S+", LOCK)


def test_the_wheel_runs_among_hostile_folders(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    """Where the workspace's own cli and projections are found first, ours run."""
    site = tmp_path / "site"
    wheel.extractall(site)
    hostile = tmp_path / "hostile"
    for package in ("projections", "cli"):
        (hostile / package).mkdir(parents=True)
        for module in ("__init__", "main", "hot"):
            (hostile / package / f"{module}.py").write_text("raise SystemExit(13)\n")
    (hostile / "click.py").write_text("raise SystemExit(13)\n")
    program = (
        "import sys; sys.path[:0] = ['', sys.argv.pop(1)];"
        "from lokid.__main__ import lokictl; code = lokictl();"
        "import cli; print(cli.__file__); sys.exit(code)"
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program, site, "--version"],
        cwd=hostile,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (ran.returncode, ran.stderr)
    version, place = ran.stdout.splitlines()
    assert f"lokictl, version {importlib.metadata.version('lokid')}" == version
    assert Path(place).is_relative_to(site)
