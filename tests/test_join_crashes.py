"""Which crash file, episode and provider error belongs to which iteration."""

from __future__ import annotations

import pytest

from facts import NOW, Story, failures, iteration_failures, views
from lokid import events
from lokid.events import Src
from lokid.projection import Answer, Projection

NODE = ("getUser", "async handler", "(anonymous)")
NODE_FINGERPRINT = "b5f934b8d501b90f5e6d2a781f185b21ed681b59ab939786351c77f5cd3552f5"


def rows_of(known: dict[str, Projection]) -> list[Answer]:
    """The failures that these read models tell."""
    rows: list[Answer] = known["failures"].query({"all": "1"}, NOW)["failures"]
    return rows


def ended(story: Story, number: int, exit_code: int) -> None:
    """An iteration up to its end."""
    story.begin(number)
    story.wait(10)
    story.complete(number, exit_code)
    story.wait(1)


def test_a_crash_belongs_to_the_iteration_that_just_ended() -> None:
    """By time, exit code and phase; the file's own time plays no part."""
    story = Story()
    story.run()
    ended(story, 3, 2)
    story.crash(3, 2, NODE)
    [row] = failures(story.told)
    assert ("crash", 3, list(NODE), NODE_FINGERPRINT) == (
        row["kind"],
        row["iteration"],
        row["signature"],
        row["fingerprint"],
    )


def test_a_friction_written_after_it_does_not_hide_a_crash() -> None:
    """The harness believes the newest file; we do not."""
    story = Story()
    story.run()
    ended(story, 3, 2)
    story.crash(3, 2, NODE)
    story.wait(3)
    story.friction()
    story.episode(3, fingerprint="e57a0bb12436")
    crash, friction = failures(story.told)
    assert (list(NODE), "friction") == (crash["signature"], friction["kind"])
    assert 3 == friction["iteration"]


@pytest.mark.parametrize("exit_code", [130, 137, 143])
def test_a_signal_never_takes_a_crash(exit_code: int) -> None:
    """The crash of the iteration before stays with it."""
    story = Story()
    story.run()
    ended(story, 6, 1)
    story.crash(6, 1, ("load", "parse"))
    ended(story, 7, exit_code)
    story.episode(7, fingerprint="c2cb4fa569d4")
    first, second = iteration_failures(story.told)
    assert ["load", "parse"] == first["signature"]
    assert ("interrupted", [], None) == (
        second["kind"],
        second["signature"],
        second["fingerprint"],
    )


def test_an_exit_of_zero_takes_no_crash() -> None:
    """A crash of another exit code is shown alone."""
    story = Story()
    story.run()
    ended(story, 1, 0)
    story.crash(1, 1, ("load",))
    [row] = failures(story.told)
    assert (None, 1, "ACT") == (row["iteration"], row["exit_code"], row["phase"])


def test_a_crash_of_another_phase_or_exit_is_a_failure_of_its_own() -> None:
    """What cannot be joined is shown at once, its iteration null."""
    story = Story()
    story.run()
    ended(story, 1, 1)
    story.crash(2, 1)
    story.crash(1, 7)
    rows = failures(story.told)
    assert [1, None, None] == [row["iteration"] for row in rows]


def test_a_crash_without_phase_and_exit_is_joined_by_time() -> None:
    """A scrub error has neither, and is still that iteration's."""
    story = Story()
    story.run()
    ended(story, 1, 1)
    story.crash(None, None, error_class="ScrubError")
    [row] = failures(story.told)
    assert (1, "ScrubError", "exit 1") == (
        row["iteration"],
        row["reported_type"],
        row["error_type"],
    )


def test_the_nearest_crash_is_joined_and_the_other_stands_alone() -> None:
    """One iteration, one failure: a second file is another failure."""
    story = Story()
    story.run()
    ended(story, 1, 1)
    story.crash(1, 1, ("near",))
    story.wait(5)
    story.crash(1, 1, ("far",))
    near, far = failures(story.told)
    assert ((1, ["near"]), (None, ["far"])) == (
        (near["iteration"], near["signature"]),
        (far["iteration"], far["signature"]),
    )


def test_a_crash_in_the_first_second_of_the_next_run_is_the_last_runs() -> None:
    """Second resolution at the edge of two runs, whatever comes first."""
    story = Story()
    story.run(1)
    story.wait(2)
    story.begin(1)
    story.wait(10)
    story.complete(1, 1)
    story.run(2)
    story.wait(1)
    story.crash(1, 1, ("load",))
    for facts in (story.told, story.told[::-1]):
        [row] = failures(facts)
        assert ("20260302T090000Z-1", 1) == (row["run"], row["iteration"])
    known = views(story.told[:-1])
    assert [[]] == [row["signature"] for row in rows_of(known)]
    for view in known.values():
        view.apply(story.told[-1])
    assert [["load"]] == [row["signature"] for row in rows_of(known)]


def test_without_a_stream_a_crash_is_a_failure_by_itself() -> None:
    """A tree of crash files alone: mapped as the mission says."""
    story = Story()
    story.crash(1, 1, ("load", "parse"))
    story.crash(None, None, error_class="ScrubError")
    story.friction()
    crash, scrub, friction = failures(story.told)
    assert ["IterationError", "ScrubError", "Friction"] == [
        row["reported_type"] for row in (crash, scrub, friction)
    ]
    assert "phase=ACT; signature: load > parse; fp=" in crash["message"]
    assert "friction=gate_failure; fp=" in friction["message"]
    assert ("exit 1", "ScrubError", "Friction") == (
        crash["error_type"],
        scrub["error_type"],
        friction["error_type"],
    )


def test_without_a_crash_file_the_fingerprint_is_computed() -> None:
    """The log's frames give the harness's own fingerprint."""
    story = Story()
    story.run()
    story.iteration(3, 2, line="TypeError: no", symbols=NODE)
    [row] = failures(story.told)
    assert (NODE_FINGERPRINT, list(NODE), "IterationError") == (
        row["fingerprint"],
        row["signature"],
        row["reported_type"],
    )


def test_telemetry_changes_neither_kind_nor_key() -> None:
    """The same failure with and without a crash file is the same lesson."""
    told = []
    for crash in (True, False):
        story = Story()
        story.run()
        story.iteration(2, 1, line="KeyError: 'a'", symbols=("load",), crash=crash)
        story.iteration(3, 125, crash=crash)
        told.append([(r["kind"], r["key"], r["family"]) for r in failures(story.told)])
    assert told[0] == told[1]


def test_a_failed_episode_counts_alone_only_without_a_stream() -> None:
    """Where the main stream tells of its time, an episode adds nothing."""
    alone = Story()
    alone.episode(5, exit_code=124)
    alone.episode(6, "success")
    [row] = failures(alone.told)
    assert (5, None, "exit 124", "phase=ACT; exit=124") == (
        row["iteration"],
        row["run"],
        row["error_type"],
        row["message"],
    )
    story = Story()
    story.run()
    story.wait(60)
    story.episode(9)
    story.iteration(10, 1)
    assert [10] == [row["iteration"] for row in failures(story.told)]


def test_a_crash_before_an_early_episode_tells_of_that_episode() -> None:
    """Without a stream too, one failing iteration is one failure."""
    story = Story()
    story.crash(5, 1, ("load",))
    story.wait(20)
    story.episode(5)
    story.wait(20)
    story.episode(6)
    first, second = failures(story.told)
    assert (5, ["load"]) == (first["iteration"], first["signature"])
    assert (6, []) == (second["iteration"], second["signature"])


def test_an_episode_that_is_reweighed_is_still_one() -> None:
    """Reading raises an episode's importance; that is no failure."""
    story = Story()
    story.episode(5)
    event = events.EpisodeReweighed(episode="ep-0", importance=0.9)
    story.add(event, Src(path="memory/episodic/2026-03-02/task-ep-0.json"))
    assert 1 == len(failures(story.told))


@pytest.mark.parametrize(
    ("told", "kind", "family"),
    [
        ("provider_empty_output", "empty_output", "empty_output"),
        ("rate_limited", "provider", "rate_limited"),
        ("auth_error", "provider", "auth_error"),
        ("unknown", "provider", "unknown"),
    ],
)
def test_the_harness_names_why_the_provider_failed(
    told: str, kind: str, family: str
) -> None:
    """LAST_ERROR is joined by number and time."""
    story = Story()
    story.run()
    ended(story, 2, 1)
    story.provider(2, told)
    story.provider(9, "auth_error")
    [row] = failures(story.told)
    assert (kind, family) == (row["kind"], row["family"])


def test_the_last_error_of_an_earlier_run_is_not_this_runs() -> None:
    """LAST_ERROR is not cleared by success; its time says whose it was."""
    story = Story()
    story.run(1)
    ended(story, 2, 0)
    story.provider(2, "rate_limited")
    story.wait(100)
    story.run(2)
    ended(story, 1, 0)
    ended(story, 2, 1)
    [row] = failures(story.told)
    assert "exit" == row["kind"]


def test_an_agent_stage_that_passed_says_empty_output() -> None:
    """9.x without the log: the provider ended well, the iteration did not."""
    story = Story()
    story.run()
    story.begin(2)
    story.wait(10)
    story.stage("agent", 2, failed=False)
    story.complete(2, 1)
    assert "empty_output" == failures(story.told)[0]["kind"]


def test_a_late_log_may_change_exit_to_crash() -> None:
    """The one change of mind that is allowed, besides empty output."""
    story = Story()
    story.run()
    story.iteration(1, 1, line="KeyError: 'a'", symbols=("load",))
    late = [one for one in story.told if one.type != "output.failed"]
    assert ["exit"] == [row["kind"] for row in failures(late)]
    assert ["crash"] == [row["kind"] for row in failures(story.told)]


def test_a_signal_told_aside_stands_behind_its_interruption() -> None:
    """events/pending adds its evidence to the iteration it ended."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(10)
    event = events.IterationInterrupted(signal="SIGTERM", exit_code=143)
    told = story.add(event, Src(path="events/pending/a.json"))
    story.complete(1, 143)
    [row] = failures(story.told)
    assert told.seq in row["seqs"]


def test_an_agent_stage_that_failed_says_nothing_more() -> None:
    """Only a stage that passed beside a failed end is silence."""
    story = Story()
    story.run()
    story.begin(2)
    story.wait(10)
    story.stage("agent", 2, failed=False)
    story.wait(1)
    story.stage("agent", 2, failed=True)
    story.complete(2, 1)
    assert "exit" == failures(story.told)[0]["kind"]


def test_a_signal_told_of_another_exit_is_not_this_iterations() -> None:
    """SIGTERM is not SIGKILL."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(10)
    event = events.IterationInterrupted(signal="SIGKILL", exit_code=137)
    told = story.add(event, Src(path="events/pending/a.json"))
    story.complete(1, 143)
    assert told.seq not in failures(story.told)[0]["seqs"]
