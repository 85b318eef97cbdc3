"""Keys: what is the same failure, what is not, and what is weak."""

from __future__ import annotations

from typing import Any

import pytest

from lokid.extract import exception_class
from projections.keys import RECIPE, Cause, Key, key_of


def key(**more: Any) -> Key:
    """The key of an iteration's failure."""
    return key_of(Cause(**{"kind": "exit", "exit_code": 1, "phase": "ACT", **more}))


@pytest.mark.parametrize(
    ("line", "family"),
    [
        ("json.decoder.JSONDecodeError: Expecting value", "JSONDecodeError"),
        ("TypeError: Cannot read properties of undefined", "TypeError"),
        ("Uncaught TypeError: x is not a function", "TypeError"),
        ("E   KeyError: 'user_id'", "KeyError"),
        ("FAILED {path} - KeyError: 'user_id'", "KeyError"),
        ("subprocess.TimeoutExpired: Command 'x' timed out", "TimeoutExpired"),
        ("jinja2.exceptions.TemplateNotFound: base.html", "TemplateNotFound"),
        ("AssertionError: no price", "AssertionError"),
        (
            'Exception in thread "main" java.lang.NullPointerException: x',
            "NullPointerException",
        ),
        ("panic: runtime error: index out of range", "panic"),
        ("thread 'main' panicked at 'no row'", "panic"),
        ("Error: something broke", "Error"),
        ("Error: connect ECONNREFUSED {ip}", "ECONNREFUSED"),
        ("src/a.ts: error TS2322: Type 'a' is not assignable", "TS2322"),
        ("error[E0382]: borrow of moved value: 'row'", "E0382"),
        ("npm error code ERESOLVE", "ERESOLVE"),
        ("npm error ERESOLVE unable to resolve dependency tree", "ERESOLVE"),
        ("bash: line {n}: jq: command not found", "exit 127"),
        ("TS2322: Type 'a' is not assignable to type 'b'.", "TS2322"),
        ("E0382: borrow of moved value: 'row'", "E0382"),
        ('ERESOLVE: peer db@"^3.0.0" from login@158', "ERESOLVE"),
        ("jq: command not found", "exit 127"),
        ("bash: build.sh: Permission denied", "exit 126"),
        ("Killed: till", "exit 137"),
        ("HTTP 429: rate_limit_error: too many tokens", "HTTP 429"),
        ("timeout: Command timed out after {duration}", "timeout"),
        ("compile error: unknown type name 'cart'", "compile error"),
        ("compile error: unused 'x' [-Wunused-variable]", "unused-variable"),
        ("link error: undefined reference to 'sum'", "link error"),
        ("mypy: Incompatible return value [return-value]", "return-value"),
        ("go test: TestLogin: got {n}, want {n}", "test failed"),
        ("psql: error: connection failed: FATAL: no database 'x'", "psql error"),
        ('psql: database "login_auth" does not exist', "psql error"),
        ("git: not a git repository", "git error"),
        ("fatal: not a git repository", "git error"),
        ("make: No rule to make target 'x'", "make error"),
        ("Warning: deprecated options", "exit 1"),
        ("something went wrong", "exit 1"),
    ],
)
def test_the_family_is_the_bare_name_of_the_cause(line: str, family: str) -> None:
    """An exception's class, a tool's code, else the exit code; never weak."""
    found = key(line=line)
    assert (family, False) == (found.family, found.weak)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("OSError: {path} is gone", "OSError: {path}  is gone"),
        ("OSError: {path} is gone", "OSError: {url} is gone"),
        ("timeout: after {duration} {duration}", "timeout: after {duration}"),
        ("AssertionError: [{n}, {n}] is short", "AssertionError: [{n}] is short"),
    ],
)
def test_what_differs_from_sighting_to_sighting_makes_no_other_key(
    one: str, other: str
) -> None:
    """Whatever a placeholder stands for, and however many of them."""
    assert key(line=one).key == key(line=other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"line": "KeyError: 'a'"}, {"line": "KeyError: 'b'"}),
        ({"line": "error TS2322: x"}, {"line": "error TS2345: x"}),
        (
            {"line": "KeyError: 'a'"},
            {"line": "KeyError: 'a'", "frames": ("f",), "near": True},
        ),
        ({"line": "exit code 1"}, {"line": "exit code 2"}),
        ({"line": "HTTP 429"}, {"line": "HTTP 500"}),
        (
            {"line": "KeyError: 'a'", "places": ("a.py:f",)},
            {"line": "KeyError: 'a'", "places": ("b.py:f",)},
        ),
        ({"frames": ("f", "g")}, {"frames": ("f", "h")}),
        ({"kind": "gate", "gate": "a"}, {"kind": "gate", "gate": "b"}),
        ({"kind": "provider", "provider": "a"}, {"kind": "provider", "provider": "b"}),
        ({}, {"phase": "VERIFY"}),
        ({}, {"exit_code": 2}),
        ({"kind": "interrupted"}, {"kind": "empty_output"}),
    ],
)
def test_what_is_another_cause_has_another_key(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Look-alikes stay apart."""
    assert key(**one).key != key(**other).key


def test_frames_without_a_line_are_one_cause_whatever_the_exit() -> None:
    """An exit code parts only what is weak."""
    one, other = key(frames=("f", "g")), key(frames=("f", "g"), exit_code=9)
    assert one.key == other.key


def test_kind_exit_and_crash_are_one_for_the_key() -> None:
    """Whether a frame was seen must not part a cause from itself."""
    assert key(line="x", kind="crash").key == key(line="x", kind="exit").key


def test_phase_and_exit_do_not_part_what_has_a_line() -> None:
    """The same error in another phase is the same lesson."""
    assert (
        key(line="KeyError: 'a'").key == key(line="KeyError: 'a'", phase="VERIFY").key
    )


@pytest.mark.parametrize(
    ("cause", "family"),
    [
        ({"exit_code": 125}, "exit 125"),
        ({"kind": "interrupted", "exit_code": 143}, "interrupted"),
        ({"kind": "empty_output"}, "empty_output"),
        ({"kind": "friction", "friction": "gate_failure"}, "gate_failure"),
        ({"line": "KeyboardInterrupt"}, "KeyboardInterrupt"),
        ({"line": "AssertionError: {str}"}, "AssertionError"),
        ({"line": "make: *** [Makefile:{n}: all] Error 2"}, "make error"),
        ({"line": "Command failed with exit code {n}."}, "exit 1"),
    ],
)
def test_a_mere_constant_is_weak(cause: dict[str, Any], family: str) -> None:
    """It may join what is not alike, and says so."""
    found = key(**cause)
    assert (family, True) == (found.family, found.weak)


@pytest.mark.parametrize(
    "cause",
    [
        {"line": "Error: no"},
        {"frames": ("f",)},
        {"line": "AssertionError", "places": ("cart.py:sums",)},
        {"kind": "friction", "friction": "gate_failure", "gate": "code_review"},
        {"kind": "gate", "gate": "code_review"},
        {"kind": "provider", "provider": "rate_limited"},
        {"reported": "JSONDecodeError"},
    ],
)
def test_what_names_a_cause_is_not_weak(cause: dict[str, Any]) -> None:
    """A generic class with a message is enough."""
    assert not key(**cause).weak


def test_places_count_before_frames() -> None:
    """A command knows its places only; its iteration knows frames as well."""
    told = {"line": "KeyError: 'a'", "places": ("a.py:f",)}
    assert key(**told).key == key(**told, frames=("f", "g"), near=True).key


def test_frames_of_others_add_nothing_to_a_line() -> None:
    """An iteration that knows a library's frames fails of the same command."""
    told = {"line": "TypeError: x"}
    assert key(**told).key == key(**told, frames=("read", "parse")).key


def test_which_key_was_missing_counts_only_where_the_place_is_unknown() -> None:
    """In one function another key is the same mistake."""
    one, other = {"line": "KeyError: 'a'"}, {"line": "KeyError: 'b'"}
    here = {"places": ("cart.py:total",)}
    assert key(**one).key != key(**other).key
    assert key(**one, **here).key == key(**other, **here).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ConfigBroken: bad value 'plum'", "ConfigBroken: bad value '{str}'"),
        ("CardError: declined 'a' of \"b\"", "CardError: declined 'c' of \"d\""),
        ("LookupError: no rate for q-{n}", "LookupError: no rate for r-{n}"),
        ("LookupError: no rate for EUR", "LookupError: no rate for USD"),
        ("AssertionError: assert 'a' == 'b'", "AssertionError: assert {'a':... == 'c'"),
    ],
)
def test_values_count_only_where_the_function_is_unknown(one: str, other: str) -> None:
    """What was offered or compared is a value, in one function the same failure."""
    here = {"places": ("cart.py:total",)}
    assert key(line=one).key != key(line=other).key
    assert key(line=one, places=("cart.py",)).key != key(line=other).key
    assert key(line=one, **here).key == key(line=other, **here).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ImportError: cannot import name 'a'", "ImportError: cannot import name 'b'"),
        ("TypeError: f() got an argument 'a'", "TypeError: f() got an argument 'b'"),
        ("AttributeError: no attribute 'a'", "AttributeError: no attribute 'b'"),
        ("OSError: [Errno {n}] denied: 'a.db'", "OSError: [Errno {n}] denied: 'b.db'"),
        (
            'DbError: relation "a" does not exist',
            'DbError: relation "b" does not exist',
        ),
        (
            "HTTPStatusError: Error '403 Forbidden'",
            "HTTPStatusError: Error '404 Not Found'",
        ),
        ("AssertionError: no price 'a'", "ValueError: no price 'a'"),
        ("TS2322: Type 'a'", "TS2322: Type 'b'"),
        ("TemplateDoesNotExist: 'a.html'", "TemplateDoesNotExist: 'b.html'"),
    ],
)
def test_names_count_wherever_they_are_told(one: str, other: str) -> None:
    """Which thing is missing, wrong or answered is the cause itself."""
    here = {"places": ("cart.py:total",)}
    assert key(line=one, **here).key != key(line=other, **here).key


def test_a_key_tells_what_made_it() -> None:
    """Each value by name, in the order in which it counts."""
    found = key(line="TypeError: 'a' in {path}", places=("a.py:f", "b.py:g"))
    assert (
        ("kind", "iteration"),
        ("line", "typeerror: 'a' in {}"),
        ("place", "a.py:f"),
        ("place", "b.py:g"),
    ) == found.parts
    assert (
        ("kind", "iteration"),
        ("constant", "exit 1"),
        ("exit", "1"),
        ("phase", "ACT"),
    ) == key().parts


def test_a_lessons_id_is_the_head_of_its_key() -> None:
    """L and eight hex digits."""
    found = key(line="KeyError: 'a'")
    assert "L" + found.key[:8] == found.lesson
    assert 32 == len(found.key)


@pytest.mark.parametrize("line", ["x" * 200, "a." * 100, "A" * 199 + ":", "Error" * 40])
def test_long_lines_are_looked_at_quickly(line: str) -> None:
    """No pattern runs away; they are no exception lines."""
    assert exception_class(line) in (None, "Error" * 40)


def test_the_recipe_gives_what_it_gave() -> None:
    """Lessons refer to keys: another key for the same facts is another RECIPE."""
    assert 2 == RECIPE
    assert [
        "8cd2efc1a7ff36ed947836d50e80cd33",
        "38218a1dfa99cf4c61ebae36e8154b03",
        "1fd759f812652c1ffbf8faee6335ae4b",
    ] == [
        key(line="KeyError: 'a'").key,
        key().key,
        key_of(Cause(kind="gate", gate="code_review")).key,
    ]
