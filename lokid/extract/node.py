"""JavaScript and TypeScript: modules, system errors, tsc, bundlers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import (
    CAUSE,
    ECHO,
    Extractor,
    Found,
    Sample,
    ahead,
    by_pattern,
)
from lokid.frames import base_of

_MISSING = re.compile(
    r"(?:(?:Uncaught )?(?:Error|error|ResolveMessage)(?: \[(?P<code>\w+)\])?: )?"
    r"(?P<said>Cannot find (?:module|package) ['\"](?P<what>[^'\"]+)['\"])"
    r"(?: (?:imported )?from ['\"]?(?P<file>[^\s'\"]+))?"
)
_NEEDED_BY = ahead(r"- (?P<file>\S+)")
_CODED = re.compile(
    r"(?:Uncaught |Unhandled )?(?:\w*Error)(?: \[(?P<own>[A-Z][A-Z_0-9]+)\])?: "
    r"(?:(?P<call>[a-z]+) )?(?P<code>E[A-Z_]{3,20})\b:? ?(?P<said>.*)"
)
_OWN = re.compile(r"(?:Uncaught )?Error \[(?P<code>[A-Z][A-Z_0-9]+)\]: (?P<said>.+)")
_RESOLVE = re.compile(
    r"(?:Module not found: )(?:Error: )?Can't resolve '(?P<what>[^']+)'(?: in '.*')?"
)
_UNRESOLVED = re.compile(
    r"(?:\S+ )?\[?(?:ERROR|plugin|error|vite\S*)\S* ?(?:Rollup |rollup )?"
    r"(?:Could not resolve|[Ff]ailed to resolve import) "
    r"\"(?P<what>[^\"]+)\"(?: from \"(?P<file>[^\"]+)\")?"
)
_LOCATION = ahead(r"\s+(?P<file>[^\s:]+\.\w+):\d+:\d+:?$")
_TYPE_ERROR = re.compile(r"Type error: (?P<said>.+)")
_ABOVE = re.compile(r"(?P<file>\S+\.\w+):\d+:\d+$")
_TSC = re.compile(
    r"(?:(?P<file>[^\s(][^(]*?)(?:\(\d+,\d+\)|:\d+:\d+))?(?: - |: )?"
    r"error (?P<code>TS\d+): (?P<said>.+)"
)
_ON_THE_NET = {
    "EADDRINUSE": "address already in use",
    "ECONNREFUSED": "connection refused",
    "ECONNRESET": "connection reset",
    "EAI_AGAIN": "host not found",
    "ENOTFOUND": "host not found",
    "EHOSTUNREACH": "host unreachable",
    "ETIMEDOUT": "timed out",
}
"""What a call on the network failed of; which host it was is nobody's business."""


def local(name: str) -> str:
    """A module as it is named; of a file only the last part of its path."""
    if re.match(r"\.{0,2}/|[A-Za-z]:\\", name):
        return base_of(name)
    return name


def _missing_module(lines: Sequence[str], at: int) -> Found | None:
    """A module that cannot be found, and the first file that wants it."""
    found = _MISSING.match(lines[at].strip())
    if found is None:
        return None
    code = found["code"] or "MODULE_NOT_FOUND"
    kind = found["said"].split(" '")[0].split(' "')[0]
    needed = _NEEDED_BY(lines, at, 4)
    by = found["file"] or (needed["file"] if needed else "")
    told = f"{code}: {kind} '{local(found['what'])}'"
    return Found(told, (base_of(by),) if by else (), stack=not by)


def _system_error(lines: Sequence[str], at: int) -> Found | None:
    """``Error: listen EADDRINUSE: address already in use``."""
    found = _CODED.match(lines[at].strip())
    if found is None:
        return None
    if found["code"] in _ON_THE_NET:
        return Found(f"{found['code']}: {_ON_THE_NET[found['code']]}", stack=True)
    said = f"{found['call']} {found['said']}" if found["call"] else found["said"]
    return Found(f"{found['code']}: {said.strip()}", stack=True)


def _own_code(lines: Sequence[str], at: int) -> Found | None:
    """``Error [ERR_REQUIRE_ESM]: ...``: the code says more than the class."""
    found = _OWN.match(lines[at].strip())
    return found and Found(f"{found['code']}: {found['said']}", stack=True)


def _tsc(lines: Sequence[str], at: int) -> Found | None:
    """tsc's errors, plain and pretty."""
    found = _TSC.match(lines[at].strip())
    if found is None:
        return None
    file = found["file"]
    return Found(f"{found['code']}: {found['said']}", (base_of(file),) if file else ())


def _bundler(lines: Sequence[str], at: int) -> Found | None:
    """webpack, vite and esbuild: an import that leads nowhere."""
    text = lines[at].strip()
    found = _RESOLVE.search(text) or _UNRESOLVED.match(text)
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
    if "vite" in text or any("vite" in line for line in lines[max(0, at - 12) : at]):
        return "vite"
    if "[ERROR]" in text:
        return "esbuild"
    return "webpack" if "Can't resolve" in text else "rollup"


EXTRACTORS = (
    Extractor(
        name="missing module",
        words=("Cannot find module", "Cannot find package"),
        find=_missing_module,
        samples=(
            Sample(
                "Error: Cannot find module 'express'\n"
                "Require stack:\n"
                "- /srv/shop/index.js\n"
                "    at Module._resolveFilename (node:internal/modules/cjs/loader:1)",
                "MODULE_NOT_FOUND: Cannot find module 'express'",
                "MODULE_NOT_FOUND",
                ("index.js",),
            ),
            Sample(
                "Error [ERR_MODULE_NOT_FOUND]: Cannot find package '@shop/ui' "
                "imported from /srv/shop/index.mjs",
                "ERR_MODULE_NOT_FOUND: Cannot find package '@shop/ui'",
                "ERR_MODULE_NOT_FOUND",
                ("index.mjs",),
            ),
            Sample(
                "Error: Cannot find module './lib/price'\n"
                "Require stack:\n"
                "- /srv/shop/cart.js",
                "MODULE_NOT_FOUND: Cannot find module 'price'",
                "MODULE_NOT_FOUND",
                ("cart.js",),
            ),
        ),
    ),
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
        name="system error",
        words=("rror: ",),
        find=_system_error,
        samples=(
            Sample(
                "Error: listen EADDRINUSE: address already in use :::3000\n"
                "    at Server.setupListenHandle [as _listen2] (node:net:1908:16)",
                "EADDRINUSE: address already in use",
                "EADDRINUSE",
            ),
            Sample(
                "Error: ENOENT: no such file or directory, open '/srv/conf/till.json'\n"
                "    at read (/srv/shop/till.js:3:9)",
                "ENOENT: no such file or directory, open 'till.json'",
                "ENOENT",
                ("till.js:read",),
            ),
        ),
    ),
    Extractor(
        name="error with its own code",
        words=("Error [",),
        find=_own_code,
        samples=(
            Sample(
                "Error [ERR_REQUIRE_ESM]: require() of ES Module not supported.\n"
                "    at load (/srv/shop/till.js:3:9)",
                "ERR_REQUIRE_ESM: require() of ES Module not supported.",
                "ERR_REQUIRE_ESM",
                ("till.js:load",),
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
    Extractor(
        name="unhandled rejection",
        words=("UnhandledPromiseRejection",),
        find=by_pattern(
            r"\[?UnhandledPromiseRejection(?:Warning)?: .*with the reason \"(?P<said>.*)\"\.\]?",
            "UnhandledPromiseRejection: {said}",
        ),
        samples=(
            Sample(
                "UnhandledPromiseRejection: This error originated either by throwing "
                "inside of an async function. The promise rejected with the reason "
                '"no price".',
                "UnhandledPromiseRejection: no price",
                "UnhandledPromiseRejection",
            ),
        ),
    ),
    Extractor(
        name="node out of memory",
        words=("heap out of memory",),
        find=by_pattern(
            r"FATAL ERROR: .*(?P<said>JavaScript heap out of memory)", "Aborted: {said}"
        ),
        rank=CAUSE,
        samples=(
            Sample(
                "FATAL ERROR: Reached heap limit Allocation failed - "
                "JavaScript heap out of memory",
                "Aborted: JavaScript heap out of memory",
                "exit 134",
            ),
        ),
    ),
    Extractor(
        name="script echo",
        words=("ELIFECYCLE", "ommand failed with exit"),
        find=by_pattern(
            r"(?:npm (?:error|ERR!) code )?(?P<code>ELIFECYCLE)(?P<said>\b.*)"
            r"|error (?P<yarn>Command failed with exit code \d+\.?)",
            "{code}{yarn}{said}",
        ),
        rank=ECHO,
        samples=(
            Sample(
                "error Command failed with exit code 1.",
                "Command failed with exit code 1.",
                None,
            ),
        ),
    ),
)
