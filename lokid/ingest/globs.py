"""The names in a folder, and which of them a glob means."""

from __future__ import annotations

import fnmatch
import functools
import os
import re

import msgspec


class Name(msgspec.Struct, frozen=True):
    """One name of a folder, as it was listed."""

    name: str
    is_folder: bool
    is_link: bool


def named(entry: os.DirEntry[str]) -> Name:
    """The name of a listed entry, which is looked at now."""
    is_folder = entry.is_dir(follow_symlinks=False)
    return Name(entry.name, is_folder, not is_folder and entry.is_symlink())


@functools.cache
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(glob))


@functools.cache
def any_of(globs: tuple[str, ...]) -> re.Pattern[str] | None:
    """What matches a name like one of several globs; None for no glob."""
    return re.compile("|".join(map(fnmatch.translate, globs))) if globs else None


def matches(name: str, glob: str) -> bool:
    """Hidden names are the harness's temporary files: no ``*`` means them."""
    if "*" not in glob and "?" not in glob:
        return name == glob
    return not name.startswith(".") and _pattern(glob).match(name) is not None


def is_utf8(path: str) -> bool:
    """Whether a name is text; others have surrogates for their bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
