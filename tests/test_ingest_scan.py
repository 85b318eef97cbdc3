"""A scan takes in what lies on disk: all of it, once, and nothing else."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence

import msgspec
import pytest

from lokid.config import Settings
from lokid.engine import Engine
from lokid.events import (
    Fact,
    IterationStarted,
    ProviderFailed,
    Recorded,
    SourceRejected,
)
from lokid.ingest import hints, tails
from lokid.ingest.index import Index
from lokid.ingest.pipeline import Pipeline
from lokid.ingest.reading import digest
from lokid.ingest.scan import RACY_NS
from lokid.log import event_id
from lokid.paths import Workspace
from lokid.source import Document
from lokid.sources.crash import CRASHES
from lokid.sources.harness import EVENTS
from projections import build
from rig import crash, engine_on, event_line, failing_run, put, recorded

NOW = Settings(reject_after_seconds=0.001)
"""Broken documents are given up at once, so that no test has to wait."""


def types(workspace: Workspace) -> list[str]:
    """Type names in the log, in order."""
    return [one.type for one in recorded(workspace)]


def rejections(workspace: Workspace) -> list[tuple[str, str]]:
    """(source, reason) of each rejection, sorted."""
    return sorted(
        (one.event.source, one.event.reason)  # type: ignore[union-attr]  # the types asked for have it
        for one in recorded(workspace, "source.rejected")
    )


def test_a_closed_file_is_in_the_log_after_one_scan(workspace: Workspace) -> None:
    """What lies on disk when the scan begins is in the log when it ends."""
    put(workspace, "crash/" + "ab" * 32 + "-1772359291.json", crash())
    with engine_on(workspace) as engine:
        assert engine.scan().complete
    assert ["crash.observed"] == types(workspace)


def test_a_second_scan_appends_nothing(workspace: Workspace) -> None:
    """The same reading twice is one event."""
    put(workspace, "events.jsonl", failing_run(3))
    with engine_on(workspace) as engine:
        first = engine.scan().appended
        assert (7, 0) == (first, engine.scan().appended)


def test_deleting_every_hint_costs_no_truth(workspace: Workspace) -> None:
    """Without the cache everything is read again and recognised."""
    put(workspace, "events.jsonl", failing_run(2))
    put(workspace, "council/state.json", {"consecutive_no_change": 2})
    with engine_on(workspace) as engine:
        engine.scan()
    before = types(workspace)
    shutil.rmtree(workspace.cache)
    with engine_on(workspace) as engine:
        assert 0 == engine.scan().appended
    assert before == types(workspace)


def test_damaged_hints_are_none(workspace: Workspace) -> None:
    """Else a line would get a second identity, and be there twice later on."""
    first, *_ = failing_run(2).splitlines()
    file = put(workspace, "events.jsonl", failing_run(2))
    with engine_on(workspace) as engine:
        engine.scan()
    seen = workspace.cache / "seen"
    generation = digest(first.encode()).encode()
    seen.write_bytes(seen.read_bytes().replace(generation, b"0" * 16))
    with file.open("a") as stream:
        stream.write(event_line("2026-03-01T12:00:00Z", "session_start", pid=9))
    with engine_on(workspace) as engine:
        assert 1 == engine.scan().appended
    shutil.rmtree(workspace.cache)
    with engine_on(workspace) as engine:
        assert 0 == engine.scan().appended


def test_hints_of_a_log_that_lost_its_end_are_ignored(workspace: Workspace) -> None:
    """A log that was cut sees its files again, whatever the cache says."""
    put(workspace, "events.jsonl", failing_run(2))
    with engine_on(workspace) as engine:
        engine.scan()
    segment = next(workspace.log.glob("*.ndjson"))
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(lines[:-2]))
    with engine_on(workspace) as engine:
        assert 2 == engine.scan().appended


def test_a_growing_file_is_read_on_from_where_it_was(workspace: Workspace) -> None:
    """New lines of events.jsonl arrive once each, and half lines wait."""
    file = put(workspace, "events.jsonl", failing_run(1))
    with engine_on(workspace) as engine:
        engine.scan()
        line = event_line("2026-03-01T10:05:00Z", "iteration_start", iteration=2)
        with file.open("a") as stream:
            stream.write(line[:20])
        assert 0 == engine.scan().appended
        with file.open("a") as stream:
            stream.write(line[20:])
        assert 1 == engine.scan().appended


def test_a_rotated_file_loses_no_line(workspace: Workspace) -> None:
    """The rest of the rotated sibling is read before the new generation."""
    file = put(workspace, "events.jsonl", failing_run(1))
    with engine_on(workspace) as engine:
        engine.scan()
        with file.open("a") as stream:
            stream.write(
                event_line("2026-03-01T10:06:00Z", "iteration_start", iteration=2)
            )
        file.rename(file.with_name("events.jsonl.1"))
        put(
            workspace,
            "events.jsonl",
            event_line("2026-03-01T11:00:00Z", "session_start", pid=78),
        )
        assert 2 == engine.scan().appended


def test_a_file_rotated_twice_between_scans_loses_no_line(
    workspace: Workspace,
) -> None:
    """One that began and was rotated away unseen is read where it lies."""
    file = put(workspace, "events.jsonl", failing_run(1))
    with engine_on(workspace) as engine:
        engine.scan()
        for hour in (11, 12):
            file.rename(file.with_name(f"events.jsonl.{13 - hour}"))
            begun = event_line(f"2026-03-01T{hour}:00:00Z", "session_start", pid=hour)
            put(workspace, "events.jsonl", begun)
        assert 2 == engine.scan().appended
        assert 0 == engine.scan().appended


def test_a_file_rotated_in_the_midst_of_a_scan_loses_no_line(
    workspace: Workspace,
) -> None:
    """The scan has listed the folder by then, and knows of no sibling."""
    file = put(workspace, "events.jsonl", failing_run(1))

    def rotate(_document: Document) -> Iterator[Fact]:
        with file.open("a") as stream:
            stream.write(event_line("2026-03-01T10:06:00Z", "phase_change", to="A"))
        file.rename(file.with_name("events.jsonl.1"))
        begun = event_line("2026-03-01T11:00:00Z", "session_start", pid=78)
        put(workspace, "events.jsonl", begun)
        yield from ()

    rotating = msgspec.structs.replace(CRASHES, read_document=rotate)
    engine = Engine(workspace, Settings(), (rotating, EVENTS), build)
    engine.open()
    try:
        engine.scan()
        put(workspace, "crash/a.json", crash())
        engine.scan()
        engine.scan()
    finally:
        engine.close()
    assert ["phase.changed", "run.started"] == types(workspace)[-2:]


def test_a_rotated_file_is_read_on_a_cold_start_too(workspace: Workspace) -> None:
    """Before anything was read, siblings count as history."""
    put(workspace, "events.jsonl.1", failing_run(1))
    put(
        workspace,
        "events.jsonl",
        event_line("2026-03-01T11:00:00Z", "session_start", pid=78),
    )
    with engine_on(workspace) as engine:
        assert 4 == engine.scan().appended


def test_a_half_written_document_waits_and_then_counts(workspace: Workspace) -> None:
    """A torn crash file is pending, never partial, and read when it is whole."""
    path = "crash/" + "ab" * 32 + "-1772359291.json"
    put(workspace, path, '{"error_class": "Iter')
    with engine_on(workspace) as engine:
        assert (path,) == engine.scan().pending
        put(workspace, path, crash())
        assert () == engine.scan().pending
    assert ["crash.observed"] == types(workspace)


def test_a_document_that_still_grows_is_not_given_up(workspace: Workspace) -> None:
    """What is waited for is that it changes no more, not that it was begun."""
    path = "crash/" + "ab" * 32 + "-1772359291.json"
    whole = json.dumps(crash())
    with engine_on(workspace, settings=Settings(reject_after_seconds=0.5)) as engine:
        begun = time.monotonic()
        for length in itertools.count(1):
            written = time.monotonic()
            put(workspace, path, " " * length + whole[:-1])
            engine.scan()
            if time.monotonic() - written > 0.25:
                pytest.skip("this machine stalls")
            if written - begun > 0.75:
                break
        put(workspace, path, whole)
        engine.scan()
    assert ["crash.observed"] == types(workspace)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b'{"error_class": ', "torn"),
        (b"[1, 2]", "not_object"),
        (b'{"error_class": "\xff\xfe"}', "not_utf8"),
        (b"\x00\x01\x02", "torn"),
        (b'{"a":' * 5000, "torn"),
        (b"[" * 100_000, "torn"),
    ],
)
def test_a_broken_document_is_rejected_once_with_its_reason(
    workspace: Workspace, content: bytes, reason: str
) -> None:
    """What stays broken is given up, said once, and nothing else stops."""
    put(workspace, "crash/" + "ab" * 32 + "-1772359291.json", content)
    put(workspace, "events.jsonl", failing_run(1))
    with engine_on(workspace, settings=NOW) as engine:
        for _ in range(3):
            engine.scan()
    assert [("crashes", reason)] == rejections(workspace)
    assert 3 == len(recorded(workspace)) - 1


def test_invalid_and_split_lines_are_counted_and_passed_over(
    workspace: Workspace,
) -> None:
    """The lines around a broken one are read."""
    text = failing_run(1) + '{"timestamp": 007}\n{"type": "x",\n"y": 1}\n[]\n'
    text += event_line("2026-03-01T10:07:00Z", "iteration_start", iteration=2)
    put(workspace, "events.jsonl", text)
    with engine_on(workspace) as engine:
        engine.scan()
        engine.scan()
    reasons = [reason for _, reason in rejections(workspace)]
    assert ["invalid_json", "invalid_json", "invalid_json", "not_object"] == reasons
    assert 4 == len(
        recorded(workspace, "run.started", "iteration.started", "iteration.completed")
    )


def test_links_fifos_and_odd_names_are_refused(workspace: Workspace) -> None:
    """Nothing outside `.loki` is opened, nothing hangs, and it is said."""
    outside = workspace.root / "secret.json"
    outside.write_text('{"error_class": "Outside"}')
    good = put(workspace, "crash/" + "ab" * 32 + "-1772359291.json", crash())
    folder = good.parent
    (folder / "link.json").symlink_to(outside)
    os.mkfifo(folder / "pipe.json")
    odd = os.fsencode(folder) + b"/crash-\xff\xfe.json"
    with open(odd, "w") as file:  # noqa: PTH123  no str path can say it
        file.write("{}")
    with engine_on(workspace, settings=NOW) as engine:
        engine.scan()
        engine.scan()
    assert [
        ("crashes", "name_not_utf8"),
        ("crashes", "not_regular"),
        ("crashes", "symlink"),
    ] == rejections(workspace)
    assert 1 == len(recorded(workspace, "crash.observed"))


def test_a_linked_folder_is_not_entered(workspace: Workspace) -> None:
    """A folder that is a symbolic link is refused as a whole."""
    outside = workspace.root / "elsewhere"
    outside.mkdir()
    (outside / "a.json").write_text('{"error_class": "Outside"}')
    workspace.loki.mkdir()
    (workspace.loki / "crash").symlink_to(outside)
    with engine_on(workspace) as engine:
        engine.scan()
    assert [("crashes", "symlink")] == rejections(workspace)


def test_too_large_a_document_is_refused_unread(workspace: Workspace) -> None:
    """A limit is a named setting; past it the size is told."""
    put(workspace, "crash/" + "ab" * 32 + "-1.json", b'{"a":"' + b"x" * 4096 + b'"}')
    with engine_on(workspace, settings=Settings(document_bytes=1024)) as engine:
        engine.scan()
    assert [("crashes", "too_large")] == rejections(workspace)


def test_a_state_is_recorded_when_its_value_changes(workspace: Workspace) -> None:
    """The same value twice is one event; the same value again later is another."""
    path = "quality/gate-failure-count.json"
    with engine_on(workspace) as engine:
        for count in (1, 1, 2, 1):
            put(workspace, path, {"test_coverage": count})
            engine.scan()
    counts = [one.event.counts for one in recorded(workspace, "gates.counted")]  # type: ignore[union-attr]  # the types asked for have it
    assert [{"test_coverage": 1}, {"test_coverage": 2}, {"test_coverage": 1}] == counts


def test_a_state_takes_the_time_that_the_harness_told(workspace: Workspace) -> None:
    """A counter read long after the run is dated by the run, not by us."""
    put(workspace, "quality/gate-failure-count.json", {"test_coverage": 1})
    put(workspace, "events.jsonl", failing_run(2))
    with engine_on(workspace) as engine:
        engine.scan()
    times = [one.time for one in recorded(workspace, "gates.counted")]
    assert ["2026-03-01T10:02:30.000Z"] == times


def test_a_deleted_block_is_a_release(workspace: Workspace) -> None:
    """Deleting a state file is a fact too, once."""
    block = put(
        workspace,
        "council/gate-block.json",
        {"status": "blocked", "blocked": True, "iteration": 3, "reason": "empty_diff"},
    )
    with engine_on(workspace) as engine:
        engine.scan()
        block.unlink()
        engine.scan()
        engine.scan()
    assert ["council.blocked", "council.released"] == types(workspace)


def test_a_missing_loki_folder_is_an_empty_history(workspace: Workspace) -> None:
    """A daemon starts before the harness does."""
    with engine_on(workspace) as engine:
        assert engine.scan().complete


def test_deleting_the_loki_folder_keeps_the_history(workspace: Workspace) -> None:
    """The log is not the harness's to delete."""
    put(workspace, "events.jsonl", failing_run(1))
    with engine_on(workspace) as engine:
        engine.scan()
        shutil.rmtree(workspace.loki)
        engine.scan()
        assert 1 == len(engine.query("failures", {"all": "1"})["failures"])


def test_the_knob_marks_what_is_written_meanwhile_as_seen(workspace: Workspace) -> None:
    """What was written while the knob was off is not captured later either."""
    file = put(workspace, "events.jsonl", failing_run(1))
    with engine_on(workspace, knob=False) as engine:
        engine.scan()
    assert {"source.skipped"} == set(types(workspace))
    shutil.rmtree(workspace.cache)
    with file.open("a") as stream:
        stream.write(event_line("2026-03-01T12:00:00Z", "session_start", pid=9))
    with engine_on(workspace) as engine:
        assert 1 == engine.scan().appended


def test_a_budget_ends_a_scan_that_goes_on_next_time(workspace: Workspace) -> None:
    """A scan out of time says so, and the next one finishes the work."""
    for n in range(50):
        put(workspace, f"crash/{n:064x}-17723592{n:02d}.json", crash(f"{n:064x}"))
    with engine_on(workspace) as engine:
        assert not engine.scan(budget=0.0).complete
        assert engine.scan().complete
    assert 50 == len(recorded(workspace, "crash.observed"))


def test_a_scan_that_gives_way_leaves_the_rest_to_the_next(
    workspace: Workspace,
) -> None:
    """It ends at any file; what it took in is not taken in again."""
    for n in range(6):
        put(workspace, f"crash/{n:064x}-177235920{n}.json", crash(f"{n:064x}"))
    asked = iter([False, False, True])
    with engine_on(workspace) as engine:
        first = engine.scan(gives_way=lambda: next(asked, True))
        assert (True, False, 2) == (first.gave_way, first.complete, first.appended)
        second = engine.scan()
        assert (False, True, 4) == (second.gave_way, second.complete, second.appended)


def test_a_rebuild_from_zero_gives_the_same_answers(workspace: Workspace) -> None:
    """Everything right of the log is a function of it."""
    put(workspace, "events.jsonl", failing_run(5))
    now = {"now": "2026-03-01T12:00:00Z", "all": "1"}
    names = ("failures", "lessons", "council", "iterations", "gates", "context")
    with engine_on(workspace) as engine:
        engine.scan()
        before = [engine.query(name, now) for name in names]
    with engine_on(workspace) as engine:
        assert before == [engine.query(name, now) for name in names]


def test_an_event_that_fits_no_line_is_rejected_alone(workspace: Workspace) -> None:
    """The rest of its batch is appended, now and at every later scan."""
    put(workspace, "events.jsonl", failing_run(1))
    facts = [
        Fact(event=IterationStarted(iteration=2), identity=("fine",)),
        Fact(event=ProviderFailed(error_class="x" * 70_000), identity=("huge",)),
    ]
    with engine_on(workspace) as engine:
        engine.scan()
        index, appended = Index(), []
        log = engine._log  # noqa: SLF001  no other door takes an unguarded event

        def append(batch: Sequence[tuple[str, Fact]], at: str) -> list[Recorded]:
            assert log is not None
            appended.extend(log.append(batch, at))
            return log.append([], at)

        pipeline = Pipeline(index, append, 10)
        pipeline._waiting = {event_id(f.identity): f for f in facts}  # noqa: SLF001  no other door takes an unguarded fact
        assert 2 == pipeline.flush()
    assert ["iteration.started", "source.rejected"] == [one.type for one in appended]


FEW = Settings(rejects_an_hour=3, reject_after_seconds=1e-9)


def test_a_flood_of_broken_files_does_not_fill_the_log(workspace: Workspace) -> None:
    """So many are told, then one that there are more; the others pass."""
    for number in range(10):
        put(workspace, f"crash/{number:064x}-1772359291.json", b"[]")
    put(workspace, "crash/" + "ab" * 32 + "-1772359291.json", crash())
    with engine_on(workspace, settings=FEW) as engine:
        engine.scan()
        put(workspace, f"crash/{11:064x}-1772359291.json", b"[]")
        engine.scan()
    told = [one.event for one in recorded(workspace, "source.rejected")]
    reasons = [one.reason for one in told if isinstance(one, SourceRejected)]
    assert ["not_object"] * 3 + ["too_many"] == sorted(reasons)
    assert 1 == len(recorded(workspace, "crash.observed"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("closed", ["events.jsonl", "crash", ""])
def test_what_may_not_be_read_makes_the_answer_stale(
    workspace: Workspace, closed: str
) -> None:
    """Could not look is told apart from nothing there, and heals by itself."""
    put(workspace, "crash/" + "ab" * 32 + "-1772359291.json", crash())
    put(workspace, "events.jsonl", failing_run(1))
    path = workspace.loki / closed if closed else workspace.loki
    mode = path.stat().st_mode
    with engine_on(workspace) as engine:
        path.chmod(0)
        for folder in (workspace.root, *workspace.root.parents):
            if folder.owner() == "root" and str(folder).count("pytest"):
                folder.chmod(0o755)
        os.seteuid(65534)
        try:
            done = engine.scan()
        finally:
            os.seteuid(0)
        answer = engine.query("failures", {}, done)
        assert (True, f"may not read: {named(closed)}") == (
            answer["stale"],
            answer["reason"],
        )
        path.chmod(mode)
        healed = engine.query("failures", {"all": "1"}, engine.scan())
    assert (False, 1) == (healed["stale"], len(healed["failures"]))


def named(closed: str) -> str:
    """How a path is named in the reason: folders end in a slash."""
    return {"": ".loki", "crash": "crash/"}.get(closed, closed)


def test_a_huge_log_is_read_in_slices_and_still_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session longer than a slice is known by its end; the next one is whole."""
    monkeypatch.setattr(tails, "SLICE", 200_000)
    put(workspace, "events.jsonl", failing_run(2))
    head = "=== Session started at Sun Mar  1 10:{:02d}:05 UTC 2026 ===\n"
    head += "=== RARV Phase: {}, Tier: development (opus) ===\n"
    tail = "KeyError: 'a'\n=== Session ended at Sun Mar  1 10:{:02d}:29 UTC 2026"
    tail += " with exit code 1 ===\n"
    log = head.format(1, "ACT") + "noise of a long night\n" * 40_000 + tail.format(1)
    log += head.format(2, "REFLECT") + tail.format(2)
    put(workspace, "logs/autonomy-20260301.log", log)
    with engine_on(workspace) as engine:
        engine.scan(budget=0.002)
        assert engine.scan().complete
        rows = engine.query("failures", {"all": "1"})["failures"]
    assert ["KeyError", "KeyError"] == [row["error_type"] for row in rows]


def test_a_file_that_is_gone_is_forgotten(workspace: Workspace) -> None:
    """What was read of a deleted file is dropped; what grows keeps its place."""
    gone = put(workspace, "crash/a.json", crash())
    stream = put(workspace, "events.jsonl", failing_run())
    with engine_on(workspace) as engine:
        ends = time.monotonic() + 10
        while "crash/a.json" not in hinted(workspace):  # it is too new to be trusted
            assert time.monotonic() < ends
            put(workspace, "crash/b.json", crash(exit_code=time.time_ns()))
            engine.scan()
            engine.save_hints()
        gone.unlink()
        stream.unlink()
        put(workspace, "crash/b.json", crash(exit_code=time.time_ns()))
        engine.scan()
    assert {"events.jsonl"} == hinted(workspace) & {"crash/a.json", "events.jsonl"}


def hinted(workspace: Workspace) -> set[str]:
    """The files of which something is remembered on disk."""
    saved = hints.peek(workspace.cache / "seen")
    return set(saved.hints) if saved else set()


def test_no_private_name_is_remembered(workspace: Workspace) -> None:
    """A name with a secret in it lies in no file of ours, and costs a reading."""
    secret = "ghp_" + "q7Wx2Lp9Rt4Zk8Vb3Nm6Yc1Hd5Fg0Js2Ka4Mi"[:36]
    for name in ("ab" * 32, secret):
        file = put(workspace, f"crash/{name}-1772359291.json", crash(name))
        os.utime(file, (1_772_359_291, 1_772_359_291))
    for _ in range(2):  # what was just written is looked at once more
        time.sleep(RACY_NS / 1e9)  # past the tick in which a file may still change
        with engine_on(workspace) as engine:
            assert engine.scan().complete
    files = [file for file in workspace.state.rglob("*") if file.is_file()]
    assert b"ab" * 32 in (workspace.cache / "seen").read_bytes()
    assert not [file for file in files if secret.encode() in file.read_bytes()]


def test_the_last_lines_of_a_rotated_stream_need_no_successor(
    workspace: Workspace,
) -> None:
    """They were closed before the scan: they are in the answer, once."""
    file = put(workspace, "events.jsonl", failing_run(1))
    whole = failing_run(2)[len(failing_run(1)) :]
    with engine_on(workspace) as engine:
        engine.scan()
        before = len(recorded(workspace))
        with file.open("a") as stream:
            stream.write(whole)
        file.rename(file.with_name("events.jsonl.1"))
        assert engine.scan().appended
        came = len(recorded(workspace)) - before
        assert 0 == engine.scan().appended
        put(workspace, "events.jsonl", "")
        assert 0 == engine.scan().appended
    assert came == len(whole.splitlines())


@pytest.mark.parametrize("limit", [10, 1 << 20])
def test_a_refusal_ends_with_its_cause(workspace: Workspace, limit: int) -> None:
    """The file is the same; its folder or the limit was in the way."""
    folder = workspace.loki / "crash"
    file = put(workspace, "crash/" + "ab" * 32 + "-1772359291.json", crash())
    if limit > 10:
        (workspace.loki / "beside").hardlink_to(file)
        folder.chmod(0o777)
    small = Settings(document_bytes=limit)
    with engine_on(workspace, settings=small) as engine:
        engine.scan()
    assert ["source.rejected"] == [one.type for one in recorded(workspace)]
    folder.chmod(0o755)
    with engine_on(workspace) as engine:
        engine.scan()
        assert 0 == engine.scan().appended
    assert 1 == len(recorded(workspace, "crash.observed"))
