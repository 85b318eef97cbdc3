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
    r"(?:Uncaught |Unhandled )?Error(?: \[(?P<own>[A-Z][A-Z_0-9]+)\])?: "
    r"(?:(?P<call>[a-z]+) )?(?P<code>E[A-Z_]{3,20})\b:? ?(?P<said>.*)"
)
_OWN = re.compile(r"(?:Uncaught )?Error \[(?P<code>[A-Z][A-Z_0-9]+)\]: (?P<said>.+)")
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
    known = "." in base_of(by)  # a script given on the command line has no file
    return Found(told, (base_of(by),) if known else (), stack=not by)


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
        name="unhandled rejection",
        words=("UnhandledPromiseRejection",),
        find=by_pattern(
            r"\[?UnhandledPromiseRejection(?:Warning)?: .*with the reason "
            r"\"(?P<said>.*)\"\.\]?",
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
