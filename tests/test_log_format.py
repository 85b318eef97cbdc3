from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lokid.log
from log_rig import AT
from lokid import codec
from lokid.events import Fact
from lokid.log import event_id

_PART = st.one_of(st.text(max_size=4), st.integers(0, 99))
_IDENTITY = st.lists(_PART, max_size=4).map(tuple)


def example_lines() -> list[bytes]:
    """The lines that the format's page shows, unfolded."""
    page = lokid.log.__doc__ or ""
    lines: list[str] = []
    for row in page.partition("====")[0].splitlines():
        if row.startswith("    {"):
            lines.append(row.strip())
        elif row.startswith("      ") and lines:
            lines[-1] += row.strip()
    return [line.encode("ascii") for line in lines]


def test_the_lines_shown_in_the_format_verify_and_chain() -> None:
    """The page's own example is a log."""
    lines = example_lines()
    assert 2 == len(lines)
    assert 2 == codec.count_following(lines, 0, codec.NO_CRC)
    recorded = [codec.decode_line(line) for line in lines]
    assert ["crash.observed", "council.voted"] == [one.type for one in recorded]


@pytest.mark.parametrize("line", example_lines())
def test_the_lines_shown_in_the_format_are_what_is_written(line: bytes) -> None:
    """Encoding what they say gives the same bytes."""
    recorded = codec.decode_line(line)
    assert recorded.event is not None
    fact = Fact(event=recorded.event, identity=(), time=recorded.time, src=recorded.src)
    previous = codec.head_of(line).p.encode()
    written = codec.encode_line(recorded.seq, previous, recorded.id, fact, recorded.at)
    assert line + b"\n" == written


def test_every_key_of_the_envelope_is_explained() -> None:
    """The table has one row for each key of a line, in its order."""
    page = lokid.log.__doc__ or ""
    table = re.findall(r"^(\w+) {2,}\S", page, re.MULTILINE)
    assert list(msgspec.json.decode(example_lines()[0])) == table


@given(one=_IDENTITY, other=_IDENTITY)
def test_only_equal_identities_share_an_id(
    one: tuple[str | int, ...], other: tuple[str | int, ...]
) -> None:
    """Parts cannot run into each other, numbers are not their digits."""
    assert (one == other) == (event_id(one) == event_id(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a", "b"), ("ab",)), (("1",), (1,)), (("a", ""), ("a",)), ((), ("",))],
)
def test_identities_that_look_alike_differ(
    one: tuple[str | int, ...], other: tuple[str | int, ...]
) -> None:
    """The near misses, by name."""
    assert event_id(one) != event_id(other)


def test_an_id_is_32_hex_digits_also_for_a_name_that_is_not_utf8() -> None:
    """A path read from the disk may hold lone surrogates."""
    assert re.fullmatch("[0-9a-f]{32}", event_id(("crash", "\udcff.json", AT)))
