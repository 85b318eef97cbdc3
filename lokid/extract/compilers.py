"""Compilers and linkers that write ``file:line: error: ...``, and ``javac``.

gcc, clang, swiftc, javac and kotlinc say it alike.  The line of ours begins
with ``compile error:`` or ``link error:``; gcc's flag in square brackets, where
there is one, is the family.
"""

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
from lokid.frames import base_of

_COMPILED = re.compile(
    r"(?P<file>[^\s:(]+\.\w+):\d+(?::\d+)?: (?:fatal )?error: (?P<said>.+)"
)
_NOT_HERE = re.compile(r"\.(?:pyi?|go)$")
_JAVA_SYMBOL = ahead(r"\s+symbol:\s+(?P<symbol>.+)")
_MAVEN = re.compile(
    r"\[ERROR\] (?P<file>\S+\.(?:java|kt"
    r"|scala)):\[?\d+[,:]\d+\]? (?:error: )?(?P<said>.+)"
)
_MAVEN_SYMBOL = ahead(r"\[ERROR\]\s+symbol:\s+(?P<symbol>.+)")
_KOTLIN = re.compile(
    r"e: (?:file://)?(?P<file>\S+?\.kts?):\s?\(?\d+[:,] ?\d+\)?:? (?P<said>.+)"
)
_SCALA = re.compile(r"\[error\] (?P<file>\S+\.scala):\d+(?::\d+)?: (?P<said>.+)")
_MESON = re.compile(r"(?P<file>\S*meson\.build):\d+:\d+: ERROR: (?P<said>.+)")
_HAS_CODE = re.compile(r"\berror [A-Z]{1,4}\d+\s?:")
_CODED = re.compile(
    r"(?:(?:(?P<file>[^\s(][^(]*)\(\d+(?:,\d+)?\)|[\w.]+)\s?: )?(?:fatal )?error "
    r"(?P<code>[A-Z]{1,4}\d+)\s?: (?P<said>.+?)(?: \[[^\]]*proj\])?$"
)


def _compiler(lines: Sequence[str], at: int) -> Found | None:
    """``cart.c:3:9: error: ...``; javac's symbol stands some lines below."""
    text = lines[at].strip()
    shapes = (_COMPILED, _MAVEN, _KOTLIN, _SCALA, _MESON)
    found = next(filter(None, (shape.match(text) for shape in shapes)), None)
    if found is None or _NOT_HERE.search(found["file"]):
        return None
    said = found["said"]
    if said.endswith("cannot find symbol"):
        symbol = _JAVA_SYMBOL(lines, at, 5) or _MAVEN_SYMBOL(lines, at, 3)
        said = f"{said}: {symbol['symbol']}" if symbol else said
    return Found(f"compile error: {said}", (base_of(found["file"]),))


def _coded(lines: Sequence[str], at: int) -> Found | None:
    """``cart.cs(3,9): error CS0103: ...``, ``LINK : error LNK2019: ...``."""
    text = lines[at].strip()
    found = _CODED.match(text) if _HAS_CODE.search(text) else None
    if found is None:
        return None
    where = (base_of(found["file"]),) if found["file"] else ()
    return Found(f"{found['code']}: {found['said']}", where)


EXTRACTORS = (
    Extractor(
        name="compiler",
        words=("error: ", "[ERROR] ", "e: file", "e: /", "[error] ", "ERROR: "),
        find=_compiler,
        cascade="compiler",
        samples=(
            Sample(
                "src/m.c:3:9: error: unknown type name 'cart'\n"
                "src/m.c:7:1: error: expected ';' before 'sum'\n"
                "make: *** [Makefile:9: m.o] Error 1",
                "compile error: unknown type name 'cart'",
                "compile error",
                ("m.c",),
            ),
            Sample(
                "src/m.c:3:9: error: implicit declaration of function 'sum' "
                "[-Werror=implicit-function-declaration]",
                "compile error: implicit declaration of function 'sum' "
                "[-Werror=implicit-function-declaration]",
                "implicit-function-declaration",
                ("m.c",),
            ),
            Sample(
                "src/m.cpp:1:10: fatal error: shop/cart.hpp: No such file or directory",
                "compile error: cart.hpp: No such file or directory",
                "compile error",
                ("m.cpp",),
            ),
            Sample(
                "src/Cart.java:7: error: cannot find symbol\n"
                "        till.open();\n        ^\n"
                "  symbol:   variable till\n  location: class Cart\n1 error",
                "compile error: cannot find symbol: variable till",
                "compile error",
                ("Cart.java",),
            ),
            Sample(
                "[ERROR] COMPILATION ERROR : \n"
                "[ERROR] /srv/shop/src/Cart.java:[7,9] cannot find symbol\n"
                "[ERROR]   symbol:   variable till\n",
                "compile error: cannot find symbol: variable till",
                "compile error",
                ("Cart.java",),
            ),
            Sample(
                "e: file:///srv/shop/Cart.kt:7:9 Unresolved reference: till",
                "compile error: Unresolved reference: till",
                "compile error",
                ("Cart.kt",),
            ),
        ),
    ),
    Extractor(
        name="compiler with a code",
        words=("error ",),
        find=_coded,
        cascade="coded",
        samples=(
            Sample(
                "/srv/shop/Cart.cs(3,9): error CS0103: The name 'sum' does not exist "
                "in the current context [/srv/shop/shop.csproj]",
                "CS0103: The name 'sum' does not exist in the current context",
                "CS0103",
                ("Cart.cs",),
            ),
        ),
    ),
    Extractor(
        name="compiler without input",
        words=("fatal error: ",),
        find=by_pattern(
            r"(?P<tool>cc1\w*|gcc|g\+\+"
            r"|clang(?:\+\+)?)(?:-\d+)?: (?:fatal )?error: (?P<said>.+)",
            "gcc: {said}",
        ),
        samples=(
            Sample(
                "cc1: fatal error: src/cart.c: No such file or directory\n"
                "compilation terminated.",
                "gcc: cart.c: No such file or directory",
                "ENOENT",
            ),
        ),
    ),
    Extractor(
        name="compiler's end",
        words=("COMPILATION ERROR", "Compilation failed", "ompilation terminated"),
        find=by_pattern(
            r"(?:\[ERROR\] )?(?P<said>COMPILATION ERROR|Compilation failed\b.*"
            r"|compilation terminated)",
            "compile error: {said}",
        ),
        rank=ECHO,
        samples=(
            Sample(
                "compilation terminated.",
                "compile error: compilation terminated",
                "compile error",
            ),
        ),
    ),
)
