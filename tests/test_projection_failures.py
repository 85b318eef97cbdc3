"""The rows of `failures`: their fields, their order, and what is said."""

from __future__ import annotations

import pytest

from facts import NOW, Story, ask, failures
from projections.failure import Failure
from projections.keys import Cause, key_of
from projections.message import error_type, message

FIELDS = [
    "lesson", "key", "family", "weak", "kind", "error_type", "error_line", "message",
    "reported_type", "signature", "fingerprint", "phase", "iteration", "run",
    "exit_code", "gate", "time", "sources", "seqs", "findings",
]  # fmt: skip
DIGEST = "c2cb4fa569d4" + "0" * 52


def failure(
    line: str | None = None,
    *,
    signature: tuple[str, ...] = (),
    fingerprint: str | None = None,
    crash_file: bool = False,
    friction: str | None = None,
) -> Failure:
    """A failure with what the message is made of."""
    cause = Cause(kind="exit", exit_code=1, phase="REFLECT", line=line)
    return Failure(
        id="a",
        kind="exit",
        key=key_of(cause),
        run=None,
        place=0,
        iteration=2,
        time=NOW,
        phase="REFLECT",
        exit_code=1,
        error_line=line,
        signature=signature,
        fingerprint=fingerprint,
        crash_file=crash_file,
        friction=friction,
    )


def story() -> Story:
    """Two runs: a cause seen twice, another once, and a red gate."""
    told = Story()
    for pid in (1, 2):
        told.run(pid)
        told.wait(2)
        told.iteration(1, 1, line="KeyError: 'a'", symbols=("load",))
        told.wait(40)
    told.iteration(2, 2, line="TypeError: no")
    told.stage("doc_coverage", 2, failed=True)
    return told


def test_a_row_has_the_fields_that_are_promised() -> None:
    """All of them, in this order, and no other."""
    assert [FIELDS] * 4 == [list(row) for row in failures(story().told)]


def test_newest_first() -> None:
    """By time, then by id."""
    rows = ask(story().told, "failures", all="1")["failures"]
    assert sorted((row["time"] for row in rows), reverse=True) == [
        row["time"] for row in rows
    ]


def test_limit_kind_and_run_choose() -> None:
    """Twenty unless told otherwise; `total` says how many there are."""
    facts = story().told
    assert 4 == ask(facts, "failures")["total"]
    limited = ask(facts, "failures", limit="2")
    assert (2, 4) == (len(limited["failures"]), limited["total"])
    assert 1 == ask(facts, "failures", kind="gate")["total"]
    assert 1 == ask(facts, "failures", run="20260302T090000Z-1")["total"]
    assert 4 == len(ask(facts, "failures", limit="many")["failures"])
    many = Story()
    many.run()
    for n in range(1, 31):
        many.iteration(n, 1)
    assert 20 == len(ask(many.told, "failures")["failures"])
    assert 30 == len(ask(many.told, "failures", all="1")["failures"])


def test_the_message_counts_sightings_of_the_key() -> None:
    """From two on; a single sighting says no number."""
    rows = failures(story().told, "crash")
    assert [True, True, False] == [row["message"].endswith("; x2") for row in rows]


def test_without_an_error_line_it_is_the_missions_message() -> None:
    """phase, signature, fingerprint; without a crash file phase and exit."""
    told = failure(signature=("handler", "parse"), fingerprint=DIGEST, crash_file=True)
    assert "phase=REFLECT; signature: handler > parse; fp=c2cb4fa569d4" == message(told)
    assert "phase=REFLECT; exit=1" == message(failure())
    bare = failure(fingerprint=DIGEST, crash_file=True)
    assert "phase=REFLECT; fp=c2cb4fa569d4" == message(bare)
    friction = failure(fingerprint=DIGEST, crash_file=True, friction="gate_failure")
    assert "phase=REFLECT; friction=gate_failure; fp=c2cb4fa569d4" == message(friction)


def test_the_error_line_takes_the_room_that_is_left() -> None:
    """Fingerprint and count are never cut; the line is, with dots."""
    told = failure(
        "ValueError: " + "long words " * 20, signature=("a",), fingerprint=DIGEST
    )
    text = message(told, 12)
    assert 160 == len(text)
    assert text.startswith("long words long words")
    assert text.endswith("...; phase=REFLECT; signature: a; fp=c2cb4fa569d4; x12")


def test_the_signature_is_cut_at_an_arrow() -> None:
    """At most 60 characters of whole names."""
    names = ("first_function", "second_function", "third_function", "fourth_function")
    text = message(failure(signature=names))
    assert (
        "phase=REFLECT; signature: first_function > second_function > third_function"
        == text
    )


def test_a_line_is_left_out_where_no_room_is_left() -> None:
    """Less than 20 characters of it would say nothing."""
    long = ("x" * 60,)
    told = failure(
        "ValueError: " + "w" * 100,
        signature=long,
        fingerprint=DIGEST,
        friction="rate_limit_loop_and_more_words",
    )
    text = message(told, 123456789012)
    assert "w" not in text.replace("words", "")
    assert len(text) <= 160
    assert text.endswith("fp=c2cb4fa569d4; x123456789012")


@pytest.mark.parametrize(
    ("line", "name", "rest"),
    [
        (
            "json.decoder.JSONDecodeError: Expecting value",
            "JSONDecodeError",
            "Expecting value",
        ),
        ("TypeError: no 'id'", "TypeError", "no 'id'"),
        (
            "src/a.ts: error TS2322: Type 'a'",
            "TS2322",
            "src/a.ts: error TS2322: Type 'a'",
        ),
        ("error TS2322: Type 'a' is wrong", "TS2322", "Type 'a' is wrong"),
        ("error[E0382]: borrow of 'row'", "E0382", "borrow of 'row'"),
        (
            "bash: line {n}: jq: command not found",
            "exit 127",
            "bash: line {n}: jq: command not found",
        ),
        ("fatal: not a repository", "git error", "fatal: not a repository"),
    ],
)
def test_the_line_does_not_repeat_its_class(line: str, name: str, rest: str) -> None:
    """error_type says it already."""
    told = failure(line)
    assert name == error_type(told)
    assert f"{rest}; phase=REFLECT; exit=1" == message(told)


def test_a_bare_class_leaves_no_line() -> None:
    """Nothing is left of it to say."""
    assert "phase=REFLECT; exit=1" == message(failure("AssertionError"))


def test_nothing_known_is_an_empty_answer() -> None:
    """No facts, no rows."""
    assert {"failures": [], "total": 0, "compacted": 0} == ask([], "failures")
    assert [] == ask([], "lessons")["lessons"]
    assert {"iterations": []} == ask([], "iterations")
    assert {"gates": []} == ask([], "gates")
