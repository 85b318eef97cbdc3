"""What a package manager says when its lock file or a hash does not fit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import Extractor, Found, Sample, by_pattern


def _hashes(lines: Sequence[str], at: int) -> Found | None:
    """Pip names the package whose hash is another on the next line."""
    if not lines[at].startswith("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"):
        return None
    below = lines[at + 1].split() if at + 1 < len(lines) else []
    return Found(f"pip: hashes do not match: {below[0]}" if below else "pip: hashes")


_YARN = re.compile(
    r"error (?P<said>(?!Command failed|An unexpected error occurred: \"\")[A-Z].+)"
)


def _yarn(lines: Sequence[str], at: int) -> Found | None:
    """The first yarn begins with ``error`` alone, and says who it is elsewhere."""
    found = _YARN.match(lines[at].strip())
    if found is None:
        return None
    near = "\n".join([*lines[max(0, at - 12) : at], *lines[at + 1 : at + 4]])
    named = "yarn" in near or "yarn" in found["said"]
    return Found(f"yarn: {found['said']}") if named else None


EXTRACTORS = (
    Extractor(
        name="pip's hashes",
        words=("ERROR: THESE PACKAGES",),
        find=_hashes,
        samples=(
            Sample(
                "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS "
                "FILE.\n    till==2.0.1 from https://pypi.example.org/till.whl:",
                "pip: hashes do not match: till==2.0.1",
                "pip error",
            ),
        ),
    ),
    Extractor(
        name="first yarn",
        words=("error ",),
        find=_yarn,
        samples=(
            Sample(
                "yarn install v1.22.22\n"
                "error Your lockfile needs to be updated, but yarn was run with "
                "`--frozen-lockfile`.",
                "yarn: Your lockfile needs to be updated, but yarn was run with "
                "'--frozen-lockfile'.",
                "yarn error",
            ),
        ),
    ),
    Extractor(
        name="uv's stale lock file",
        words=("error: The lockfile",),
        find=by_pattern(
            r"error: (?P<said>The lockfile at \S+ needs to be updated)\b.*",
            "uv: {said}",
        ),
        samples=(
            Sample(
                "error: The lockfile at `uv.lock` needs to be updated, but `--locked` "
                "was provided.",
                "uv: The lockfile at 'uv.lock' needs to be updated",
                "uv error",
            ),
        ),
    ),
    Extractor(
        name="poetry's stale lock file",
        words=("changed significantly since",),
        find=by_pattern(
            r"(?:Error: )?(?P<said>pyproject\.toml changed significantly since "
            r"poetry\.lock was last generated)\b.*",
            "poetry: {said}",
        ),
        samples=(
            Sample(
                "pyproject.toml changed significantly since poetry.lock was last "
                "generated. Run `poetry lock`.",
                "poetry: pyproject.toml changed significantly since poetry.lock was "
                "last generated",
                "poetry error",
            ),
        ),
    ),
)
