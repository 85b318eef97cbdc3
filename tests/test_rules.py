"""The user's rules: what they match, who may write them, what they do."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts import NOW, Story
from lokid.config import Loaded, load_settings
from lokid.errors import SettingsError
from lokid.paths import Workspace
from lokid.projection import Answer
from lokid.rules import LEAST_TEXT, Rule, Rules
from projections import build


def asked(story: Story, name: str, *rules: Rule, **params: str) -> Answer:
    """What a read model says with these rules."""
    known = build(rules)
    for recorded in story.told:
        for view in known:
            view.apply(recorded)
    return {view.name: view for view in known}[name].query(params, NOW)


def family(match: str, name: str = "database") -> Rule:
    """A rule that joins."""
    return Rule(match=match, family=name)


def ignoring(match: str) -> Rule:
    """A rule that leaves out."""
    return Rule(match=match, ignore=True)


# -- matching ------------------------------------------------------------------


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_a_star_is_any_text(match: str, text: str) -> None:
    """As a regular expression would have it, which nobody may write."""
    if not match:
        return
    pattern = ".*".join(map(re.escape, match.split("*")))
    wanted = re.fullmatch(pattern, text) is not None and bool(text)
    assert wanted == (Rules([ignoring(match)]).of(text) is not None)


def test_case_does_not_count_and_the_whole_text_does() -> None:
    """What stands before and after needs a star."""
    rules = Rules([ignoring("connection refused*")])
    assert rules.of("Connection Refused: 5432")
    assert not rules.of("the connection refused")
    assert rules.of(None, "something else", "connection refused")


def test_the_first_rule_that_matches_decides() -> None:
    """In the order in which they are written."""
    first, second = family("KeyError*"), ignoring("*'a'")
    assert first == Rules([first, second]).of("KeyError: 'a'")
    assert second == Rules([second, first]).of("KeyError: 'a'")


def test_a_match_made_to_be_slow_is_not() -> None:
    """Many stars against a long text: as many steps as it has characters."""
    rules = Rules([ignoring("*a" * 100 + "b")])
    assert rules.of("a" * 200) is None
    assert rules.of("a" * 200 + "b") is not None


# -- who may write them ----------------------------------------------------------


def write(path: Path, text: str) -> None:
    """A settings file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def user(text: str) -> None:
    """The user's own file."""
    write(Path(os.environ["HOME"]) / ".config/lokid/config.toml", text)


def loaded(workspace: Workspace, text: str = "", **environ: str) -> Loaded:
    """Settings with this in the workspace's file."""
    write(workspace.loki / "lokid.toml", text)
    return load_settings(workspace.loki, {**os.environ, **environ})


def toml(match: str, what: str = "ignore = true") -> str:
    """One rule as it is written."""
    return f"[[rules]]\nmatch = {json.dumps(match)}\n{what}\n"


def test_the_workspaces_rules_come_after_the_users(workspace: Workspace) -> None:
    """Both count, and each says where it is from."""
    user(toml("KeyError*", 'family = "keys"'))
    found = loaded(workspace, toml("TypeError*"))
    assert ["KeyError*", "TypeError*"] == [rule.match for rule in found.settings.rules]
    assert ["config.toml", "lokid.toml"] == [
        Path(origin).name for origin in found.rule_origins
    ]
    assert () == found.refused


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (toml("*"), f"needs {LEAST_TEXT} characters beside *"),
        (toml("* a *"), "characters beside *"),
        (toml("KeyError", ""), "either family or ignore"),
        (toml("KeyError", 'family = "x"\nignore = true'), "either family or ignore"),
        (toml("K" * 300), "longer than rule_length = 200"),
        (toml("Key\x07Error"), "cannot be seen"),
    ],
)
def test_a_rule_that_cannot_stand(workspace: Workspace, rule: str, words: str) -> None:
    """Of the user's it is an error; of the workspace's it is refused, alone."""
    found = loaded(workspace, rule + toml("TypeError*"))
    assert ["TypeError*"] == [one.match for one in found.settings.rules]
    assert [True] == [words in one for one in found.refused]
    user(rule)
    with pytest.raises(SettingsError) as caught:
        loaded(workspace)
    assert words in caught.value.message
    assert "config.toml" in caught.value.message


@pytest.mark.parametrize(
    "rule",
    [toml("KeyError", "family = 3"), toml("K", "regex = true"), "rules = 7\n"],
)
def test_what_is_no_rule_is_a_bad_value(workspace: Workspace, rule: str) -> None:
    """Named with its file and key."""
    with pytest.raises(SettingsError) as caught:
        loaded(workspace, rule)
    assert "rules" in caught.value.message


@pytest.mark.parametrize("name", ["a b", "<tag>", "x" * 65, ""])
def test_a_familys_name_is_a_word(workspace: Workspace, name: str) -> None:
    """It stands in prompts."""
    with pytest.raises(SettingsError):
        loaded(workspace, toml("KeyError*", f"family = {json.dumps(name)}"))


def test_how_many_rules_count_is_a_setting(workspace: Workspace) -> None:
    """The user's first; what is over it is refused."""
    user("most_rules = 2\n" + toml("KeyError*"))
    found = loaded(workspace, toml("TypeError*") + toml("OSError*"))
    assert 2 == len(found.settings.rules)
    assert ["rules: 'OSError*': over most_rules = 2"] == list(found.refused)
    with pytest.raises(SettingsError):
        loaded(workspace, LOKID_MOST_RULES="0")


def test_a_workspace_cannot_raise_the_limits(workspace: Workspace) -> None:
    """They are the user's."""
    found = loaded(workspace, "most_rules = 500\nrule_length = 900\n")
    assert (100, 200) == (found.settings.most_rules, found.settings.rule_length)
    assert 2 == len(found.refused)


# -- what they do ----------------------------------------------------------------


@pytest.fixture
def story() -> Story:
    """Two failures of one kind and one of another."""
    told = Story()
    told.run()
    for number, line in enumerate(("KeyError: 'a'", "OSError: b", "KeyError: 'c'"), 1):
        told.iteration(number, 1, line=line)
    return told


def test_a_family_joins_all_that_match(story: Story) -> None:
    """One lesson of that family, whatever their keys."""
    rows = asked(story, "lessons", family("KeyError*"))["lessons"]
    assert [("database", 2), ("OSError", 1)] == [
        (row["family"], row["count"]) for row in rows
    ]
    assert 2 == len(rows[0]["keys"])
    assert 3 == len(asked(story, "lessons")["lessons"])


def test_what_is_ignored_is_no_lesson_but_stays_a_failure(story: Story) -> None:
    """It is counted as hidden, shown to who asks, and not told in the block."""
    rule = ignoring("OSError*")
    answer = asked(story, "lessons", rule)
    assert {"ignored": 1} == answer["hidden"]
    assert {"KeyError"} == {row["family"] for row in answer["lessons"]}
    [row] = asked(story, "lessons", rule, state="ignored")["lessons"]
    assert ("OSError", "ignored", "rule") == (
        row["family"],
        row["state"],
        row["state_by"],
    )
    assert row["because"]
    failures = asked(story, "failures", rule)["failures"]
    assert [False, True, False] == [one["lesson"] is None for one in failures]
    assert "OSError" not in asked(story, "context", rule)["text"]
    assert "OSError" in asked(story, "context")["text"]


def test_a_statement_finds_its_lesson_again_after_a_rule(story: Story) -> None:
    """By its members: the id is another one now."""
    from lokid.events import LessonMuted, Src

    row = asked(story, "lessons")["lessons"][0]
    muted = LessonMuted(lesson=row["lesson"], recipe=2, members=tuple(row["members"]))
    story.add(muted, Src())
    rows: list[dict[str, Any]] = asked(story, "lessons", family("KeyError*"))["lessons"]
    assert {"database": "muted", "OSError": "new"} == {
        row["family"]: row["state"] for row in rows
    }


def test_a_settings_file_nested_without_end_is_a_bad_one(tmp_path: Path) -> None:
    """The agent may write it; leniently read, it says nothing."""
    (tmp_path / "lokid.toml").write_text("a=" + "[" * 100_000)
    loaded = load_settings(tmp_path, {"HOME": str(tmp_path)}, lenient=True)
    assert loaded.refused
