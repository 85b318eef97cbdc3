"""The docs cannot drift: what the code has, they have; what they name, exists."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import generate_docs
import projections
from cli.main import main
from cli.simulator import demo_history, simulate
from lokid import errors
from lokid.paths import Workspace
from rig import engine_on
from shell import lokictl

REPOSITORY = Path(__file__).parent.parent
DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", *sorted(DOCS.rglob("*.md"))]
each_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY))
)


def read(name: str) -> str:
    """Give one page of docs/."""
    return (DOCS / name).read_text("utf-8")


@pytest.mark.parametrize("name", generate_docs.pages())
def test_generated_pages_are_up_to_date(name: str) -> None:
    """Each event, source, setting and command is in its page as the code has it."""
    assert generate_docs.pages()[name] == read(name), "run: make docs"


def commands(top: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Give each command with its path, below and with a group."""
    yield path, top
    if isinstance(top, click.Group):
        for name, child in top.commands.items():
            yield from commands(child, f"{path} {name}")


@pytest.mark.parametrize(("path", "command"), list(commands(main, "lokictl")))
def test_every_command_and_option_says_what_it_does(
    path: str, command: click.Command
) -> None:
    """No command and no option is without its line of help."""
    assert command.help
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [] == [f"{path} {one.opts[0]}" for one in options if not one.help]


@pytest.mark.parametrize("name", [view.name for view in projections.build()])
def test_every_projection_is_described(name: str) -> None:
    """The answer of each projection has its section."""
    assert f"\n## `{name}`\n" in read("answers.md")


def test_every_key_of_an_answer_is_described(workspace: Workspace) -> None:
    """What a real answer holds has a line on its page."""
    simulate(demo_history(), workspace.root)
    with engine_on(workspace) as engine:
        names = [view.name for view in projections.build()]
        answers = [engine.answer(name, {"all": "1"}, None) for name in names]
    told = set(re.findall(r"`(\w+)(?:\[\])?`", read("answers.md")))
    assert set() == set(keys(answers)) - told


def keys(answer: object) -> Iterator[str]:
    """Name every key of an answer, however deep."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            yield key
            yield from keys(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from keys(value)


def test_every_exit_code_is_described() -> None:
    """Each error's exit code has its row, once."""
    classes = [one for one in vars(errors).values() if isinstance(one, type)]
    codes = {one.exit_code for one in classes if issubclass(one, errors.LokidError)}
    told = re.findall(r"^\| (\d+) \|", read("answers.md"), re.MULTILINE)
    assert codes <= {int(code) for code in told}
    assert len(told) == len(set(told))


@each_page
def test_links_resolve(page: Path) -> None:
    """Every link inside the repository leads to a file, and to its heading."""
    for target, anchor in links(page):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), target
        if anchor:
            assert anchor in headings(file), f"{target}#{anchor}"


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Give target and anchor of each link of a page that leads to no other site."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield path, anchor


def headings(page: Path) -> set[str]:
    """Give the anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", one).strip().replace(" ", "-").lower() for one in found
    }


def test_every_page_can_be_found() -> None:
    """Each page of docs/ is linked from the index."""
    linked = {(DOCS / target).resolve() for target, _ in links(DOCS / "index.md")}
    assert set() == {page for page in PAGES if page.parent != REPOSITORY} - linked - {
        DOCS / "index.md"
    }


@each_page
def test_pages_are_plain(page: Path) -> None:
    """Text is plain: no emoji, no tabs, no trailing blanks, one last newline."""
    text = page.read_text("utf-8")
    assert [] == re.findall(r"[^\x00-\u024f\u2026]", text)
    assert [] == re.findall(r"[ \t]+$|\t", text, re.MULTILINE)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_help_lists_every_target() -> None:
    """Whoever types make sees what there is."""
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    told = subprocess.run(
        ["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    assert sorted(phony.split()) == sorted(re.findall(r"^  (\w+) ", told, re.MULTILINE))


def test_the_readme_shows_real_output() -> None:
    """What the README quotes of the demo is what the demo prints."""
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    quoted = re.findall(r"```text\n(.*?)```", readme, re.DOTALL)
    printed = lokictl("demo", "--fast", COLUMNS="100").stdout
    assert quoted
    assert [] == [block for block in quoted if block not in printed]
