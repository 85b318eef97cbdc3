"""What people say of lessons, as they say it: by command."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cli.main import lokictl as run
from lokid.log import Log, LogReader
from lokid.paths import Workspace
from shell import story, up

Row = dict[str, Any]


@pytest.fixture
def told(tmp_path: Path) -> Workspace:
    """A workspace with the story of the demo."""
    return story(tmp_path / "shop")


class Done(NamedTuple):
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


def lokictl(*words: str, at: Workspace) -> Done:
    """Run a command to its end, in this process."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        code = run(["-C", str(at.root), *words])
    return Done(code, out.getvalue(), err.getvalue())


def ask(*words: str, at: Workspace) -> dict[str, Any]:
    """The JSON that a command answers."""
    done = lokictl(*words, "--json", at=at)
    assert (0, "") == (done.returncode, done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rows(place: Workspace, *words: str) -> list[Row]:
    """The lessons that `lokictl lessons` tells."""
    found: list[Row] = ask("lessons", *words, at=place)["lessons"]
    return found


def one(place: Workspace, lesson: str) -> Row:
    """One lesson, whatever its state."""
    [row] = [row for row in rows(place, "--all") if row["lesson"] == lesson]
    return row


def say(place: Workspace, *words: str) -> str:
    """Say something of lessons; what is answered."""
    done = lokictl(*words, at=place)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def refused(place: Workspace, *words: str) -> str:
    """What is said of something that makes no sense."""
    done = lokictl(*words, at=place)
    assert (2, "") == (done.returncode, done.stdout)
    return done.stderr


@contextmanager
def by(place: Workspace, way: str) -> Iterator[None]:
    """With a daemon, or without."""
    with up(place) if way == "daemon" else nullcontext():
        yield


@pytest.mark.parametrize("way", ["daemon", "embedded"])
def test_resolve_and_reopen(told: Workspace, way: str) -> None:
    """It is hidden but counted, shows why, and comes back."""
    with by(told, way):
        row = rows(told)[0]
        name = row["lesson"]
        said = say(told, "resolve", name, "--commit", "4F3C2D1")
        assert f"{name} resolved; a later sighting reopens it\n" == said
        assert name not in [row["lesson"] for row in rows(told)]
        now = one(told, name)
        assert ("resolved", "person", 1) == (
            now["state"],
            now["state_by"],
            len(now["because"]),
        )
        shown = lokictl("lessons", at=told).stdout
        assert "resolved" in shown.splitlines()[-1]
        assert shown.endswith(": lokictl lessons --all)\n")
        assert f"{name} reopened; it is told again\n" == say(told, "reopen", name)
        assert one(told, name)["state"] in ("ongoing", "regressed")
    assert ["lesson.resolved", "lesson.reopened"] == said_of(told)


def said_of(place: Workspace) -> list[str]:
    """What the log holds of what people said."""
    found = [one.type for one in LogReader(place.log).read()]
    assert found
    return [one for one in found if one.startswith("lesson.")]


@pytest.mark.parametrize(
    ("until", "words"),
    [
        (None, "muted for good; lokictl reopen takes it back"),
        ("3x", "muted for 3 more sightings"),
        ("1x", "muted for 1 more sighting"),
        ("2099-12-01", "muted until 2099-12-01T00:00:00.000Z"),
        ("2099-12-01T10:00:00+02:00", "muted until 2099-12-01T08:00:00.000Z"),
    ],
)
def test_mute(told: Workspace, until: str | None, words: str) -> None:
    """For good, for a number of sightings, until a moment."""
    name = rows(told)[0]["lesson"]
    option = () if until is None else ("--until", until)
    assert f"{name} {words}\n" == say(told, "mute", name, *option)
    assert ("muted", "person") == tuple(
        one(told, name)[key] for key in ("state", "state_by")
    )
    assert [name] == [row["lesson"] for row in rows(told, "--state", "muted")]


def test_a_span_is_counted_from_now(told: Workspace) -> None:
    """In a week is not in a day."""
    name = rows(told)[0]["lesson"]
    [day] = ask("mute", name, "--until", "1d", at=told)["lessons"]
    [week] = ask("mute", name, "--until", "1w", at=told)["lessons"]
    assert day["until"] < week["until"]
    assert "lesson.muted" == day["said"]


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("soon", "neither a time nor a number of sightings"),
        ("0x", "neither a time"),
        ("-1d", "neither a time"),
        ("2001-01-01", "is over already"),
        ("2026-13-01", "neither a time"),
    ],
)
def test_a_mute_until_nonsense_is_refused(
    told: Workspace, until: str, words: str
) -> None:
    """With what may be written instead, and nothing is kept."""
    name = rows(told)[0]["lesson"]
    assert words in refused(told, "mute", name, f"--until={until}")
    assert "muted" != one(told, name)["state"]


def test_merge_and_split(told: Workspace) -> None:
    """Two become one that counts both; taken back, they are two again."""
    first, second, *_ = rows(told, "--all")
    one_id, into = first["lesson"], second["lesson"]
    both = first["count"] + second["count"]
    said = say(told, "merge", one_id, into)
    assert f"{one_id} merged into {into} ({both} sightings)\n" == said
    names = [row["lesson"] for row in rows(told, "--all")]
    assert (False, True) == (one_id in names, into in names)
    merged = one(told, into)
    assert both == merged["count"]
    assert {*first["keys"], *second["keys"]} == set(merged["keys"])
    assert "merges into it are taken back" in say(told, "split", into, "--by", "merge")
    assert first["count"] == one(told, one_id)["count"]


def test_a_merged_lesson_is_known_by_its_old_name(told: Workspace) -> None:
    """What is said of the one is said of the other."""
    first, second, *_ = rows(told, "--all")
    say(told, "merge", first["lesson"], second["lesson"])
    assert second["lesson"] in say(told, "mute", first["lesson"])
    assert "muted" == one(told, second["lesson"])["state"]


def test_a_circle_of_merges_is_refused(told: Workspace) -> None:
    """They are one lesson already."""
    first, second, *_ = rows(told, "--all")
    say(told, "merge", first["lesson"], second["lesson"])
    for pair in ((second, first), (first, second), (first, first)):
        words = refused(told, "merge", *(row["lesson"] for row in pair))
        assert "cannot be merged into itself" in words


def phased(place: Workspace) -> Row:
    """A lesson that was seen in several phases."""
    found = [row for row in rows(place, "--all") if row["error_type"] == "doc_coverage"]
    return found[0]


def test_split_by_phase(told: Workspace) -> None:
    """Each value is a lesson of its own; the old name leads to all of them."""
    row = phased(told)
    done = ask("split", row["lesson"], "--by", "phase", at=told)
    [made] = done["lessons"]
    parts = [one(told, part) for part in made["parts"]]
    assert row["count"] == sum(part["count"] for part in parts)
    assert 3 == len(parts)
    for verb in ("mute", "explain"):
        words = refused(told, verb, row["lesson"])
        assert f"{row['lesson']} was split into" in words
        assert parts[0]["lesson"] in words


@pytest.mark.parametrize("by_part", [True, False])
def test_a_split_is_taken_back(told: Workspace, *, by_part: bool) -> None:
    """Named as it was called before, or by one of its parts."""
    row = phased(told)
    [made] = ask("split", row["lesson"], "--by", "phase", at=told)["lessons"]
    name = made["parts"][1] if by_part else row["lesson"]
    said = say(told, "split", name, "--by", "none")
    assert f"{row['lesson']} is one again: the split is taken back\n" == said
    assert row["count"] == one(told, row["lesson"])["count"]
    assert not {*made["parts"]} & {row["lesson"] for row in rows(told, "--all")}
    assert "was not split" in refused(told, "split", row["lesson"], "--by", "none")


def test_a_split_that_would_change_nothing_is_refused(told: Workspace) -> None:
    """With what could part it; and nothing is kept."""
    seen_once = next(row for row in rows(told, "--all") if row["count"] == 1)
    words = refused(told, "split", seen_once["lesson"], "--by", "phase")
    assert "has the same phase so far" in words
    words = refused(told, "split", phased(told)["lesson"], "--by", "command")
    assert "it can be split by phase (3)" in words
    for by, said in (
        ("merge", "nothing was merged into"),
        ("none", "was not split: there is nothing to take back"),
    ):
        assert said in refused(told, "split", seen_once["lesson"], "--by", by)
    assert [] == said_of(told)


def test_a_merge_is_taken_back_once(told: Workspace) -> None:
    """Then there is none any more."""
    first, second, *_ = rows(told, "--all")
    say(told, "merge", first["lesson"], second["lesson"])
    say(told, "split", second["lesson"], "--by", "merge")
    words = refused(told, "split", second["lesson"], "--by", "merge")
    assert "there is nothing to take back" in words


def test_to_reopen_what_is_open_changes_nothing(told: Workspace) -> None:
    """Its state stays, and nothing is kept; one that is closed is reopened."""
    new = next(row for row in rows(told) if row["state"] == "new")
    other = next(row for row in rows(told) if row["lesson"] != new["lesson"])
    assert f"{new['lesson']} is open already (new)\n" == say(
        told, "reopen", new["lesson"]
    )
    assert ("new", []) == (one(told, new["lesson"])["state"], said_of(told))
    say(told, "mute", other["lesson"])
    done = ask("reopen", new["lesson"], other["lesson"], at=told)["lessons"]
    assert [
        {"lesson": new["lesson"], "said": None, "state": "new"},
        {"lesson": other["lesson"], "said": "lesson.reopened"},
    ] == done
    assert ["lesson.muted", "lesson.reopened"] == said_of(told)


def test_several_at_once(told: Workspace) -> None:
    """One line each; a lesson that is named twice is said once."""
    first, second, *_ = rows(told, "--all")
    names = [first["lesson"], second["lesson"], first["lesson"]]
    said = say(told, "resolve", *names).splitlines()
    assert [first["lesson"], second["lesson"]] == [line.split()[0] for line in said]


def test_a_beginning_that_no_other_has_is_enough(told: Workspace) -> None:
    """With or without the L, in any case of letters."""
    name = rows(told)[0]["lesson"]
    for written in (name[:8], name[1:], name.lower(), name.upper()):
        assert say(told, "resolve", written).startswith(name)


@pytest.mark.parametrize("name", ["L00000000", "", "KeyError", "*", "--x"])
def test_a_lesson_that_is_not_there_is_said(told: Workspace, name: str) -> None:
    """With the way to those that are."""
    words = refused(told, "resolve", "--", name)
    assert "there is no lesson" in words
    assert "lokictl lessons" in words


def test_several_candidates_are_named(told: Workspace) -> None:
    """A beginning that all have: the ids, and what they are."""
    known = rows(told, "--all")
    words = refused(told, "resolve", "L")
    assert f"may be any of {len(known)} lessons" in words
    assert known[0]["lesson"] in words


def test_nonsense_is_refused_before_anything_is_said(told: Workspace) -> None:
    """A commit that is none, a merge of one, a split by nothing."""
    name = rows(told)[0]["lesson"]
    assert "is no commit" in refused(told, "resolve", name, "--commit", "HEAD")
    assert "needs two lessons" in refused(told, "merge", name)
    assert "--by" in refused(told, "split", name)
    assert "colour" in refused(told, "split", name, "--by", "colour")
    assert [] == said_of(told)


def test_a_held_lock_is_an_error_and_nothing_is_kept(
    told: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """73, with a hint; what was said is not lost without a word."""
    monkeypatch.setattr("cli.ask.PATIENCE", 0.2)
    name = rows(told)[0]["lesson"]
    holder = Log.open(told.log)
    try:
        done = lokictl("resolve", name, at=told)
    finally:
        holder.close()
    assert (73, "") == (done.returncode, done.stdout)
    assert "nothing was recorded" in done.stderr
    assert "resolved" != one(told, name)["state_by"]


def test_with_the_knob_at_0_people_are_heard(
    told: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops capture and delivery, not what people say."""
    name = rows(told)[0]["lesson"]
    with monkeypatch.context() as off:
        off.setenv("LOKI_FAILURE_MEMORY", "0")
        say(told, "resolve", name)
    assert "person" == one(told, name)["state_by"]
