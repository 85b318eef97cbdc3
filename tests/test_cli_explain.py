"""`lokictl explain` as a person uses it: on a workspace, with pasted lines."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.explain import explain
from cli.main import lokictl
from lokid.paths import Workspace, find_workspace
from shell import AT, story, up
from shell import lokictl as by_itself

WIDTH = 80
Run = Callable[..., tuple[int, str, str]]
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which two runs were told; each test copies nothing of it."""
    root = tmp_path_factory.mktemp("told") / "work"
    story(root)
    return root


@pytest.fixture
def at(told: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The workspace, with a state of this test's own."""
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    return find_workspace(str(told), os.environ)


@pytest.fixture
def run(at: Workspace, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process: exit code, output, complaints."""

    def command(*words: str) -> tuple[int, str, str]:
        code = lokictl(["-C", str(at.root), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@pytest.fixture
def ask(run: Run) -> Ask:
    """The JSON that a command answers, which must end well."""

    def answer(*words: str) -> dict[str, Any]:
        code, out, complaints = run(*words, "--json")
        assert (0, "") == (code, complaints)
        found: dict[str, Any] = json.loads(out)
        return found

    return answer


def lesson_of(ask: Ask, error_type: str) -> str:
    """The id of one lesson, from `lessons`."""
    rows = ask("lessons")["lessons"]
    return next(str(row["lesson"]) for row in rows if row["error_type"] == error_type)


def test_a_pasted_line_is_explained_with_and_without_its_bullet(
    run: Run, ask: Ask
) -> None:
    """The line as it stands in the prompt, or without what it begins with."""
    block = run("context", "--now", AT)[1].splitlines()
    line = next(line for line in block if "JSONDecodeError" in line)
    lesson = lesson_of(ask, "JSONDecodeError")
    for pasted in (line, line.removeprefix("- "), f"  {line}  "):
        found = ask("explain", pasted)["lessons"]
        assert [lesson] == [one["lesson"] for one in found]


def test_a_lesson_is_found_by_the_beginning_of_its_id(ask: Ask) -> None:
    """As long as no other begins so."""
    lesson = lesson_of(ask, "JSONDecodeError")
    found = ask("explain", lesson[:6].lower())
    assert [lesson] == [one["lesson"] for one in found["lessons"]]


def test_the_text_says_why_when_and_by_which_files(run: Run, ask: Ask) -> None:
    """Recipe and values, state, sightings, events; nothing wider than asked for."""
    lesson = lesson_of(ask, "JSONDecodeError")
    code, text, complaints = run("explain", lesson)
    assert (0, "") == (code, complaints)
    for part in (
        f"{lesson}  JSONDecodeError",
        "seen 2 times in 1 run",
        "Why this is one lesson (recipe 2)",
        "expecting value: line {} column {} (char {})",
        "output.failed",
        "logs/autonomy-20260302.log",
        "share the harness's fingerprint d9e1058f4fe3",
    ):
        assert part in text
    assert WIDTH >= max(map(len, text.splitlines()))


def test_an_event_leads_to_the_lessons_that_stand_on_it(ask: Ask) -> None:
    """A seq of the log, as `lokictl events` shows it."""
    lesson = lesson_of(ask, "JSONDecodeError")
    explained = ask("explain", lesson)["lessons"][0]
    seq = explained["sightings"][0]["events"][0]["seq"]
    back = ask("explain", f"#{seq}")
    assert (seq, lesson) == (back["event"]["seq"], back["lessons"][0]["lesson"])


def test_an_event_of_no_lesson_says_so(run: Run, ask: Ask) -> None:
    """The start of a run fails nobody."""
    first = ask("explain", "1")
    assert ("run.started", []) == (first["event"]["type"], first["lessons"])
    assert "No lesson stands on this event." in run("explain", "1")[1]


def test_a_marked_block_is_explained_line_by_line(at: Workspace, ask: Ask) -> None:
    """The mark leads to the record of the delivery, and that to its lessons."""
    with up(at):
        given = by_itself("context", "--mark", at=at).stdout.splitlines()
        mark = given[-1]
        assert re.fullmatch(r"\[lokid seq=\d+ h=[0-9a-f]{8}\]", mark)
        found = ask("explain", "--mark", mark)
        lines = [line for line in given if line.startswith("- ")]
        told = [ask("explain", line)["lessons"][:1] for line in lines]
        named = [one[0]["lesson"] for one in told if one]
        told_of = ask("explain", named[0])["lessons"][0]["deliveries"]
    assert "block" == found["kind"]
    assert len(lines) == len(found["block"]["kinds"])
    assert named == found["block"]["lines"]
    once = [{"name": "context", "count": 1}]
    assert (1, once) == (told_of["count"], told_of["by_moment"])


def test_a_file_that_is_gone_is_said_to_be(at: Workspace, run: Run, ask: Ask) -> None:
    """The log remembers what the harness has thrown away."""
    lesson = lesson_of(ask, "JSONDecodeError")
    events = _events(ask("explain", lesson))
    assert {True} == {event["exists"] for event in events}
    crash = next(event["source"] for event in events if "crash/" in event["source"])
    path = at.loki / crash
    kept = path.read_bytes()
    path.unlink()
    try:
        after = _events(ask("explain", lesson))
        assert {crash} == {one["source"] for one in after if one["exists"] is False}
        assert "(gone)" in run("explain", lesson, "--all")[1]
    finally:
        path.write_bytes(kept)


def test_a_marked_block_says_each_remark_once(at: Workspace, run: Run) -> None:
    """What several of its lessons share is said with the first of them."""
    with up(at):
        given = by_itself("context", "--mark", at=at).stdout.splitlines()
        text = run("explain", "--mark", given[-1], "--all")[1]
    shared = re.findall(r"share the harness's fingerprint\s(\w+)", text)
    assert shared
    assert sorted(set(shared)) == sorted(shared)
    assert WIDTH >= max(map(len, text.splitlines()))


def test_a_line_of_check_is_explained_with_what_its_command_did(
    at: Workspace, run: Run, ask: Ask
) -> None:
    """As it was printed; each time that the command was run."""
    with up(at):
        done = by_itself("check", "--command", "jq out/orders.json", at=at)
        line = done.stdout.strip()
        assert '"jq out/orders.json" failed here once' in line
        told = ask("explain", line)
        code, text, _ = run("explain", line)
    assert ("check", "jq out/orders.json") == (told["kind"], told["fired"]["command"])
    assert 0 == code
    assert "Why check said so: jq out/orders.json" in text
    assert "failed, exit 127" in text
    assert WIDTH >= max(map(len, text.splitlines()))


def test_the_examples_that_paste_a_line_work_on_the_demo(run: Run) -> None:
    """A line in the help that leads nowhere would teach that none does."""
    pasted = [shlex.split(one) for one in explain.examples if '"- ' in one]
    assert pasted
    for words in pasted:
        code, text, complaints = run(*words[1:])
        assert (0, "") == (code, complaints)
        assert "Why this is one lesson" in text


def test_every_page_fits_the_columns_that_are_said(run: Run, ask: Ask) -> None:
    """Through a pipe too, where COLUMNS says how many there are."""
    names = [row["lesson"] for row in ask("lessons", "--all")["lessons"]]
    assert names
    seqs = [str(one) for one in range(1, ask("lessons")["as_of_seq"], 9)]
    for about in (*names, *seqs, "gates: doc_coverage x3"):
        code, text, _ = run("explain", about, "--all")
        assert (0, True) == (code, bool(text))
        assert [] == [line for line in text.splitlines() if len(line) > WIDTH]


def test_the_worth_of_a_line_is_told_in_words(run: Run, ask: Ask) -> None:
    """Its rank and what made it; no number with an exponent."""
    lesson = lesson_of(ask, "JSONDecodeError")
    text = run("explain", lesson)[1]
    worth = text.partition("worth now")[2].partition("When it was met")[0]
    assert re.search(r"rank \d+ of \d+: last seen \S+, in 1 run", worth)
    assert not re.search(r"\de-\d", worth)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace of which a test may say something."""
    monkeypatch.setenv("COLUMNS", "200")
    return story(tmp_path / "own")


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ((), "muted since 0 s ago for good: somebody said so"),
        (("--until", "10x"), " for 10 more of 10 sightings: somebody said so"),
        (("--until", "2099-12-01"), " until 2099-12-01 00:00 UTC: somebody said so"),
    ],
)
def test_how_long_a_mute_holds_is_said(
    own: Workspace,
    capsys: pytest.CaptureFixture[str],
    until: tuple[str, ...],
    words: str,
) -> None:
    """For good, for so many sightings, or until a moment."""
    place = ["-C", str(own.root)]
    lokictl([*place, "lessons", "--json"])
    lesson = json.loads(capsys.readouterr().out)["lessons"][0]["lesson"]
    lokictl([*place, "mute", lesson, *until])
    lokictl([*place, "explain", lesson])
    text = re.sub(r"since \d+ s ago", "since 0 s ago", capsys.readouterr().out)
    assert words in text


def test_a_rule_is_named_with_its_file(
    own: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it matches, its family, the file, and the key that it makes."""
    rule = '[[rules]]\nmatch = "*Error: *"\nfamily = "web"\n'
    file = own.loki / "lokid.toml"
    file.write_text(rule)
    lokictl(["-C", str(own.root), "lessons", "--json"])
    rows = json.loads(capsys.readouterr().out)["lessons"]
    lesson = next(row["lesson"] for row in rows if row["family"] == "web")
    lokictl(["-C", str(own.root), "explain", lesson])
    text = "".join(capsys.readouterr().out.split())  # a long path is wrapped
    assert f"familyweb,forwhatmatches'*Error:*'({file})" in text
    assert "family|web" in text


def _events(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        event
        for lesson in answer["lessons"]
        for one in lesson["sightings"]
        for event in one["events"]
    ]


def test_a_lesson_is_explained_as_it_was_known_then(ask: Ask) -> None:
    """With the log up to its first sighting it had one."""
    lesson = lesson_of(ask, "JSONDecodeError")
    first = ask("explain", lesson)["lessons"][0]["sightings"][-1]
    then = str(max(event["seq"] for event in first["events"]))
    (known,) = ask("explain", lesson, "--as-of", then)["lessons"]
    assert [first["id"]] == [one["id"] for one in known["sightings"]]


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("- KeyError: 'nobody'",), "no lesson reads like this", "lokictl lessons"),
        (("- expecting a value at line",), "no lesson reads like this", "nearest: L"),
        (("Lffffffff",), "there is no lesson Lffffffff", "lokictl lessons"),
        (("99999",), "the log has no event 99999", "lokictl lessons"),
        (("(+4 more: lokictl failures)",), "tells no failure", "lokictl failures"),
        (("--mark", "[lokid seq=1 h=00]"), "no block was recorded", "--as-of 1"),
        (("--mark", "foo"), "'foo' marks no block", "lokictl context --mark"),
        ((), "nothing to explain", "paste a line"),
    ],
)
def test_what_cannot_be_explained_is_a_clear_error(
    run: Run, words: tuple[str, ...], message: str, hint: str
) -> None:
    """One line and a hint that helps on; exit 2."""
    code, out, complaints = run("explain", *words)
    assert (2, "") == (code, out)
    said, helped = complaints.splitlines()
    assert message in said
    assert hint in helped
