"""The public face is short, and says the truth about itself."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from importlib.metadata import version
from types import ModuleType

import pytest

import cli
import lokid
import projections


def modules() -> Iterator[str]:
    """Name every module of the three packages."""
    for package in (lokid, projections, cli):
        yield package.__name__
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield module.name


def load(name: str) -> ModuleType:
    """Import a module by name."""
    return importlib.import_module(name)


@pytest.mark.parametrize("name", sorted(modules()))
def test_every_module_imports_alone_and_says_what_it_is(name: str) -> None:
    """Each module can be imported and opens with a docstring."""
    assert load(name).__doc__


@pytest.mark.parametrize("name", sorted(modules()))
def test_all_names_what_is_there(name: str) -> None:
    """A module that has __all__ has every name in it, once."""
    module = load(name)
    public = getattr(module, "__all__", [])
    assert len(public) == len(set(public))
    assert [] == [one for one in public if not hasattr(module, one)]


def test_the_version_stands_in_one_place() -> None:
    """The installed distribution carries the version of lokid/__init__.py."""
    assert lokid.__version__ == version("lokid")
    assert re.fullmatch(r"\d+\.\d+\.\d+", lokid.__version__)
