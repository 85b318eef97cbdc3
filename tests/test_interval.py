"""Intervals of shares, against the values of the paper they come from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.interval import difference, wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(
    hits: int, of: int, low: float, high: float
) -> None:
    """Newcombe 1998, table I, method 3."""
    found = wilson(hits, of)
    assert (low, high) == (round(found[0], 4), round(found[1], 4))


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0000),
    ],
)
def test_difference_gives_the_published_intervals(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """Newcombe 1998, the paper on differences, table II, method 10."""
    found = difference(*first, *second)
    assert (low, high) == (round(found[0], 4), round(found[1], 4))


def test_nothing_known_is_said_to_be_nothing_known() -> None:
    """Without a single trial every share is possible."""
    assert (0.0, 1.0) == wilson(0, 0)
    assert (-1.0, 1.0) == difference(0, 0, 3, 8)


@given(of=st.integers(1, 500), data=st.data())
def test_an_interval_holds_its_share_and_mirrors(of: int, data: st.DataObject) -> None:
    """Hits and misses are told alike, and the share lies within."""
    hits = data.draw(st.integers(0, of))
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of <= high <= 1
    least, most = wilson(of - hits, of)
    assert pytest.approx(1 - high) == least
    assert pytest.approx(1 - low) == most
