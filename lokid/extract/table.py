"""All extractors; where two know the same line, the earlier one has it."""

from __future__ import annotations

from lokid.extract import builds, checkers, compilers, exceptions, generic, go, java
from lokid.extract import network, node, packages, python, rust, services, shell
from lokid.extract import testing
from lokid.extract.extractor import Extractor

TABLE: tuple[Extractor, ...] = (
    *python.EXTRACTORS,
    *testing.EXTRACTORS,
    *node.EXTRACTORS,
    *packages.EXTRACTORS,
    *checkers.EXTRACTORS,
    *rust.EXTRACTORS,
    *go.EXTRACTORS,
    *java.EXTRACTORS,
    *compilers.EXTRACTORS,
    *builds.EXTRACTORS,
    *services.EXTRACTORS,
    *network.EXTRACTORS,
    *shell.EXTRACTORS,
    *exceptions.EXTRACTORS,
    *generic.EXTRACTORS,
)
