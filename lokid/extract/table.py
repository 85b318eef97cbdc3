"""All extractors; where two know the same line, the earlier one has it."""

from __future__ import annotations

from lokid.extract import generic, python

TABLE = (
    *python.EXTRACTORS,
    *generic.EXTRACTORS,
)
