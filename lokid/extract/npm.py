"""The package managers of JavaScript: npm, pnpm and yarn."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import (
    ECHO,
    Extractor,
    Found,
    Sample,
    ahead,
    by_pattern,
)

_NPM = r"(?:npm (?:error|ERR!) )"
_CODE = re.compile(rf"{_NPM}code (?P<code>\S+)$")
_BODY = re.compile(rf"{_NPM}(?P<said>.*)")
_CODES_OWN = re.compile(r"(?:[A-Z]{4,}|\d{3}|[a-z]{4,12}(?= [A-Z])) ")
_TELLING = (
    re.compile(r"(?P<said>peer \S+@\S+(?: .+)? from \S+)$"),
    re.compile(r"(?P<said>No matching version found for .+)"),
    re.compile(r"(?P<said>'\S+' is not in (?:this|the npm) registry).*"),
    re.compile(r".*?(?P<said>'\S+' (?:is not in this registry|could not be found)).*"),
    re.compile(r"(?P<said>Could not read package\.json).*"),
    re.compile(r"(?P<said>Missing: \S+ from lock file)"),
    re.compile(r".*(?P<said>integrity checksum failed).*"),
    re.compile(r"(?P<said>.*package\.json and package-lock\.json .*in sync).*"),
    re.compile(r"(?P<said>Unsupported engine.*|Not compatible with your version.*)"),
    re.compile(r"(?P<said>Invalid (?:package name|tag name|version).*)"),
)
_LONGEST = 300
_VAGUE = re.compile(
    r"(?:ERESOLVE )?(?:unable to resolve|could not resolve)|Found: |While resolving"
    r"|node_modules|Could not resolve dependency|Fix the upstream"
    r"|to accept|A complete log"
    r"|For a full report|request to |code |errno |syscall |path |network "
    r"|This is related|\s*$"
)
_SCRIPT = re.compile(rf"{_NPM}[Mm]issing script: [\"']?(?P<script>[\w:.-]+)[\"']?")
_COMMAND = re.compile(rf"{_NPM}command (?:failed|sh -c (?P<said>.+))")
_MISSING = ahead(r"(?P<what>\S+) is not in the npm registry")
_YARN = re.compile(r"error (?P<said>Couldn't find .+|Command \".+\" not found\.?)")
_PNPM = re.compile(r"\s*\[?(?P<code>ERR_PNPM_[A-Z0-9_]+)\]?:?\s+(?P<said>.+)")
_BERRY = re.compile(r".{0,3}\b(?P<code>YN\d{4}): (?:\S )?(?P<said>.+)")
_NO_FAULT = frozenset({"YN0000", "YN0002", "YN0007", "YN0008", "YN0013", "YN0019"})


def _npm(lines: Sequence[str], at: int) -> Found | None:
    """``npm error code ERESOLVE``, with the line below that names the packages."""
    found = _CODE.match(lines[at].strip())
    if found is None:
        return None
    code = found["code"]
    said = _npm_detail(lines, at)
    if code.isdigit():  # a script of a package ended so
        return Found(
            f"npm: exit code {code}: {said}" if said else "npm: a script failed",
            rank=ECHO,
        )
    if code == "ELIFECYCLE":
        return Found(f"{code}: {said}" if said else code, rank=ECHO)
    return Found(f"{code}: {said}" if said else code)


def _npm_detail(lines: Sequence[str], at: int) -> str:
    """What names the cause best in npm's lines around its code."""
    near = map(_BODY.match, map(str.strip, lines[max(0, at - 6) : at + 30]))
    said = dict.fromkeys(one["said"].strip()[:_LONGEST] for one in near if one)
    bodies = [_CODES_OWN.sub("", body, count=1) for body in said if body]
    code = lines[at].split()[-1]
    bodies = [body.strip().removeprefix(f"{code}: ") for body in bodies]
    bodies = [body for body in bodies if body != code]
    for telling in _TELLING:
        for body in bodies:
            if found := telling.match(body):
                return found["said"].rstrip(".")
    return next((body for body in bodies if not _VAGUE.match(body)), "")


def _pnpm(lines: Sequence[str], at: int) -> Found | None:
    """Pnpm's code; which package it wanted may stand below."""
    found = _PNPM.match(lines[at])
    if found is None:
        return None
    missing = _MISSING(lines, at, 5)
    told = f"{missing['what']} is not in the registry" if missing else found["said"]
    return Found(f"{found['code']}: {told}")


def _yarn(lines: Sequence[str], at: int) -> Found | None:
    """Old and new yarn."""
    text = lines[at].strip()
    if found := _YARN.match(text):
        return Found(f"yarn: {found['said'].rstrip('.')}")
    berry = _BERRY.match(text)
    if berry is None or berry["code"] in _NO_FAULT:
        return None
    return Found(f"{berry['code']}: {berry['said']}")


EXTRACTORS = (
    Extractor(
        name="npm",
        words=("npm error code ", "npm ERR! code "),
        find=_npm,
        samples=(
            Sample(
                "npm error code ERESOLVE\n"
                "npm error ERESOLVE unable to resolve dependency tree\n"
                "npm error While resolving: app@7.0.1\n"
                "npm error Could not resolve dependency:\n"
                'npm error peer till@"^3.0.0" from cart@158',
                'ERESOLVE: peer till@"^3.0.0" from cart@158',
                "ERESOLVE",
            ),
            Sample(
                "npm ERR! code E404\n"
                "npm ERR! 404 Not Found - GET https://registry.example.org/tilll\n"
                "npm ERR! 404 \n"
                "npm ERR! 404  'tilll@^1.0.0' is not in this registry.",
                "E404: 'tilll@^1.0.0' is not in this registry",
                "E404",
            ),
            Sample(
                "npm error code ETARGET\n"
                "npm error notarget No matching version found for till@9.9.9.",
                "ETARGET: No matching version found for till@9.9.9",
                "ETARGET",
            ),
            Sample(
                "npm error code ENOENT\nnpm error syscall open\n"
                "npm error path /srv/shop/package.json\nnpm error errno -2\n"
                "npm error enoent Could not read package.json: Error: ENOENT: no such "
                "file or directory, open '/srv/shop/package.json'",
                "ENOENT: Could not read package.json",
                "ENOENT",
            ),
            Sample(
                "npm ERR! code ELIFECYCLE\nnpm ERR! errno 1", "ELIFECYCLE", "ELIFECYCLE"
            ),
        ),
    ),
    Extractor(
        name="npm script",
        words=("issing script: ",),
        find=by_pattern(_SCRIPT.pattern, 'npm: Missing script: "{script}"'),
        samples=(
            Sample(
                'npm error Missing script: "lint"',
                'npm: Missing script: "lint"',
                "npm error",
            ),
        ),
    ),
    Extractor(
        name="npm command",
        words=("npm error command sh", "npm ERR! command sh"),
        find=by_pattern(_COMMAND.pattern, "npm: command failed: {said}"),
        rank=ECHO,
        samples=(
            Sample(
                "npm error command sh -c jest", "npm: command failed: jest", "npm error"
            ),
        ),
    ),
    Extractor(
        name="pnpm",
        words=("ERR_PNPM_",),
        find=_pnpm,
        samples=(
            Sample(
                " ERR_PNPM_NO_MATCHING_VERSION  No matching version found for "
                "till@9.9.9",
                "ERR_PNPM_NO_MATCHING_VERSION: No "
                "matching version found for till@9.9.9",
                "ERR_PNPM_NO_MATCHING_VERSION",
            ),
        ),
    ),
    Extractor(
        name="yarn",
        words=("YN0", "error Couldn't find", 'error Command "'),
        find=_yarn,
        samples=(
            Sample(
                "\u27a4 YN0035: \u2502 till@npm:^9: Package not found",
                "YN0035: till@^9: Package not found",
                "YN0035",
            ),
        ),
    ),
)
