from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from describe_dependencies import LOCK, PURPOSES, Locked, locked, runtime

REPOSITORY = Path(__file__).parent.parent
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
FUZZ = REPOSITORY / "tests" / "faults" / "fuzz" / "requirements.lock"
PACKAGES = locked(LOCK.read_text("utf-8"))
RUNTIME = runtime(PACKAGES)


def missing(asked: Requirement, packages: dict[str, Locked]) -> str:
    """What a lock lacks of a requirement; empty when it fulfils it."""
    one = packages.get(canonicalize_name(asked.name))
    if one is None:
        return f"{asked} is not in the lock"
    if not asked.specifier.contains(one.version, prereleases=True):
        return f"{asked}, but the lock has {one.version}"
    return ""


def asked_by(package: str) -> Iterator[Requirement]:
    """What an installed package needs here."""
    for text in importlib.metadata.distribution(package).requires or ():
        asked = Requirement(text)
        if asked.marker is None or asked.marker.evaluate({"extra": ""}):
            yield asked


@pytest.mark.parametrize(
    ("group", "lock"), [("", LOCK), ("dev", LOCK), ("fuzz", FUZZ)], ids=str
)
def test_the_lock_is_as_fresh_as_what_the_project_asks_for(
    group: str, lock: Path
) -> None:
    """Each requirement is there, within its bounds; else: make lock."""
    texts = PROJECT["dependency-groups"][group] if group else None
    asked = [Requirement(text) for text in texts or PROJECT["project"]["dependencies"]]
    packages = locked(lock.read_text("utf-8"))
    assert [] == [why for one in asked if (why := missing(one, packages))]


def test_every_package_is_pinned_with_checksums() -> None:
    """A file that is not one of those is not installed."""
    assert len(RUNTIME) < len(PACKAGES)
    assert [] == [one.name for one in PACKAGES.values() if not one.hashes]


@pytest.mark.parametrize("package", RUNTIME, ids=lambda one: one.name)
def test_what_a_package_needs_is_in_the_lock(package: Locked) -> None:
    """Down to the last: nothing is installed that was not pinned, nothing is left out.

    It is installed as it is pinned, so that this asks what users get.
    """
    assert package.version == importlib.metadata.version(package.name)
    needed = list(asked_by(package.name))
    assert [] == [why for one in needed if (why := missing(one, PACKAGES))]
    names = {one.name for one in RUNTIME}
    assert {canonicalize_name(one.name) for one in needed} <= names


def test_each_package_says_what_it_is_for() -> None:
    """No package comes in without a reason, and no reason stays without one."""
    assert {one.name for one in RUNTIME} <= set(PURPOSES) <= set(PACKAGES)
