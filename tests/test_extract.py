"""Which line of an output is its error, and which frames are ours."""

from __future__ import annotations

import json

import pytest

from clean_outputs import CLEAN
from conftest import CORPUS
from lokid.extract import FAILED, PART, error_of, family_of, fingerprint
from lokid.extract.extractor import Extractor, Sample
from lokid.extract.table import TABLE
from lokid.redact import line, symbol

PYTHON = """\
collecting things
Traceback (most recent call last):
  File "/srv/shop/cart.py", line 31, in add
    total = price(body)
  File "/srv/shop/money.py", line 7, in price
    return json.loads(text)["sum"]
  File "/usr/lib/python3.12/json/decoder.py", line 355, in raw_decode
    raise JSONDecodeError("Expecting value", s, err.value) from None
json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)
"""
NODE = """\
/srv/shop/src/cart.js:12
    return item.price.sum
                      ^

TypeError: Cannot read properties of undefined (reading 'sum')
    at total (/srv/shop/src/cart.js:12:23)
    at async checkout (/srv/shop/node_modules/pay/index.js:4:9)
    at /srv/shop/src/server.js:40:3
    at node:internal/process/task_queues:95:5

Node.js v22.3.0
"""
PYTEST = """\
/srv/shop/tests/test_cart.py:19: in test_total
    assert total({}) == 0
shop/cart.py:8: in total
    return items["sum"]
E   KeyError: 'sum'
FAILED tests/test_cart.py::test_total - KeyError: 'sum'
1 failed, 12 passed in 0.31s
"""


def told(output: str) -> str | None:
    """The error line of an output, if it tells one."""
    error = error_of(output.split("\n"))
    return error.line if error else None


SAMPLES = [
    pytest.param(one, sample, id=f"{one.name} {number}")
    for one in TABLE
    for number, sample in enumerate(one.samples)
]


@pytest.mark.parametrize(("extractor", "sample"), SAMPLES)
def test_each_extractor_finds_what_its_samples_say(
    extractor: Extractor, sample: Sample
) -> None:
    """The stored line, our places, and the family; all of it passes the guard."""
    lines = sample.text.splitlines()
    error = error_of(lines)
    assert error is not None
    assert error.line is not None
    stored = line(error.line)
    assert (sample.line, sample.places) == (stored, error.places)
    assert sample.family == family_of(stored)
    assert error.places == tuple(map(symbol, error.places))
    assert any(extractor.find(lines, at) for at in range(len(lines)))


def test_each_extractor_has_a_sample_and_a_name_of_its_own() -> None:
    """A rule that nothing shows is a rule that nobody can check."""
    assert [] == [one.name for one in TABLE if not one.samples or not one.words]
    assert len(TABLE) == len({one.name for one in TABLE})


@pytest.mark.parametrize("output", CLEAN)
def test_no_extractor_fires_on_clean_output(output: str) -> None:
    """What tools print when all is well, and texts about errors."""
    lines = output.splitlines()
    fired = [
        one.name for one in TABLE for at in range(len(lines)) if one.find(lines, at)
    ]
    assert [] == fired
    assert error_of(lines) is None


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (PYTHON, "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        (NODE, "TypeError: Cannot read properties of undefined (reading 'sum')"),
        (PYTEST, "KeyError: 'sum'"),
        ("Uncaught TypeError: x is not a function", "TypeError: x is not a function"),
        ("KeyboardInterrupt", "KeyboardInterrupt"),
        ("java.lang.IllegalStateException: shut", "IllegalStateException: shut"),
        (
            "Exception in thread 'main' a.IOException: a\nCaused by: b.BadError: c",
            "IOException: a",
        ),
        (
            "make: *** No rule to make target 'x'.  Stop.",
            "make: No rule to make target 'x'",
        ),
        ("Error: connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED: connection refused"),
        ("API Error: 429 {}", "HTTP 429"),
        ("HTTP 401 from upstream", "HTTP 401"),
        ("\x1b[31mValueError: red\x1b[0m", "ValueError: red"),
        ("#12 3.456 npm error code ERESOLVE", "ERESOLVE"),
        ("web-1  | KeyError: 'sum'", "KeyError: 'sum'"),
        ("2026-11-23T06:57:48.1234567Z KeyError: 'sum'", "KeyError: 'sum'"),
    ],
)
def test_the_error_line_is_the_one_that_names_the_cause(
    output: str, expected: str
) -> None:
    """Whatever stands before it."""
    assert expected == told(output)


@pytest.mark.parametrize(
    "prose",
    [
        "0 errors in lint.",
        "Error handling added to the client.",
        "warning: 2 deprecated options",
        "All 41 tests passed",
        "I will look at the failing test next.",
        "at the end of the day all is well",
        "    at least three more to go",
        "No error: the build is fine.",
        "added rate limit handling",
        "The TypeError is fixed now",
        "see line 3, in the middle of it",
        "",
    ],
)
def test_prose_about_errors_is_no_error(prose: str) -> None:
    """What only speaks of errors tells none, and gives no frame."""
    assert error_of([prose, prose]) is None


def test_the_last_error_of_the_strongest_kind_wins() -> None:
    """A program's end is its cause; a summary never displaces the cause."""
    output = "KeyError: 'a'\nValueError: b\nError: all in all\nmake: *** [x] Error 2"
    assert "ValueError: b" == told(output)


def test_the_first_of_a_compilers_errors_wins() -> None:
    """The rest may follow from it; the next build is another row."""
    one, two = "m.c:3:9: error: no a", "m.c:7:1: error: no b"
    assert "compile error: no a" == told(f"{one}\n{two}\nmake: *** [m.o] Error 1")
    assert "compile error: no b" == told(f"{one}\n{PART}\n{two}")
    assert "compile error: no b" == told(f"{one}\n{two}\nKeyError: 'x'\n{two}")


def test_the_last_command_that_says_why_it_failed_counts() -> None:
    """Even where an earlier one said it better; an echo says nothing."""
    first, second = "KeyError: 'a'", "Error: No such option: --till"
    assert first == told(f"{first}\n{second}")
    assert second == told(f"{first}\n{PART}\n{second}")
    assert first == told(f"{first}\n{PART}\nmake: *** [x] Error 2\n{PART}\nall fine")


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Reading tills\ntillctl 3.1\nthe till is not open yet\n\n", "the till is not"),
        ("till one is shut\nDid you mean: open?", "till one is shut"),
        ("opening till\n   at open (till.js:3:1)\n1 error", "opening till"),
        ("cannot open till\nmake: *** [till] Error 2", "cannot open till"),
        ("On branch main\nnothing to commit, working tree clean", "git: nothing to"),
    ],
)
def test_of_a_failed_call_the_last_words_count(output: str, expected: str) -> None:
    """Only where it is certain that it failed; hints, counts and frames say nothing."""
    lines = output.split("\n")
    error = error_of([FAILED, *lines])
    assert error is not None
    assert (error.line or "").startswith(expected)
    if (plain := told(output)) is not None:
        assert plain.startswith("make: ***")


def test_the_last_words_of_a_failed_call_yield_to_a_known_line() -> None:
    """A guess never displaces what an extractor knows, in the same call."""
    lines = ["KeyError: 'a'", "the till is not open yet"]
    error = error_of([FAILED, *lines, PART, "all is well here"])
    assert error is not None
    assert "KeyError: 'a'" == error.line


def test_a_listing_or_an_empty_failure_tells_nothing() -> None:
    """A name alone, a bar or an exit code is no reason."""
    for output in ("Exit code 1", "cart.py\nerrors.py", "-----\n42%", ""):
        assert error_of([FAILED, *output.split("\n")]) is None


def test_the_message_of_a_commit_is_no_error() -> None:
    """Git's history quotes what people wrote, also of errors."""
    head = "commit 1a2b3c4d5e\nAuthor: d <d@example.org>\nDate: today\n\n"
    message = "    fatal: no till\n    KeyError: 'a'\n"
    assert told(f"{head}{message}") is None
    assert told(f"{head}{message}\n{head}{message}") is None
    assert "git: no till" == told(f"{head}{message}\nfatal: no till")


def test_what_a_test_wrote_to_the_console_is_no_error() -> None:
    """Jest shows it as a block; a failed test's block still counts."""
    said = "    console.error\n      Error: shut\n      at log (a.js:3:1)"
    console = f"  \u25cf Console\n\n{said}"
    assert told(f"PASS a.test.js\n{console}\n\nTests: 3 passed, 3 total") is None
    failed = "  \u25cf till \u203a opens\n\n    TypeError: no till\n"
    assert "TypeError: no till" == told(f"{console}\n\n{failed}")


def test_of_a_huge_output_the_ends_count() -> None:
    """The beginning and the end are looked at; frames of all of it."""
    filler = ["all is fine here"] * 9000
    assert error_of([*filler, "KeyError: 'a'", *filler]) is None
    for lines in (["KeyError: 'a'", *filler], [*filler, "KeyError: 'a'"]):
        error = error_of(lines)
        assert error is not None
        assert "KeyError: 'a'" == error.line


def test_an_error_without_a_stack_takes_no_stranger_s() -> None:
    """A missing command after a crash has no frames of its own."""
    error = error_of((PYTHON + "bash: fd: command not found").splitlines())
    assert error is not None
    assert ("fd: command not found", (), ()) == (error.line, error.near, error.places)
    assert ("add", "price", "raw_decode") == error.symbols


def test_the_class_after_a_traceback_needs_no_telling_name() -> None:
    """Python classes are named as their authors like."""
    output = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n'
    assert "Timeout: slow" == told(output + "httpx.Timeout: slow")


def test_frames_of_python_in_both_readings() -> None:
    """The first five by the harness's rule; ours alone, nearest to the raise first."""
    error = error_of(PYTHON.splitlines())
    assert error is not None
    assert ("add", "price", "raw_decode") == error.symbols
    assert ("price", "add") == error.near


def test_frames_of_node_in_both_readings() -> None:
    """Node names the raise first; a place without a name is anonymous."""
    error = error_of(NODE.splitlines())
    assert error is not None
    assert ("total", "async checkout", "<anonymous>", "<anonymous>") == error.symbols
    assert ("total", "<anonymous>") == error.near


def test_frames_of_a_test_report_are_near_but_not_the_harnesss() -> None:
    """The short traceback of pytest has no frame that the harness counts."""
    error = error_of(PYTEST.splitlines())
    assert error is not None
    assert () == error.symbols
    assert ("total", "test_total") == error.near


def test_near_frames_are_those_of_the_error_that_was_chosen() -> None:
    """An earlier stack of another error gives no near frame."""
    error = error_of((NODE + "\nlater\n" + PYTHON).splitlines())
    assert error is not None
    assert ("price", "add") == error.near
    assert (
        "total",
        "async checkout",
        "<anonymous>",
        "<anonymous>",
        "add",
    ) == error.symbols


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("    at new Cart (/srv/m.js:3:4)", "new Cart"),
        ("    at Object.<anonymous> (/srv/m.js:3:4)", "Object.<anonymous>"),
        ("    at Cart.add [as push] (/srv/m.js:3:4)", "Cart.add [as push]"),
        ("    at com.shop.Cart.add(Cart.java:12)", "com.shop.Cart.add"),
        ("    at eval (eval at f (/srv/m.js:1:1), <anonymous>:1:1)", "eval"),
        ("    at file:///srv/m.mjs:3:4", "<anonymous>"),
        ("    at run", "run"),
        ('  File "m.py", line 3, in <module>', "<module>"),
        ('  + File "m.py", line 3, in grouped', "grouped"),
    ],
)
def test_a_frame_gives_its_symbol(frame: str, expected: str) -> None:
    """Arguments, addresses, lines and columns are cut off."""
    error = error_of(["    at first (/srv/m.js:1:1)", frame])
    assert error is not None
    assert expected == error.symbols[1]


def test_the_fingerprint_knows_the_anonymous_frame_by_either_name() -> None:
    """We keep ``(anonymous)``, the harness hashes ``<anonymous>``."""
    raw = ["getUser", "<anonymous>"]
    kept = [name for text in raw if (name := symbol(text))]
    assert ["getUser", "(anonymous)"] == kept
    assert fingerprint(raw) == fingerprint(kept)


def test_the_fingerprint_without_frames_is_the_known_constant() -> None:
    """Measured: every failure without a frame has this one."""
    assert fingerprint([]).startswith("d9e1058f4fe3")
    assert fingerprint([], "Friction").startswith("e57a0bb12436")


def test_an_error_line_reads_the_same_wherever_it_happened() -> None:
    """Two sightings of one cause give one line once parameterised."""
    one = told(PYTHON)
    other = told(
        PYTHON.replace("line 1 column 1 (char 0)", "line 9 column 4 (char 77)")
    )
    assert one is not None
    assert other is not None
    assert line(one) == line(other)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside this checkout")
def test_every_fingerprint_of_the_harness_is_ours() -> None:
    """The recorded signature gives the recorded fingerprint."""
    checked = 0
    for file in CORPUS.glob("*/.loki/crash/*.json"):
        body = json.loads(file.read_text())
        if "fingerprint" in body:
            kept = [symbol(raw) or "" for raw in body["stack_signature"]]
            assert body["fingerprint"] == fingerprint(kept, body["error_class"])
            checked += 1
    assert checked > 30
