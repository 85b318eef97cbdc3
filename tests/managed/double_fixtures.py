"""A double, and a plain client of it, for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from double import Double
from plain import Plain


@pytest.fixture
def double() -> Iterator[Double]:
    """A double of the service, for this test alone."""
    with Double() as running:
        yield running


@pytest.fixture
def plain(double: Double) -> Iterator[Plain]:
    """A client without an SDK."""
    with Plain(double.url) as client:
        yield client


@pytest.fixture
def store(plain: Plain) -> str:
    """The id of a store that is empty."""
    return plain.post("memory_stores", body={"name": "a store"}).id
