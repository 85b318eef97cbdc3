"""As of a seq or a time: the answer that would have been given then."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from cli.simulator import Options, Simulator, demo_history
from lokid.config import Settings
from lokid.engine import Engine
from lokid.errors import UsageError
from lokid.events import ContextServed, Fact, Recorded
from lokid.log import LogReader
from lokid.past import KEPT, Past
from lokid.paths import Workspace
from lokid.projection import Answer, Projection
from lokid.views import Views
from projections import build
from rig import crash, engine_on, event_line, failing_run, put, recorded
from shell import AT, ask, lokictl, story, up

NAMES = ("context", "failures", "lessons", "council", "iterations", "patterns")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of a run that was read as it was written, in several batches."""
    root = tmp_path_factory.mktemp("told")
    place = Workspace(root=root / "work", state=root / "state", id="told")
    place.root.mkdir()
    simulator = Simulator(place.root, Options(harness=9))
    with engine_on(place) as engine:
        for number, _ in enumerate(simulator.steps(demo_history())):
            if number % 40 == 0:
                engine.scan()
        engine.scan()
    return place.log


def past(log: Path) -> Past:
    """Questions about the past of a log."""
    return Past(log, build, Settings())


def folded(history: list[Recorded], name: str, now: str) -> Answer:
    """The answer with only these events, said to be as of their last."""
    views = Views(build(), Settings())
    views.fold(history)
    answer = views.query(name, {"now": now}, stale=False, reason=None)
    answer.pop("_served", None)
    return answer


def core(answer: Answer) -> Answer:
    """An answer without what only a question about the past tells."""
    return {k: v for k, v in answer.items() if k not in {"as_of", "served"}}


def test_each_position_gives_what_was_answered_there(told: Path) -> None:
    """Random positions, every projection: the fold of what stood before it."""
    history = list(LogReader(told).read())
    asker = past(told)
    for seq in random.Random(7).sample(range(1, len(history) + 1), 6):  # noqa: S311  a choice to repeat
        now = history[seq - 1].at
        for name in NAMES:
            answer = asker.query(name, {"as_of": str(seq)})
            assert folded(history[:seq], name, now) == core(answer)
            assert {"seq": seq, "now": now} == answer["as_of"]
            assert (seq, False) == (answer["as_of_seq"], answer["stale"])


def test_a_time_means_the_last_event_appended_until_then(told: Path) -> None:
    """Between two batches, at the very moment of one, and before the first."""
    history = list(LogReader(told).read())
    moments = sorted({one.at for one in history})
    asker = past(told)
    for moment in (moments[0], moments[len(moments) // 2], moments[-1]):
        last = max(one.seq for one in history if one.at <= moment)
        answer = asker.query("failures", {"as_of": moment})
        assert {"seq": last, "now": moment} == answer["as_of"]
    before = asker.query("failures", {"as_of": "2020-01-01T00:00:00Z"})
    assert (0, []) == (before["as_of_seq"], before["failures"])
    assert "2020-01-01T00:00:00.000Z" == before["as_of"]["now"]


def test_now_may_be_another_moment(told: Path) -> None:
    """The position is that of then, ages are counted from ``now``."""
    moment = "2031-01-01T00:00:00.000Z"
    answer = past(told).query("context", {"as_of": "30", "now": moment})
    history = list(LogReader(told).read(until=30))
    assert folded(history, "context", moment) == core(answer)
    assert {"seq": 30, "now": moment} == answer["as_of"]


@pytest.mark.parametrize("written", ["soon", "-3", "1.5", "", "\u0663", "9999999"])
def test_what_is_no_position_is_refused(told: Path, written: str) -> None:
    """Neither a seq of this log nor a time."""
    with pytest.raises(UsageError):
        past(told).query("failures", {"as_of": written})


def test_an_unknown_question_is_refused(told: Path) -> None:
    """As in the present."""
    with pytest.raises(UsageError):
        past(told).query("nothing", {"as_of": "3"})


def test_a_few_pasts_are_kept_and_no_more(told: Path) -> None:
    """The same one is not folded twice; memory does not grow with questions."""
    made: list[int] = []

    def counted() -> object:
        made.append(1)
        return build()

    asker = Past(told, counted, Settings())  # type: ignore[arg-type]  # as build
    for seq in (5, 9, 5, 9, 5):
        asker.query("failures", {"as_of": str(seq)})
    assert 2 == len(made) == KEPT
    asker.query("failures", {"as_of": "12"})
    asker.query("failures", {"as_of": "9"})
    assert 4 == len(made)


def test_the_past_does_not_change(workspace: Workspace) -> None:
    """More events later, another process, another engine: the same answer."""
    put(workspace, "events.jsonl", failing_run(2))
    with engine_on(workspace) as engine:
        engine.scan()
        seq = str(engine.query("failures", {})["as_of_seq"])
        before = {name: engine.query(name, {"as_of": seq}) for name in NAMES}
        put(workspace, "crash/" + "ab" * 32 + "-1772359291.json", crash())
        engine.scan()
        assert engine.query("failures", {}) != before["failures"]
        assert before == {name: engine.query(name, {"as_of": seq}) for name in NAMES}
    with engine_on(workspace) as engine:
        assert before == {name: engine.query(name, {"as_of": seq}) for name in NAMES}


def test_nothing_is_read_or_written_for_it(workspace: Workspace) -> None:
    """A new file stays unread, no lock is taken, no byte of the state changes."""
    put(workspace, "events.jsonl", failing_run(1))
    with engine_on(workspace) as engine:
        engine.scan()
    put(workspace, "crash/" + "ab" * 32 + "-1772359291.json", crash())
    kept = {f: f.read_bytes() for f in workspace.state.rglob("*") if f.is_file()}
    for words in (("failures",), ("context",), ("iterations",), ("council",)):
        told = ask(*words, "--as-of", "3", at=workspace)
        assert (3, False) == (told["as_of_seq"], told["stale"])
    assert kept == {
        f: f.read_bytes() for f in workspace.state.rglob("*") if f.is_file()
    }
    with engine_on(workspace):  # the lock is held: it is not needed
        assert 3 == ask("lessons", "--as-of", "3", at=workspace)["as_of_seq"]


def test_a_workspace_without_a_log_has_an_empty_past(workspace: Workspace) -> None:
    """Nothing is made on the way."""
    told = ask("failures", "--as-of", "2026-01-01T00:00:00Z", at=workspace)
    assert ([], 0) == (told["failures"], told["as_of_seq"])
    assert not workspace.state.exists()


def test_a_daemon_answers_the_same(tmp_path: Path) -> None:
    """And what it records of its other answers does not move the past."""
    place = story(tmp_path / "shop")
    seq = ask("failures", at=place)["as_of_seq"]
    questions = [(name, "--as-of", str(seq - 9)) for name in NAMES[:5]]
    embedded = [ask(*words, at=place) for words in questions]
    with up(place):
        put(place, "events.jsonl", event_line("2026-03-03T10:00:00Z", "session_start"))
        assert embedded == [ask(*words, at=place) for words in questions]
        failed = lokictl("failures", "--as-of", "99999", at=place)
    assert (2, "") == (failed.returncode, failed.stdout)
    assert "the log does not reach seq 99999" in failed.stderr


def test_people_are_told_which_moment_it_is(workspace: Workspace) -> None:
    """On standard error; ages are counted from then."""
    put(workspace, "events.jsonl", failing_run(1))
    ask("failures", at=workspace)
    done = lokictl("failures", "--as-of", "2027-03-01T10:01:31Z", at=workspace)
    assert "as of seq 3, 2027-03-01T10:01:31.000Z" in done.stderr
    assert "2026-03-01" in done.stdout


def test_an_engine_that_is_not_open_answers_it_too(workspace: Workspace) -> None:
    """The log is all that is needed."""
    put(workspace, "events.jsonl", failing_run(1))
    with engine_on(workspace) as engine:
        engine.scan()
    closed = Engine(workspace, Settings(), (), build)
    told = closed.query("failures", {"as_of": str(recorded(workspace)[-1].seq)})
    assert json.dumps(told["failures"])
    assert 1 == len(told["failures"])


def test_the_present_goes_on_while_a_past_is_folded(workspace: Workspace) -> None:
    """Queries and scans wait for nobody who asks about yesterday."""
    put(workspace, "events.jsonl", failing_run(1))
    folding, go_on = threading.Event(), threading.Event()
    made: list[int] = []

    def slowly() -> Sequence[Projection]:
        made.append(1)
        if len(made) > 1:
            folding.set()
            assert go_on.wait(30)
        return build()

    with engine_on(workspace, views=slowly) as engine, ThreadPoolExecutor(1) as pool:
        engine.scan()
        past = pool.submit(engine.query, "failures", {"as_of": "2"})
        assert folding.wait(30)
        put(workspace, "events.jsonl", failing_run(2))
        assert engine.scan().complete
        assert 2 == len(engine.query("failures", {})["failures"])
        go_on.set()
        assert (2, []) == (past.result(30)["as_of_seq"], past.result()["failures"])


# -- what was served -----------------------------------------------------------


def served(workspace: Workspace) -> list[Recorded]:
    """The blocks that the log says were served."""
    return recorded(workspace, "context.served")


def give(workspace: Workspace, *words: str) -> str:
    """The block for a prompt, as an agent gets it, without its stale notes."""
    return lokictl("context", "--deadline", "20000", *words, at=workspace).stdout


def again(workspace: Workspace, *words: str) -> Answer:
    """A block of the past."""
    return ask("context", "--as-of", *words, at=workspace)


def test_a_block_is_told_again_as_it_was_served(tmp_path: Path) -> None:
    """Byte for byte, by its position, by its event's seq, and by a time."""
    place = story(tmp_path / "shop")
    ask("failures", at=place)
    texts = [
        give(place, "--now", AT),
        give(place, "--phase", "ACT", "--iteration", "9"),
        give(place, "--goal", "keep the cart", "--iteration", "3"),
    ]
    put(place, "events.jsonl", failing_run(3))  # the past is not what is there now
    ask("failures", at=place)
    events = served(place)
    assert 2 == len(events)  # the first was asked for another moment: for nobody
    for text, one in zip(texts[1:], events, strict=True):
        assert isinstance(one.event, ContextServed)
        for at in (str(one.event.position), one.at):
            told = again(place, at)
            assert (True, "as served") == (
                told["served"]["same"],
                told["served"]["note"],
            )
            assert text == told["text"] + "\n"
            assert one.seq == told["served"]["seq"]
    last = again(place, str(events[1].seq))  # nothing stands on it but itself
    assert texts[2] == last["text"] + "\n"


def test_settings_of_today_do_not_change_a_block_of_then(tmp_path: Path) -> None:
    """Fewer lines and fewer bytes are wanted by now."""
    place = story(tmp_path / "shop")
    text = give(place, "--iteration", "3")
    (one,) = served(place)
    (place.loki / "lokid.toml").write_text(
        "recent_lines = 1\nprior_lines = 0\ncouncil_lines = 0\nmax_bytes = 300\n"
    )
    told = again(place, str(one.seq))
    assert (text, True) == (told["text"] + "\n", told["served"]["same"])
    assert text != give(place)


def test_where_nothing_was_served_the_answer_says_so(workspace: Workspace) -> None:
    """It is the block that would have been."""
    put(workspace, "events.jsonl", failing_run(1))
    ask("failures", at=workspace)
    told = again(workspace, "3")
    assert told["served"] is None
    assert told["text"].startswith("PAST FAILURES")


def test_another_renderer_is_told_apart(tmp_path: Path) -> None:
    """Its bytes cannot be promised, and are not."""
    place = story(tmp_path / "shop")
    give(place, "--iteration", "3")
    (one,) = served(place)
    assert isinstance(one.event, ContextServed)
    older = msgspec.structs.replace(one.event, renderer=1, digest="0123456789abcdef")
    with engine_on(place) as engine:
        fact = Fact(event=older, identity=("served", "older"))
        engine.record([fact], durable=False)
    told = again(place, str(served(place)[-1].seq))
    assert not told["served"]["same"]
    assert told["served"]["note"].startswith("differs: renderer 1 then, ")


def test_two_blocks_are_set_side_by_side(workspace: Workspace) -> None:
    """Line by line, with the lesson each tells; the same one has no change."""
    put(workspace, "events.jsonl", failing_run(1))
    ask("failures", at=workspace)
    put(workspace, "crash/" + "ab" * 32 + "-1772359291.json", crash())
    ask("failures", at=workspace)
    told = ask("context", "--diff", "3", "4", at=workspace)
    signs = [(one["sign"], bool(one["lesson"])) for one in told["changes"]]
    assert [(" ", False), ("-", True), ("+", True)] == signs
    assert not told["same"]
    assert (3, 4) == (told["a"]["as_of"]["seq"], told["b"]["as_of"]["seq"])
    assert ask("context", "--diff", "4", "4", at=workspace)["same"]
    text = lokictl("context", "--diff", "3", "4", at=workspace).stdout.splitlines()
    assert text[0].startswith("--- seq 3, ")
    assert text[1].startswith("+++ seq 4, ")
    assert ["  P", "- -", "+ -"] == [line[:3] for line in text[2:]]
    wrong = lokictl("context", "--diff", "3", "then", at=workspace)
    assert (2, "") == (wrong.returncode, wrong.stdout)
