"""TypeScript's compiler, and what packs modules together."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import (
    Extractor,
    Found,
    Sample,
    ahead,
)
from lokid.extract.node import local
from lokid.frames import base_of

_RESOLVE = re.compile(
    r"(?:Module not found: )(?:Error: )?Can't resolve '(?P<what>[^']+)'(?: in '.*')?"
)
_UNRESOLVED = re.compile(
    r"(?:\S+ )?\[?(?:ERROR|plugin|error|vite\S*)\S* ?(?:Rollup |rollup )?"
    r"(?:Could not resolve|[Ff]ailed to resolve import) "
    r"\"(?P<what>[^\"]+)\"(?: from \"(?P<file>[^\"]+)\")?"
)
_IMPORT = re.compile(
    r"Error: Failed to resolve import \"(?P<what>[^\"]+)\" "
    r"from \"(?P<file>[^\"]+)\""
)
_LOCATION = ahead(r"\s+(?P<file>[^\s:]+\.\w+):\d+:\d+:?$")
_TYPE_ERROR = re.compile(r"Type error: (?P<said>.+)")
_ABOVE = re.compile(r"(?P<file>\S+\.\w+):\d+:\d+$")
_TSC = re.compile(
    r"(?:(?P<file>[^\s(][^(]*?)(?:\(\d+,\d+\)|:\d+:\d+))?(?: - |: )?"
    r"error (?P<code>TS\d+): (?P<said>.+)"
)


def _tsc(lines: Sequence[str], at: int) -> Found | None:
    """Tsc's errors, plain and pretty."""
    found = _TSC.match(lines[at].strip())
    if found is None:
        return None
    file = found["file"]
    return Found(f"{found['code']}: {found['said']}", (base_of(file),) if file else ())


def _bundler(lines: Sequence[str], at: int) -> Found | None:
    """webpack, vite and esbuild: an import that leads nowhere."""
    text = lines[at].strip()
    found = _RESOLVE.search(text) or _UNRESOLVED.match(text) or _IMPORT.match(text)
    if found is None:
        return None
    file = found.groupdict().get("file")
    if file is None and (located := _LOCATION(lines, at, 3)):
        file = located["file"]
    told = f"{_bundler_at(lines, at)}: Could not resolve '{local(found['what'])}'"
    return Found(told, (base_of(file),) if file else ())


def _type_error(lines: Sequence[str], at: int) -> Found | None:
    """What Next.js found wrong with a type; the file stands above it."""
    found = _TYPE_ERROR.match(lines[at].strip())
    if found is None:
        return None
    above = _ABOVE.match(lines[at - 1].strip()) if at else None
    places = (base_of(above["file"]),) if above else ()
    return Found(f"compile error: {found['said']}", places)


def _bundler_at(lines: Sequence[str], at: int) -> str:
    """Which one it is, by its own way to say it."""
    text = lines[at]
    if any(" FAIL " in line for line in lines[max(0, at - 3) : at]):
        return "vitest"
    if text.lstrip().startswith("Error: Failed to resolve import"):
        return "vite"
    if "vite" in text or any("vite" in line for line in lines[max(0, at - 12) : at]):
        return "vite"
    if "[ERROR]" in text:
        return "esbuild"
    return "webpack" if "Can't resolve" in text else "rollup"


EXTRACTORS = (
    Extractor(
        name="typescript",
        words=("error TS",),
        find=_tsc,
        cascade="tsc",
        samples=(
            Sample(
                "src/m.ts(3,9): error TS2322: Type 'A' is not assignable to type 'B'.\n"
                "src/n.ts(7,1): error TS2304: Cannot find name 'sum'.",
                "TS2322: Type 'A' is not assignable to type 'B'.",
                "TS2322",
                ("m.ts",),
            ),
            Sample(
                "src/app/[id]/m.ts:3:9 - error TS2304: Cannot find name 'sum'.\n\n"
                "3   sum();\n    ~~~\n\nFound 1 error in src/m.ts:3",
                "TS2304: Cannot find name 'sum'.",
                "TS2304",
                ("m.ts",),
            ),
        ),
    ),
    Extractor(
        name="bundler",
        words=("resolve ",),
        find=_bundler,
        samples=(
            Sample(
                "Module not found: Error: Can't resolve 'lodash' in '/srv/shop/src'",
                "webpack: Could not resolve 'lodash'",
                "webpack error",
            ),
            Sample(
                'x [ERROR] Could not resolve "left-pad"\n\n    src/m.js:3:20:',
                "esbuild: Could not resolve 'left-pad'",
                "esbuild error",
                ("m.js",),
            ),
        ),
    ),
    Extractor(
        name="next's type error",
        words=("Type error: ",),
        find=_type_error,
        samples=(
            Sample(
                "Failed to compile.\n\n./src/app/page.tsx:12:5\n"
                "Type error: Property 'sum' does not exist on type 'Cart'.",
                "compile error: Property 'sum' does not exist on type 'Cart'.",
                "compile error",
                ("page.tsx",),
            ),
        ),
    ),
)
