"""Provider sessions: markers, clocks, bodies, stream-json, and reading in pieces."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import CORPUS
from lokid.events import Fact, OutputFailed, OutputPassed
from lokid.extract import fingerprint
from lokid.log import event_id
from lokid.redact import guard
from lokid.sources.markers import read_clock
from lokid.sources.output import SESSIONS
from reading import read_chunk

PHASES = ("REASON", "ACT", "REFLECT", "VERIFY")
CRASH = """\
Traceback (most recent call last):
  File "/srv/shop/cart.py", line 31, in add
    total()
ValueError: cart 17 is empty
"""


def utc(minute: int, second: int = 0) -> str:
    """A marker's date, as `date` prints it in UTC."""
    return f"Sun Mar  1 10:{minute:02d}:{second:02d} UTC 2026"


def started(at: str, phase: str = "ACT", prompt: str = "Build the shop") -> str:
    """The head of a session."""
    return (
        f"=== Session started at {at} ===\n=== Provider: claude ===\n"
        f"=== Prompt (truncated): {prompt}... ===\n"
        f"=== RARV Phase: {phase}, Tier: development (opus) ===\n"
    )


def ended(at: str, exit_code: int) -> str:
    """The end marker."""
    return f"=== Session ended at {at} with exit code {exit_code} ===\n"


def session(  # noqa: PLR0913 - the parts of a session
    begin: str,
    end: str,
    body: str = "working\n",
    exit_code: int = 0,
    *,
    phase: str = "ACT",
    prompt: str = "Build the shop",
) -> str:
    """A whole session."""
    return started(begin, phase, prompt) + body + ended(end, exit_code)


def told(log: str, **where: Any) -> list[OutputFailed | OutputPassed]:
    """The events of a log read in one piece."""
    facts = read_chunk(SESSIONS, log.encode(), **where).facts
    return [guard(fact.event) for fact in facts]  # type: ignore[misc]  # the source gives these classes only


def failed(body: str, exit_code: int = 1, **parts: Any) -> OutputFailed:
    """The event of one failed session with this body."""
    event = told(session(utc(1), utc(2), body, exit_code, **parts))[0]
    assert isinstance(event, OutputFailed)
    return event


def stream(*lines: dict[str, Any]) -> str:
    """Lines of stream-json."""
    return "".join(json.dumps(line) + "\n" for line in lines)


def result(text: object, *, is_error: bool) -> dict[str, Any]:
    """A tool's result as a line of stream-json."""
    block = {"type": "tool_result", "content": text, "is_error": is_error}
    return {"type": "user", "message": {"role": "user", "content": [block]}}


# -- one session ---------------------------------------------------------------


def test_a_failed_session_tells_its_error() -> None:
    """Clock, phase, exit code, error line and frames; nothing else."""
    log = session(utc(1), utc(2), CRASH, 1, phase="VERIFY")
    fact = read_chunk(SESSIONS, log.encode()).facts[0]
    assert "2026-03-01T10:02:00.000Z" == fact.time
    assert "logs/autonomy-20260301.log" == fact.src.path
    assert OutputFailed(
        started="2026-03-01T10:01:00.000Z",
        ended="2026-03-01T10:02:00.000Z",
        utc=True,
        phase="VERIFY",
        exit_code=1,
        error_line="ValueError: cart {n} is empty",
        symbols=("add",),
        near=("add",),
        places=("cart.py:add",),
    ) == guard(fact.event)


def test_a_session_that_worked_keeps_nothing_of_its_output() -> None:
    """Even when an error was printed on the way."""
    assert [
        OutputPassed(
            started="2026-03-01T10:01:00.000Z",
            ended="2026-03-01T10:02:00.000Z",
            utc=True,
            phase="ACT",
        )
    ] == told(session(utc(1), utc(2), CRASH))


@pytest.mark.parametrize("body", ["", "\n", " \t\n\n"])
@pytest.mark.parametrize("exit_code", [0, 1, 125])
def test_a_session_that_said_nothing_is_empty(body: str, exit_code: int) -> None:
    """With exit 0 too: that is the case that the harness turns into a failure."""
    event = failed(body, exit_code)
    assert (True, exit_code, None) == (event.empty, event.exit_code, event.error_line)


@pytest.mark.parametrize("exit_code", [130, 137, 143])
def test_a_session_ended_by_a_signal_tells_no_error(exit_code: int) -> None:
    """What it printed is not why it ended."""
    event = failed(CRASH, exit_code)
    assert (None, (), ()) == (event.error_line, event.symbols, event.near)


def test_the_end_marker_may_be_glued_to_the_last_line() -> None:
    """A provider that ends without a newline."""
    assert "ValueError: cart {n} is empty" == failed(CRASH.rstrip("\n")).error_line


def test_the_prompts_quote_is_never_scanned() -> None:
    """It may span lines and repeat an old error, even a phase line."""
    prompt = (
        "Go on.\nPAST FAILURES TO AVOID:\nKeyError: 'old'\n=== RARV Phase: X ===\n."
    )
    event = failed("nothing to see\n", prompt=prompt)
    assert ("ACT", None) == (event.phase, event.error_line)


def test_only_the_end_of_a_long_body_counts() -> None:
    """An error far up is not the cause of the end."""
    filler = "all fine here, going on\n" * 1000
    assert failed(CRASH + filler).error_line is None
    assert failed(filler + CRASH).error_line == "ValueError: cart {n} is empty"


def test_a_body_that_is_no_text_is_read_as_far_as_it_goes() -> None:
    """Bytes that are no UTF-8 spoil neither markers nor error."""
    log = session(utc(1), utc(2), "MARK" + CRASH, 1).encode()
    log = log.replace(b"MARK", b"\xff\xfe\x00\x80\n")
    event = read_chunk(SESSIONS, log).facts[0].event
    assert isinstance(event, OutputFailed)
    assert "ValueError: cart {n} is empty" == event.error_line


def test_secrets_of_an_error_line_do_not_leave_the_source() -> None:
    """The line is scrubbed before the guard sees it."""
    body = "Error: no access for ann@example.org with gh" + "p_" + "aB3dE5fG" * 4 + "\n"
    fact = read_chunk(SESSIONS, session(utc(1), utc(2), body, 1).encode()).facts[0]
    assert isinstance(fact.event, OutputFailed)
    assert "Error: no access for {email} with {token}" == fact.event.error_line


# -- stream-json ---------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        {"type": "result", "is_error": True, "result": "TypeError: in the result"},
        result("Exit code 1\nTypeError: in the result", is_error=True),
        result([{"type": "text", "text": "TypeError: in the result"}], is_error=True),
        {"type": "result", "is_error": True, "errors": ["TypeError: in the result"]},
    ],
)
def test_errors_lie_inside_json_lines(line: dict[str, Any]) -> None:
    """In the result, and in the results of tools that failed."""
    assert "TypeError: in the result" == failed(stream(line)).error_line


@pytest.mark.parametrize(
    "line",
    [
        {"type": "result", "is_error": False, "result": "TypeError: quoted"},
        result("TypeError: quoted", is_error=False),
        {
            "type": "assistant",
            "message": {"content": [{"type": "text", "text": "TypeError: quoted"}]},
        },
        {"type": "system", "subtype": "init", "result": "TypeError: quoted"},
        {"type": "user", "message": {"content": "TypeError: quoted"}},
        {"type": "user", "message": None},
    ],
)
def test_what_is_only_talked_about_is_no_error(line: dict[str, Any]) -> None:
    """The agent's words, and what a tool that worked has printed."""
    assert failed(stream(line)).error_line is None


def test_half_a_json_line_is_left_out() -> None:
    """A killed provider leaves one; a cut-off head too."""
    half = stream(result("TypeError: x", is_error=True))[:90] + "\n"
    assert failed(half).error_line is None


def test_a_json_line_longer_than_what_counts_is_still_read() -> None:
    """The line that reaches into the end counts as a whole."""
    text = "noise\n" * 6000 + "TypeError: at the end"
    assert (
        "TypeError: at the end"
        == failed(stream(result(text, is_error=True))).error_line
    )


def test_json_that_is_no_stream_is_a_plain_line() -> None:
    """A program may print its own JSON."""
    assert failed('{"level": "info"}\nKeyError: 7\n').error_line == "KeyError: {n}"


# -- clocks --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "moment", "utc_says"),
    [
        ("Sun Mar  1 06:57:48 UTC 2026", "2026-03-01T06:57:48.000Z", True),
        ("Sun Mar  1 06:57:48 GMT 2026", "2026-03-01T06:57:48.000Z", True),
        ("Sun Mar  1 07:57:48 CET 2026", "2026-03-01T07:57:48.000Z", False),
        ("Sun Mar  1 09:57:48 +03 2026", "2026-03-01T06:57:48.000Z", True),
        ("Sun Mar  1 12:27:48 +0530 2026", "2026-03-01T06:57:48.000Z", True),
        ("Sat Feb 28 22:57:48 -0800 2026", "2026-03-01T06:57:48.000Z", True),
        ("Sun 01 Mar 2026 06:57:48 AM EST", "2026-03-01T06:57:48.000Z", False),
        ("Sun 01 Mar 2026 12:57:48 AM UTC", "2026-03-01T00:57:48.000Z", True),
        ("Sun 01 Mar 2026 06:57:48 PM UTC", "2026-03-01T18:57:48.000Z", True),
        ("So 1. M\u00e4r 07:57:48 CET 2026", "2026-03-01T07:57:48.000Z", False),
        ("dim. 01 mars 2026 07:57:48 CET", "2026-03-01T07:57:48.000Z", False),
        (
            "2026\u5e74  3\u6708  1\u65e5 15:57:48 JST",
            "2026-03-01T15:57:48.000Z",
            False,
        ),
        ("lun  2 mar 2026, 00:00:03, CET", "2026-03-02T00:00:03.000Z", False),
        ("ma 2 maalis 2026 00.00", None, False),
        ("2026-03-01T06:57:48Z", "2026-03-01T06:57:48.000Z", True),
        ("2026-03-01 08:57:48+02:00", "2026-03-01T06:57:48.000Z", True),
        ("Sun Mar  1 26:57:48 UTC 2026", None, False),
        ("yesterday", None, False),
    ],
)
def test_a_markers_clock_is_read_with_care(
    written: str,
    moment: str | None,
    utc_says: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    """True time only where it says so; else a reading for order alone."""
    reading = read_clock(written, date(2026, 3, 1))
    assert moment == (reading.stamp if reading else None)
    assert utc_says == (reading.utc if reading else False)


def test_the_logs_day_helps_across_midnight() -> None:
    """A name of a month that we do not know: the written day decides."""
    reading = read_clock("ti 3. maalisk. 00:01:02 EET 2026", date(2026, 3, 2))
    assert reading is not None
    assert "2026-03-03T00:01:02.000Z" == reading.stamp


def test_local_markers_give_order_but_no_time() -> None:
    """The fact has no time of its own then."""
    local = utc(1).replace("UTC", "CET"), utc(2).replace("UTC", "CET")
    fact = read_chunk(SESSIONS, session(*local).encode()).facts[0]
    assert fact.time is None
    assert isinstance(fact.event, OutputPassed)
    assert ("2026-03-01T10:02:00.000Z", False) == (fact.event.ended, fact.event.utc)


def test_a_log_without_a_day_and_with_foreign_months_has_no_clock() -> None:
    """Sessions are still told, in file order."""
    log = session("ti 3. maalisk. 10:01:02 EET", "ti 3. maalisk. 10:02:02 EET")
    events = told(log, path="logs/autonomy-x.log")
    assert [(None, None)] == [(event.started, event.ended) for event in events]


# -- several sessions ----------------------------------------------------------


def exits(log: str, **where: Any) -> list[tuple[int, str | None]]:
    """Exit codes and phases of the sessions of a log."""
    return [(event.exit_code, event.phase) for event in told(log, **where)]


def test_each_session_names_the_one_before_it() -> None:
    """A chain of ids, so that order needs no clock."""
    log = "".join(session(utc(n), utc(n, 9), f"{n}\n", n % 2) for n in range(4))
    facts = read_chunk(SESSIONS, log.encode()).facts
    ids = [event_id(fact.identity) for fact in facts]
    assert [None, *ids[:-1]] == [fact.event.after for fact in facts]  # type: ignore[attr-defined]  # the source gives this class only
    assert 4 == len(set(ids))


def test_the_same_body_at_another_time_is_another_session() -> None:
    """And the same text again is the same one, wherever it lies in the file."""
    one, other = session(utc(1), utc(2)), session(utc(3), utc(4))
    first, second = read_chunk(SESSIONS, (one + other).encode()).facts
    again = read_chunk(SESSIONS, ("junk\n" + other).encode()).facts[0]
    assert first.identity != second.identity == again.identity


def test_an_open_session_waits() -> None:
    """It is told when its end is there; until then reading goes on at its start."""
    done = session(utc(1), utc(2))
    sessions = read_chunk(SESSIONS, (done + started(utc(3)) + CRASH).encode())
    assert 1 == len(sessions.facts)
    assert len(done) == sessions.consumed
    assert event_id(sessions.facts[0].identity) == sessions.last


def test_a_finished_session_is_told_at_once() -> None:
    """The next prompt is built right after it; nothing may follow yet."""
    log = session(utc(1), utc(2))
    sessions = read_chunk(SESSIONS, log.encode())
    assert (1, len(log)) == (len(sessions.facts), sessions.consumed)


def test_an_end_that_is_being_written_is_no_end() -> None:
    """Only a whole line counts."""
    log = session(utc(1), utc(2)).rstrip("\n")
    assert ((), 0) == (
        (sessions := read_chunk(SESSIONS, log.encode())).facts,
        sessions.consumed,
    )


def test_a_killed_session_tells_nothing() -> None:
    """The slot of its iteration says that it was cut off."""
    log = (
        started(utc(1))
        + "half a li"
        + session(utc(3), utc(4), CRASH, 1, phase="REFLECT")
    )
    assert [(1, "REFLECT")] == exits(log)


def test_a_log_whose_head_was_cut_off_begins_with_an_end() -> None:
    """The session is told, its phase and start are not known."""
    log = session(utc(1), utc(2), CRASH, 1) + session(utc(3), utc(4))
    cut = log[log.index("Traceback") :]
    first, second = told(cut)
    assert isinstance(first, OutputFailed)
    assert (None, None, 1) == (first.started, first.phase, first.exit_code)
    assert "2026-03-01T10:02:00.000Z" == first.ended
    assert "ValueError: cart {n} is empty" == first.error_line
    assert (0, "ACT") == (second.exit_code, second.phase)


def test_a_stray_end_after_a_told_session_is_dropped() -> None:
    """What was told stays as it was told."""
    log = ended(utc(5), 1) + session(utc(6), utc(7))
    assert [(0, "ACT")] == exits(log, offset=900, previous="0a" * 16)
    assert [(1, None), (0, "ACT")] == exits(log)


def test_sessions_within_one_second_are_told_apart() -> None:
    """A provider may fail at once, again and again."""
    log = session(utc(1), utc(1), CRASH, 1) + session(
        utc(1), utc(1), "b\n", 2, phase="VERIFY"
    )
    assert [(1, "ACT"), (2, "VERIFY")] == exits(log)


# -- a log that quotes itself --------------------------------------------------

OLD = session(utc(1), utc(2), "KeyError: 'quoted'\n", 7, phase="REASON")


@pytest.mark.parametrize(
    "quote",
    [
        OLD,
        OLD + OLD,
        OLD + started(utc(5)),
        started(utc(5)),
        ended(utc(2), 7),
        OLD[OLD.index("KeyError") :],
        OLD[: OLD.index("KeyError")],
        OLD + session(utc(3), utc(4), "x\n", 3) + started(utc(5)) + "so far\n",
    ],
)
def test_a_quoted_marker_is_body(quote: str) -> None:
    """The agent prints this very log: the outermost pair is the session."""
    log = OLD + session(utc(5), utc(6), "look:\n" + quote + "TypeError: own\n", 1)
    first, second = told(log)
    assert 7 == first.exit_code
    assert isinstance(second, OutputFailed)
    assert (1, "ACT", "TypeError: own") == (
        second.exit_code,
        second.phase,
        second.error_line,
    )
    assert "2026-03-01T10:06:00.000Z" == second.ended


def test_a_quoted_error_is_not_the_sessions_own() -> None:
    """What lies between quoted markers is an older session's."""
    log = OLD + session(utc(5), utc(6), OLD + "that was it\n", 1)
    event = told(log)[1]
    assert isinstance(event, OutputFailed)
    assert event.error_line is None


def test_a_quote_that_ended_in_the_same_second_is_body() -> None:
    """Its own start comes before, so its end is not ours."""
    quoted = session(utc(4), utc(5), "x\n", 3)
    log = quoted + session(utc(5), utc(6), quoted, 1, phase="VERIFY")
    assert [(3, "ACT"), (1, "VERIFY")] == exits(log)


def test_clocks_that_cannot_be_read_leave_the_depth() -> None:
    """A pair within a pair is a quote."""
    inner = session("once", "then", "KeyError: 'quoted'\n", 7)
    log = session("once", "then", inner + "TypeError: own\n", 1) + session("a", "b")
    assert [(1, "ACT"), (0, "ACT")] == exits(log)


def test_a_clock_that_is_put_back_loses_no_session() -> None:
    """In autumn an hour comes twice; an end was seen, so the next start is real."""
    summer = session("Sun Oct 25 02:58:00 CEST 2026", "Sun Oct 25 02:59:00 CEST 2026")
    winter = session(
        "Sun Oct 25 02:01:00 CET 2026", "Sun Oct 25 02:02:00 CET 2026", exit_code=1
    )
    again = session("Sun Oct 25 02:03:00 CET 2026", "Sun Oct 25 02:04:00 CET 2026")
    assert [0, 1, 0] == [code for code, _ in exits(summer + winter + again)]


# -- reading in pieces ---------------------------------------------------------


def in_pieces(data: bytes, *cuts: int) -> list[Fact]:
    """The facts of a log that grows, each piece read from where reading stopped."""
    facts: list[Fact] = []
    offset, last = 0, None
    for end in (*sorted(cuts), len(data)):
        sessions = read_chunk(SESSIONS, data[offset:end], offset, last)
        facts += sessions.facts
        offset, last = offset + sessions.consumed, sessions.last
    return facts


bodies = st.sampled_from(
    [
        "",
        "working\n",
        "no newline at the end",
        CRASH,
        "\n",
        stream(result("KeyError: 'x'", is_error=True)),
        "=== Session started at",
        "=== not a marker ===\n",
        "\u00fc\u00f1\u00ef\n",
        "x" * 300 + "\n",
    ]
)


@st.composite
def logs(draw: st.DrawFn) -> str:
    """A log of some sessions: killed ones, quoting ones, a head cut off."""
    text, minute = "", 1
    for _ in range(draw(st.integers(1, 5))):
        minute += 2
        begin, end = utc(minute), utc(minute + 1, draw(st.integers(0, 59)))
        body, phase = draw(bodies), draw(st.sampled_from(PHASES))
        quoted = draw(st.booleans()) and draw(st.booleans())
        if quoted:
            body += ("\n" if body[-1:] not in {"", "\n"} else "") + text + "after\n"
        if draw(st.integers(0, 5)) == 0:
            text += started(begin, phase) + body + "\n"
        else:
            exit_code = draw(st.sampled_from([0, 1, 143]))
            text += session(begin, end, body, exit_code, phase=phase)
    return text[draw(st.sampled_from([0, 0, 0, 40, 200])) :]


@settings(max_examples=300)
@given(logs(), st.lists(st.integers(0, 6000), min_size=1, max_size=4))
def test_a_log_read_in_pieces_tells_the_same(log: str, cuts: list[int]) -> None:
    """Cut anywhere, also within a marker or a letter, and read on."""
    data = log.encode()
    whole = list(read_chunk(SESSIONS, data).facts)
    assert whole == in_pieces(data, *(cut % (len(data) + 1) for cut in cuts))


def test_a_log_cut_at_every_byte_tells_the_same() -> None:
    """Every place, for one log with each trap."""
    data = (
        session(utc(1), utc(2), "glued", 1)
        + started(utc(3))
        + "killed\n"
        + session(utc(5), utc(6), OLD + "after\n", 2)
        + started(utc(7))
    ).encode()
    whole = list(read_chunk(SESSIONS, data).facts)
    assert [1, 2] == [fact.event.exit_code for fact in whole]  # type: ignore[attr-defined]  # the source gives this class only
    for cut in range(len(data)):
        assert whole == in_pieces(data, cut)


# -- the real logs -------------------------------------------------------------

corpus = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="no corpus beside this checkout"
)


def real(tree: str) -> list[OutputFailed | OutputPassed]:
    """The sessions of a recorded run."""
    name = "autonomy-20261123.log"
    log = (CORPUS / tree / ".loki/logs" / name).read_text()
    return told(log, path=f"logs/{name}")


@corpus
def test_the_sessions_of_the_recorded_run() -> None:
    """Eleven, the eighth empty; two and six share their error's class."""
    events = real("v7.19.1-run")
    assert [0, 1, 2, 0, 1, 1, 143, 0, 0, 0, 0] == [event.exit_code for event in events]
    lines = [getattr(event, "error_line", None) for event in events]
    assert lines[1].startswith("JSONDecodeError: ")  # type: ignore[union-attr]  # the types asked for have it
    assert lines[5].startswith("JSONDecodeError: ")  # type: ignore[union-attr]  # the types asked for have it
    assert "TypeError: Cannot read properties of undefined (reading 'id')" == lines[2]
    assert "Error: connection to api failed for {email} from {ip}" == lines[4]
    assert [False] * 7 + [True] == [getattr(e, "empty", False) for e in events[:8]]
    assert PHASES[1] == events[0].phase
    assert all(event.utc for event in events)


@corpus
def test_the_frames_of_the_recorded_run_give_the_recorded_fingerprints() -> None:
    """So a crash file and its session know each other."""
    events = real("v7.19.1-run")
    written = {
        file.name[:64] for file in Path(CORPUS).glob("v7.19.1-run/.loki/crash/*")
    }
    for number in (2, 3, 5, 6):
        event = events[number - 1]
        assert isinstance(event, OutputFailed)
        assert fingerprint(event.symbols) in written
    assert fingerprint(events[2].symbols).startswith("b5f934b8")  # type: ignore[union-attr]  # the types asked for have it


@corpus
def test_the_sessions_of_the_later_version() -> None:
    """Exit 125 with nothing said; the session that was ended by a signal."""
    events = real("v9.22.12-run-telemetry-bun")
    expected = [0, 1, 2, 0, 125, 1, 125, 1, 143, 0, 0]
    assert expected == [event.exit_code for event in events]
    assert [5, 7, 10] == [
        number
        for number, event in enumerate(events, 1)
        if getattr(event, "empty", False)
    ]
