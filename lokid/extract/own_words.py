"""Tools that say neither their name nor "error" in the line that names the cause.

Each is known by its own words (``Hunk #1 FAILED at 3.``), or by the help that it
points to (``See 'kubectl get --help'``), and named in the line that is stored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import SUM, Extractor, Found, Sample, by_pattern
from lokid.frames import base_of

_SAID = re.compile(
    r"(?:Error|error|ERROR): (?P<said>(?!usage: )\S.*)"
    r"|(?P<flag>unknown (?:shorthand )?(?:flag|command)\b.+)"
)
_HELP = re.compile(
    r"(?:See|Run|Try|see|run|try) ['\"`](?P<tool>[\w./-]+)(?: [\w.:-]+){0,6}? "
    r"(?:--help|-h|--usage)\b"
)
_USAGE = re.compile(
    r"[Uu]sage: +(?:\S*python[\d.]* -m )?(?P<tool>[\w./-]+)(?= |$)(?!: error)"
)
_NEAR = 6
_WORDLESS = frozenset({"python", "python3", "node", "npx", "sh", "bash"})


def _pointed(lines: Sequence[str], at: int) -> Found | None:
    """A complaint beside the help or the usage that names its tool."""
    found = _SAID.match(lines[at].strip())
    if found is None:
        return None
    near = lines[max(0, at - _NEAR) : at + _NEAR]
    for shape in (_HELP, _USAGE):
        named = next(filter(None, (shape.match(line.strip()) for line in near)), None)
        if named and (tool := base_of(named["tool"])) not in _WORDLESS:
            return Found(f"{tool}: {found['said'] or found['flag']}")
    return None


def _thrown(lines: Sequence[str], at: int) -> Found | None:
    """What node says of a thrown value that is no Error: the line above."""
    hint = lines[at].startswith("(Use `node --trace-uncaught")
    above = lines[at - 1].strip() if at and hint else ""
    return Found(f"node: {above}", at=at - 1) if above else None


def _cycle(lines: Sequence[str], at: int) -> Found | None:
    """Go's import cycle, with the package that closes it."""
    found = re.match(r"\s+imports (?P<what>\S+): import cycle not allowed", lines[at])
    if found is None:
        return None
    return Found(f"go: import cycle not allowed: {base_of(found['what'])}")


EXTRACTORS = (
    Extractor(
        name="tool that points to its help",
        words=("Error: ", "error: ", "ERROR: ", "unknown "),
        find=_pointed,
        samples=(
            Sample(
                "Usage: flask run [OPTIONS]\nTry 'flask run --help' for help.\n\n"
                "Error: No such option: --till",
                "flask: No such option: --till",
                "flask error",
            ),
            Sample(
                "Error: unknown flag: --till\nSee 'kubectl get --help' for usage.",
                "kubectl: unknown flag: --till",
                "kubectl error",
            ),
            Sample(
                "unknown shorthand flag: 'z' in -z\n\nUsage:  docker [OPTIONS]\n",
                "docker: unknown shorthand flag: 'z' in -z",
                "docker error",
            ),
        ),
    ),
    Extractor(
        name="option that curl does not know",
        words=("curl: option",),
        find=by_pattern(r"curl: (?P<said>option .+)", "curl: {said}"),
        samples=(
            Sample(
                "curl: option --till: is unknown",
                "curl: option --till: is unknown",
                "curl error",
            ),
        ),
    ),
    Extractor(
        name="patch",
        words=("hunk FAILED", "hunks FAILED"),
        find=by_pattern(
            r"(?:\d+ out of \d+ hunks? (?P<said>FAILED) -- saving rejects to (?:file )?"
            r"(?P<file>\S+?)\.rej)",
            "patch: {said} {file}",
            "{file}",
        ),
        samples=(
            Sample(
                "Hunk #1 FAILED at 3.\n"
                "1 out of 1 hunk FAILED -- saving rejects to file src/cart.py.rej",
                "patch: FAILED cart.py",
                "patch error",
                ("cart.py",),
            ),
        ),
    ),
    Extractor(
        name="git says what is missing",
        words=("no tracking information",),
        find=by_pattern(
            r"There is (?P<said>no tracking information for the current branch)\.",
            "git: {said}",
        ),
        rank=SUM,
        samples=(
            Sample(
                "There is no tracking information for the current branch.\n"
                "Please specify which branch you want to merge with.",
                "git: no tracking information for the current branch",
                "git error",
            ),
        ),
    ),
    Extractor(
        name="nginx",
        words=("nginx: [",),
        find=by_pattern(
            r"nginx: \[(?:emerg|alert|crit)\] (?P<said>.+?)"
            r"(?: in (?P<file>\S+?):\d+)?$",
            "nginx: {said}",
            "{file}",
        ),
        samples=(
            Sample(
                'nginx: [emerg] unknown directive "till" in /etc/nginx/till.conf:3',
                'nginx: unknown directive "till"',
                "nginx error",
                ("till.conf",),
            ),
        ),
    ),
    Extractor(
        name="value that node was thrown",
        words=("(Use `node --trace-uncaught",),
        find=_thrown,
        samples=(
            Sample(
                "/srv/cart.js:3\nthrow 'no till';\n^\nno till\n"
                "(Use `node --trace-uncaught ...` to show where the exception was "
                "thrown)",
                "node: no till",
                "node error",
            ),
        ),
    ),
    Extractor(
        name="go import cycle",
        words=("import cycle not allowed",),
        find=_cycle,
        samples=(
            Sample(
                "package shop\n\timports shop/till\n"
                "\timports shop/cart: import cycle not allowed",
                "go: import cycle not allowed: cart",
                "go error",
            ),
        ),
    ),
    Extractor(
        name="cargo's own",
        words=(
            "error: the package ",
            "error: no ",
            "error: could not find `Cargo",
        ),
        find=by_pattern(
            r"error: (?P<said>the package .+ does not contain this feature.*"
            r"|no (?:bin|example|test|bench) target named .+"
            r"|no such command: .+|could not find `Cargo\.toml`).*",
            "cargo: {said}",
        ),
        samples=(
            Sample(
                "error: the package 'till' does not contain this feature: fast",
                "cargo: the package 'till' does not contain this feature: fast",
                "cargo error",
            ),
        ),
    ),
    Extractor(
        name="sqlite3 statement",
        words=("Error: stepping", "Error: in prepare"),
        find=by_pattern(
            r"(?:Runtime )?Error: (?:stepping|in prepare), (?P<said>.+?)(?: \(\d+\))?$",
            "sqlite3: {said}",
        ),
        samples=(
            Sample(
                "Error: stepping, UNIQUE constraint failed: tills.id (19)",
                "sqlite3: UNIQUE constraint failed: tills.id",
                "sqlite3 error",
            ),
        ),
    ),
    Extractor(
        name="management command",
        words=("Unknown command: '",),
        find=by_pattern(
            r"Unknown command: (?P<said>'[\w-]+')(?:\. Did you mean .*)?$",
            "manage.py: Unknown command: {said}",
        ),
        samples=(
            Sample(
                "Unknown command: 'tills'\nType 'manage.py help' for usage.",
                "manage.py: Unknown command: 'tills'",
                "manage.py error",
            ),
        ),
    ),
    Extractor(
        name="hook before a commit",
        words=("- hook id: ",),
        find=by_pattern(r"- hook id: (?P<said>\S+)$", "pre-commit: {said}"),
        rank=SUM,
        samples=(
            Sample(
                "trim trailing whitespace...........................Failed\n"
                "- hook id: trailing-whitespace\n- exit code: 1",
                "pre-commit: trailing-whitespace",
                "pre-commit error",
            ),
        ),
    ),
)
