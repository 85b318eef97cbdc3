"""Linters and analysers that name a rule in a way of their own.

A rule of a plugin has a slash, which would make it a path once it is stored: it is
written with a dot (``react-hooks.rules-of-hooks``), and read back with the slash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import Extractor, Found, Sample, by_pattern
from lokid.frames import base_of

_BIOME = re.compile(
    r"(?P<file>\S+?):\d+:\d+ (?P<rule>(?:lint|assist)/\w+/\w+|parse|format)\b"
)
_CROSS = re.compile(r"\s*[\u00d7\u2716] (?P<said>.+)")
_STYLELINT = re.compile(
    r"\s+\d+:\d+\s+[\u2716\u00d7]\s+(?P<said>.+?)\s{2,}(?P<rule>[\w/-]+)$"
)
_STYLES = re.compile(r"(?P<file>\S+\.(?:css|scss|sass|less|vue))$")


def _biome(lines: Sequence[str], at: int) -> Found | None:
    """Biome's heading, with what its first cross says; a warning has none."""
    found = _BIOME.match(lines[at].strip())
    below = next(filter(None, map(_CROSS.match, lines[at + 1 : at + 4])), None)
    if found is None or below is None:
        return None
    rule = found["rule"].replace("/", ".")
    return Found(f"biome: {below['said']} ({rule})", (base_of(found["file"]),))


def _stylelint(lines: Sequence[str], at: int) -> Found | None:
    """``3:9  (cross)  Unexpected ...  color-no-invalid-hex``, the file above."""
    found = _STYLELINT.match(lines[at])
    if found is None:
        return None
    above = (_STYLES.match(line) for line in reversed(lines[max(0, at - 60) : at]))
    file = next((base_of(one["file"]) for one in above if one), "")
    rule = found["rule"].replace("/", ".")
    return Found(f"stylelint: {found['said']} ({rule})", (file,) if file else ())


EXTRACTORS = (
    Extractor(
        name="biome",
        words=("\u2501\u2501",),
        find=_biome,
        cascade="biome",
        samples=(
            Sample(
                "./src/till.ts:3:8 lint/correctness/noUnusedImports  \u2501\u2501\n"
                "\n  \u00d7 This import is unused.",
                "biome: This import is unused. (lint.correctness.noUnusedImports)",
                "lint/correctness/noUnusedImports",
                ("till.ts",),
            ),
        ),
    ),
    Extractor(
        name="dart analyser",
        words=("error \u2022 ", "error - "),
        find=by_pattern(
            r"error (?:\u2022|-) (?P<said>.+?) (?:\u2022|-) "
            r"(?P<file>\S+?\.dart):\d+:\d+ (?:\u2022|-) (?P<rule>\w+)$",
            "dart: {said} ({rule})",
            "{file}",
        ),
        cascade="dart",
        samples=(
            Sample(
                "  error \u2022 Undefined name 'till' \u2022 lib/cart.dart:3:9 \u2022 "
                "undefined_identifier",
                "dart: Undefined name 'till' (undefined_identifier)",
                "undefined_identifier",
                ("cart.dart",),
            ),
        ),
    ),
    Extractor(
        name="stylelint",
        words=("\u2716  ", "\u00d7  "),
        find=_stylelint,
        cascade="stylelint",
        samples=(
            Sample(
                'src/till.css\n  3:9  \u2716  Unexpected invalid hex color "#zz"  '
                "color-no-invalid-hex",
                'stylelint: Unexpected invalid hex color "#zz" (color-no-invalid-hex)',
                "color-no-invalid-hex",
                ("till.css",),
            ),
        ),
    ),
)
