"""C and C++ that aborted, Perl, PHP and Elixir."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import Extractor, Found, Sample, ahead, by_pattern
from lokid.frames import base_of

_ABORTED = re.compile(
    r"(?P<program>\S+): (?P<file>[^\s:]+):\d+: (?:.*[\s*&])"
    r"?(?P<function>\w+)(?:\(.*\))?: Assertion [`'](?P<said>.+)' failed\."
)
_SANITIZER = re.compile(
    r"==\d+==\s?ERROR: (?P<tool>\w+Sanitizer): (?P<said>[\w -]+?)(?: on | \(|:|$)"
)


def _assertion(lines: Sequence[str], at: int) -> Found | None:
    """A C program's assertion."""
    found = _ABORTED.match(lines[at].strip())
    if found is None:
        return None
    return Found(
        f"Aborted: Assertion {found['said']} failed",
        (f"{base_of(found['file'])}:{found['function']}",),
    )


_TERMINATED = re.compile(
    r"(?:terminate called after throwing an instance of"
    r"|libc\+\+abi: terminating due to "
    r"uncaught exception of type) '?(?P<name>[\w:]+)'?(?:: (?P<said>.+))?"
)
_WHAT = ahead(r"\s+what\(\):\s+(?P<said>.+)")


def _terminated(lines: Sequence[str], at: int) -> Found | None:
    """An exception of C++ that nobody caught."""
    found = _TERMINATED.match(lines[at].strip())
    if found is None:
        return None
    what = _WHAT(lines, at, 2)
    said = found["said"] or (what["said"] if what else "")
    return Found(f"{found['name']}: {said}" if said else found["name"])


_NO_MODULE = re.compile(r"Can't locate (?P<what>\S+)\.pm in @INC")
_NO_SYNTAX = re.compile(
    r"(?P<said>syntax error) at (?P<file>\S+) line \d+(?P<near>, near \S.*)?"
)


def _perl(lines: Sequence[str], at: int) -> Found | None:
    """A module that is not there, or what perl cannot read."""
    text = lines[at].strip()
    if found := _NO_MODULE.match(text):
        return Found(f"perl: Can't locate {found['what'].replace('/', '::')}")
    wrong = _NO_SYNTAX.match(text)
    if wrong is None:
        return None
    return Found(f"perl: syntax error{wrong['near'] or ''}", (base_of(wrong["file"]),))


EXTRACTORS = (
    Extractor(
        name="R",
        words=("Error in ",),
        find=by_pattern(
            r"Error in (?P<call>[\w.:]+)\(.*?\) ?: (?P<said>\S.*)", "R: {call}: {said}"
        ),
        samples=(
            Sample(
                "Error in library(till) : there is no package called 'till'\n"
                "Execution halted",
                "R: library: there is no package called 'till'",
                "R",
            ),
        ),
    ),
    Extractor(
        name="lua",
        words=("lua: ", "luajit: "),
        find=by_pattern(
            r"lua(?:jit)?[\d.]*: (?P<file>[^\s:]+):\d+: (?P<said>.+)",
            "lua: {said}",
            "{file}",
        ),
        samples=(
            Sample(
                "lua: till.lua:3: attempt to index a nil value (global 'till')\n"
                "stack traceback:\n\ttill.lua:3: in main chunk",
                "lua: attempt to index a nil value (global 'till')",
                "lua error",
                ("till.lua",),
            ),
        ),
    ),
    Extractor(
        name="uncaught in C++",
        words=("terminate called after", "terminating due to"),
        find=_terminated,
        samples=(
            Sample(
                "terminate called after throwing an instance of 'std::out_of_range'\n"
                "  what():  map::at\nAborted (core dumped)",
                "std::out_of_range: map::at",
                "out_of_range",
            ),
        ),
    ),
    Extractor(
        name="perl",
        words=("Can't locate ", "syntax error at "),
        find=_perl,
        samples=(
            Sample(
                "Can't locate Shop/Till.pm in @INC (you may need to install it)",
                "perl: Can't locate Shop::Till",
                "perl error",
            ),
            Sample(
                'syntax error at /srv/till.pl line 3, near "}"',
                'perl: syntax error, near "}"',
                "perl error",
                ("till.pl",),
            ),
        ),
    ),
    Extractor(
        name="php",
        words=("Parse error: ",),
        find=by_pattern(
            r"(?:PHP )?(?P<said>Parse error: .+) in (?P<file>\S+?)(?::\d+"
            r"| on line \d+)",
            "php: {said}",
            "{file}",
        ),
        samples=(
            Sample(
                'PHP Parse error:  syntax error, unexpected token "}" in '
                "/srv/Till.php on line 3",
                'php: Parse error: syntax error, unexpected token "}"',
                "php error",
                ("Till.php",),
            ),
        ),
    ),
    Extractor(
        name="assertion in C",
        words=("Assertion ",),
        find=_assertion,
        samples=(
            Sample(
                "till: src/cart.c:12: total: Assertion `sum > 0' failed.\nAborted "
                "(core dumped)",
                "Aborted: Assertion sum ) {n} failed",
                "exit 134",
                ("cart.c:total",),
            ),
        ),
    ),
    Extractor(
        name="elixir",
        words=("** (",),
        find=by_pattern(
            r"\*\* \((?P<name>[A-Z][\w.]*)\) (?:(?P<file>\S+\.exs?):\d+: )"
            r"?(?P<said>.+)",
            "{name}: {said}",
            "{file}",
        ),
        samples=(
            Sample(
                "** (CompileError) lib/cart.ex:3: undefined function sum/0",
                "CompileError: undefined function {path}",
                "CompileError",
                ("cart.ex",),
            ),
        ),
    ),
    Extractor(
        name="sanitizer",
        words=("Sanitizer: ",),
        find=lambda lines, at: (
            (found := _SANITIZER.match(lines[at].strip()))
            and Found(f"{found['tool']}: {found['said']}", stack=True)
        ),
        samples=(
            Sample(
                "==123==ERROR: AddressSanitizer: heap-use-after-free on address 0x60\n"
                "READ of size 4 at 0x602 thread T0\n"
                "    #0 0x401 in total /srv/shop/cart.c:12:3",
                "AddressSanitizer: heap-use-after-free",
                "heap-use-after-free",
                ("cart.c:total",),
            ),
        ),
    ),
)
