"""Which line of an output is its error, and which frames are ours."""

from __future__ import annotations

import json

import pytest

from conftest import CORPUS
from lokid.extract import error_of, fingerprint
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
    error = error_of(output.splitlines())
    return error.line if error else None


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
            "BadError: c",
        ),
        (
            "x.rb:3:in `f': undefined method `g' for nil (NoMethodError)",
            "NoMethodError: undefined method `g' for nil",
        ),
        (
            "error[E0382]: borrow of moved: `cart`\n  --> src/m.rs:3:9\nerror: bad",
            "error[E0382]: borrow of moved: `cart`",
        ),
        (
            "src/m.ts(3,9): error TS2322: Type 'A' is not assignable to type 'B'.",
            "src/m.ts(3,9): error TS2322: Type 'A' is not assignable to type 'B'.",
        ),
        (
            "gcc\nm.c:3:9: error: unknown type name 'cart'\nmake: *** [m.o] Error 1",
            "m.c:3:9: error: unknown type name 'cart'",
        ),
        ("npm error code ERESOLVE\nnpm error more", "npm error code ERESOLVE"),
        ("npm ERR! code ENOENT\nnpm ERR! more", "npm ERR! code ENOENT"),
        ("bash: line 3: fd: command not found", "bash: line 3: fd: command not found"),
        ("sh: 1: jq: not found", "sh: 1: jq: not found"),
        (
            "psql: error: connection failed: FATAL:  no such database",
            "psql: error: connection failed: FATAL:  no such database",
        ),
        ("fatal: not a git repository", "fatal: not a git repository"),
        (
            "--- FAIL: TestSum (0.03s)\n    m_test.go:9: got 1, want 2\nFAIL\tshop",
            "--- FAIL: TestSum (0.03s)",
        ),
        ("panic: runtime error: index out of range", None),
        (
            "thread 'main' panicked at src/m.rs:3:9:\noh no",
            "thread 'main' panicked at src/m.rs:3:9: oh no",
        ),
        ("make: *** No rule to make target 'x'.  Stop.", None),
        ("Error: connect ECONNREFUSED 127.0.0.1:1", None),
        ("FAILED tests/test_m.py::test_x - assert 1 == 2", None),
        ("API Error: 429 {}", None),
        ("Claude usage limit reached", None),
        ("HTTP 401 from upstream", None),
        ("cat: x: No such file or directory", None),
        ("\x1b[31mValueError: red\x1b[0m", "ValueError: red"),
    ],
)
def test_the_error_line_is_the_one_that_names_the_cause(
    output: str, expected: str | None
) -> None:
    """Where nothing else is expected, the first line as it stands."""
    assert (expected or output.partition("\n")[0]) == told(output)


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
