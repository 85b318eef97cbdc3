"""Settings that change while a daemon runs count from the next answer on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from live import daemon_on
from lokid.client import Client
from lokid.config import load_settings
from lokid.log import LogReader
from lokid.paths import Workspace, find_workspace
from lokid.reload import AT_START, Reload
from lokid.rules import Rule
from projections import build
from shell import AT, ask, lokictl, story

NOW = {"now": AT}


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """A workspace with a story, and no daemon."""
    return story(tmp_path / "shop")


@pytest.fixture
def house(place: Workspace) -> Iterator[Workspace]:
    """The same with a daemon."""
    with daemon_on(place):
        yield place


def users(text: str) -> None:
    """Write the user's own file."""
    file = Path(os.environ["HOME"]) / ".config/lokid/config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def own(place: Workspace, text: str) -> None:
    """Write the workspace's file."""
    (place.loki / "lokid.toml").write_text(text)


def kinds(place: Workspace) -> list[str]:
    """The kinds of the lines in the block now."""
    lines = Client(place).get("context", NOW)["lines"]
    return [line["kind"] for line in lines]


def settings(place: Workspace) -> dict[str, Any]:
    """What the daemon says of its settings."""
    found: dict[str, Any] = Client(place).get("status")["settings"]
    return found


def rule(match: str, what: str = "ignore = true") -> str:
    """One rule as it is written."""
    return f"[[rules]]\nmatch = {json.dumps(match)}\n{what}\n"


def test_counts_and_bytes_count_at_once(house: Workspace) -> None:
    """In either file, each time it changes, and when it is gone."""
    before = kinds(house)
    assert "recent" in before
    own(house, "recent_lines = 0\n")
    assert "recent" not in kinds(house)
    own(house, "recent_lines = 1\n")
    assert 1 == kinds(house).count("recent")
    users("recent_lines = 0\n")
    assert "recent" not in kinds(house)
    (house.loki / "lokid.toml").unlink()
    users("")
    assert before == kinds(house)
    users("max_bytes = 200\n")
    assert 200 >= Client(house).get("context", NOW)["bytes"]


def test_a_hold_out_begins_without_a_restart(house: Workspace) -> None:
    """The user turns it on between two iterations."""
    told = Client(house).get("context", NOW)
    users("holdout_percent = 50\n")
    held = Client(house).get("context", NOW)
    names = {one["lesson"] for one in told["lines"] if one["lesson"]}
    left = {one["lesson"] for one in held["lines"] if one["lesson"]}
    assert left < names


def lessons(place: Workspace) -> list[dict[str, Any]]:
    """All lessons, as the daemon tells them."""
    found: list[dict[str, Any]] = Client(place).get("lessons", NOW)["lessons"]
    return found


def from_zero(place: Workspace, *rules: Rule) -> list[dict[str, Any]]:
    """All lessons of a log folded under these rules from its beginning."""
    views = build(rules)
    for recorded in LogReader(place.log).read():
        for view in views:
            view.apply(recorded)
    found: list[dict[str, Any]]
    [found] = [
        view.query(NOW, AT)["lessons"] for view in views if view.name == "lessons"
    ]
    return found


def test_rules_make_the_lessons_anew(house: Workspace) -> None:
    """As if they had always been there; and taken back, as if they had not."""
    before = lessons(house)
    ignored = before[0]["error_type"]
    own(house, rule(f"*{ignored}*") + rule("*error*", 'family = "mine"'))
    after = lessons(house)
    rules = (
        Rule(match=f"*{ignored}*", ignore=True),
        Rule(match="*error*", family="mine"),
    )
    assert from_zero(house, *rules) == after != before
    assert ignored not in {one["error_type"] for one in after}
    own(house, "")
    assert before == lessons(house) == from_zero(house)


def test_a_broken_file_keeps_the_last_good_settings(house: Workspace) -> None:
    """Status says which, until it is mended."""
    own(house, "recent_lines = 0\n")
    assert "recent" not in kinds(house)
    own(house, "recent_lines = \n")
    assert "recent" not in kinds(house)
    problem = settings(house)["problem"]
    assert "lokid.toml" in problem
    assert problem in lokictl("status", at=house).stdout
    assert problem in lokictl("config", "show", at=house).stdout
    own(house, "recent_lines = 1\n")
    assert 1 == kinds(house).count("recent")
    assert settings(house)["problem"] is None


def test_what_a_file_may_not_say_is_told_by_the_daemon(house: Workspace) -> None:
    """And nothing of it counts."""
    own(house, "holdout_percent = 50\n")
    assert ["holdout_percent: a workspace may not set this"] == settings(house)[
        "refused"
    ]


def test_what_needs_a_restart_is_named(house: Workspace) -> None:
    """By status and by config; what else changed counts all the same."""
    assert [] == settings(house)["restart"]
    users("segment_bytes = 100000\nwatch_step_ms = 50\nrecent_lines = 0\n")
    assert "recent" not in kinds(house)
    wanted = ["watch_step_ms", "segment_bytes"]
    assert wanted == settings(house)["restart"]
    assert wanted == ask("config", "show", at=house)["daemon"]["restart"]
    shown = lokictl("config", "show", at=house).stdout
    assert "only when it is started again: watch_step_ms, segment_bytes" in shown
    users("recent_lines = 0\n")
    assert [] == settings(house)["restart"]


def test_without_a_daemon_config_says_nothing_of_one(place: Workspace) -> None:
    """There is none that could lag behind."""
    users("segment_bytes = 100000\n")
    assert ask("config", "show", at=place)["daemon"] is None
    assert "started again" not in lokictl("config", "show", at=place).stdout


def test_a_pipe_in_its_place_stops_nothing(house: Workspace) -> None:
    """Who writes the workspace could make the daemon wait for ever."""
    before = kinds(house)
    os.mkfifo(house.loki / "lokid.toml")
    assert before == kinds(house)
    assert "no plain file" in settings(house)["problem"]


def test_only_a_changed_file_is_read(workspace: Workspace) -> None:
    """And one that was written a moment ago is read once more."""
    workspace.loki.mkdir()
    own(workspace, "recent_lines = 1\n")
    place = find_workspace(str(workspace.root), os.environ)
    loaded = load_settings(place.loki, os.environ)
    reload = Reload(place.loki, os.environ, loaded, build)
    assert not reload.renew()
    file = place.loki / "lokid.toml"
    file.write_text("recent_lines = 2\n")
    os.utime(file, ns=(1, 1))  # the change of its inode alone tells
    assert reload.renew()
    assert 2 == reload.settings.recent_lines
    assert not reload.renew()


def test_every_key_counts_at_once_or_is_named() -> None:
    """The list holds settings, each once."""
    from lokid.config import Settings

    assert len(set(AT_START)) == len(AT_START)
    assert set(AT_START) < set(Settings.__struct_fields__)
