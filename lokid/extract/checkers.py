"""Type checkers and linters: mypy, pyright, ruff, flake8, pylint, eslint and others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import SUM, Extractor, Found, Sample, by_pattern
from lokid.frames import base_of

_MYPY = re.compile(
    r"(?P<file>\S+\.pyi?):\d+(?::\d+)?: error: (?P<said>.+?)"
    r"(?:\s+\[(?P<code>[\w-]+)\])?$"
)
_PYRIGHT = re.compile(
    r"\s*(?P<file>\S+\.pyi?):\d+:\d+ - error: (?P<said>.+?)(?: "
    r"\((?P<code>report\w+)\))?$"
)
_CODED = re.compile(
    r"(?P<file>\S+\.pyi?):\d+:\d+:? (?P<code>[A-Z]{1,4}\d{3,5}):? "
    r"(?:\[\*\] )?(?P<said>.+)"
)
_RUFF = re.compile(
    r"(?P<code>[A-Z]{1,4}\d{3,5}|invalid-syntax):? (?:\[\*\] )?(?P<said>\S.*)"
)
_ARROW = re.compile(r"\s*--> (?P<file>\S+?\.pyi?):\d+:\d+$")
_ESLINT = re.compile(
    r"\s+\d+:\d+\s+error\s+(?P<said>.+?)(?:\s{2,}(?P<rule>@?[\w/-]+))?$"
)
_ESLINT_FILE = re.compile(
    r"(?P<file>(?:/|[A-Za-z]:\\|\.)?\S+\.(?:[cm]?[jt]sx?|vue|svelte|ya?ml|css|scss))$"
)
_GOLANGCI = re.compile(
    r"(?P<file>\S+\.go):\d+:\d+: (?P<said>.+) \((?P<rule>[a-z]\w+)\)$"
)
_SHELLCHECK = re.compile(
    r"\S.*(?:\^-+\^?)? (?P<code>SC\d{4}) \((?:error|warning)\): (?P<said>.+)"
)


def _mypy(lines: Sequence[str], at: int) -> Found | None:
    """Mypy's errors, and pyright's."""
    if found := _MYPY.match(lines[at].strip()):
        tool = "mypy"
    elif found := _PYRIGHT.match(lines[at]):
        tool = "pyright"
    else:
        return None
    code = f" [{found['code']}]" if found["code"] else ""
    return Found(f"{tool}: {found['said']}{code}", (base_of(found["file"]),))


def _coded(lines: Sequence[str], at: int) -> Found | None:
    """``cart.py:3:1: F401 ...`` of ruff, flake8 and pylint."""
    if found := _CODED.match(lines[at].strip()):
        return Found(f"{found['code']}: {found['said']}", (base_of(found["file"]),))
    where = _ARROW.match(lines[at])
    found = _RUFF.match(lines[at - 1]) if where and at else None
    if found is None or where is None:
        return None
    told = f"{found['code']}: {found['said']}"
    return Found(told, (base_of(where["file"]),), at=at - 1)


def _eslint(lines: Sequence[str], at: int) -> Found | None:
    """An error of eslint; its file stands above all of the file's errors."""
    found = _ESLINT.match(lines[at])
    if found is None:
        return None
    above = (_ESLINT_FILE.match(line) for line in reversed(lines[max(0, at - 60) : at]))
    file = next((base_of(one["file"]) for one in above if one), "")
    rule = f" ({found['rule'].replace('/', '.')})" if found["rule"] else ""
    tool = "yamllint" if file.endswith((".yml", ".yaml")) else "eslint"
    tool = "stylelint" if file.endswith((".css", ".scss")) else tool
    return Found(f"{tool}: {found['said']}{rule}", (file,) if file else ())


def _golangci(lines: Sequence[str], at: int) -> Found | None:
    """golangci-lint names the linter at the end."""
    found = _GOLANGCI.match(lines[at].strip())
    if found is None:
        return None
    return Found(
        f"golangci-lint: {found['said']} ({found['rule']})", (base_of(found["file"]),)
    )


_STYLE = re.compile(
    r"(?P<black>[Ww]ould reformat):? (?P<file>\S+\.\w+)"
    r"|\[warn\] (?P<prettier>Code style issues).*"
    r"|(?P<rustfmt>Diff in) (?P<file2>\S+\.rs)\b.*"
)
_WARNED = re.compile(r"\[warn\] (?P<file>\S+\.\w+)$")


def _style(lines: Sequence[str], at: int) -> Found | None:
    """A formatter that would have it otherwise, and the file."""
    found = _STYLE.match(lines[at].strip())
    if found is None:
        return None
    file = found["file"] or found["file2"]
    if found["prettier"] and (warned := _WARNED.match(lines[at - 1].strip())):
        file = warned["file"]
    ruff = found["black"] and found["black"][0] == "W"
    tool = "rustfmt" if found["rustfmt"] else "ruff" if ruff else "black"
    tool = "prettier" if found["prettier"] else tool
    places = (base_of(file),) if file else ()
    return Found(f"{tool}: would be formatted otherwise", places)


EXTRACTORS = (
    Extractor(
        name="coverage",
        words=("coverage",),
        find=by_pattern(
            r"(?:FAIL |ERROR: |Jest: )*(?P<said>Required test coverage of \S+ "
            r"not reached"
            r"|\"\w+\" coverage threshold for \w+ \(\S+\) not met"
            r"|Coverage for \w+ \(\S+\) does not meet \S* ?threshold).*",
            "coverage: {said}",
        ),
        samples=(
            Sample(
                "FAIL Required test coverage of 90% "
                "not reached. Total coverage: 71.20%",
                "coverage: Required test coverage of {n}% not reached",
                "coverage error",
            ),
        ),
    ),
    Extractor(
        name="eslint itself",
        words=("ESLint couldn't", "No files matching"),
        find=by_pattern(
            r"(?P<said>ESLint couldn't .+|No files matching the pattern .+)",
            "eslint: {said}",
        ),
        samples=(
            Sample(
                "Oops! Something went wrong! :(\n\nESLint: 9.39.5\n\n"
                "ESLint couldn't find an eslint.config.(js|mjs|cjs) file.",
                "eslint: ESLint couldn't find an eslint.config.(js|mjs|cjs) file.",
                "eslint error",
            ),
        ),
    ),
    Extractor(
        name="mypy",
        words=("error: ",),
        find=_mypy,
        cascade="mypy",
        samples=(
            Sample(
                "shop/cart.py:12: error: Incompatible return value type "
                '(got "int", expected "str")  [return-value]\n'
                "Found 1 error in 1 file (checked 3 source files)",
                'mypy: Incompatible return value type (got "int", expected "str") '
                "[return-value]",
                "return-value",
                ("cart.py",),
            ),
        ),
    ),
    Extractor(
        name="ruff",
        words=(".py:", "--> "),
        find=_coded,
        cascade="ruff",
        samples=(
            Sample(
                "shop/cart.py:3:1: F401 [*] `os` imported but unused\nFound 1 error.",
                "F401: 'os' imported but unused",
                "F401",
                ("cart.py",),
            ),
            Sample(
                "F401 [*] `os` imported but unused\n --> shop/cart.py:3:8\n  |",
                "F401: 'os' imported but unused",
                "F401",
                ("cart.py",),
            ),
        ),
    ),
    Extractor(
        name="eslint",
        words=(" error  ", "\u2716  "),
        find=_eslint,
        cascade="eslint",
        samples=(
            Sample(
                "/srv/shop/src/cart.js\n"
                "  3:10  error  'sum' is assigned a value but never used  "
                "no-unused-vars\n\n"
                "\u2716 1 problem (1 error, 0 warnings)",
                "eslint: 'sum' is assigned a value but never used (no-unused-vars)",
                "no-unused-vars",
                ("cart.js",),
            ),
        ),
    ),
    Extractor(
        name="golangci-lint",
        words=(".go:",),
        find=_golangci,
        cascade="golangci",
        samples=(
            Sample(
                "cart/cart.go:3:9: Error return value is not checked (errcheck)",
                "golangci-lint: Error return value is not checked (errcheck)",
                "errcheck",
                ("cart.go",),
            ),
        ),
    ),
    Extractor(
        name="shellcheck",
        words=("SC1", "SC2"),
        find=by_pattern(_SHELLCHECK.pattern, "{code}: {said}"),
        cascade="shellcheck",
        samples=(
            Sample(
                "  ^-- SC2086 (warning): Double quote to prevent globbing.",
                "SC2086: Double quote to prevent globbing.",
                "SC2086",
            ),
        ),
    ),
    Extractor(
        name="formatter",
        words=("would reformat ", "Would reformat", "Code style issues", "Diff in "),
        find=_style,
        rank=SUM,
        samples=(
            Sample(
                "would reformat /srv/shop/cart.py",
                "black: would be formatted otherwise",
                "black error",
                ("cart.py",),
            ),
        ),
    ),
)
