"""Rust: rustc, clippy, panics, tests and what cargo itself says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import (
    ECHO,
    SUM,
    Extractor,
    Found,
    Sample,
    ahead,
    by_pattern,
)
from lokid.frames import base_of, place

_CODED = re.compile(r"error\[(?P<code>E\d{4})\]: (?P<said>.+)")
_PLAIN = re.compile(r"error: (?P<said>\S.*)")
_ARROW = ahead(r"\s*--> (?P<file>[^:]+):\d+:\d+$")
_LINT = ahead(r"\s*= note: `(?:-D |#\[deny\()(?P<rule>[\w:-]+)")
_PANIC = re.compile(
    r"thread '(?P<thread>.*?)' (?:\(\d+\) )?panicked at "
    r"(?:'(?P<old>.*)', )?(?P<file>[^\s:']+\.rs):\d+:\d+:?$"
)
_BARE_PANIC = re.compile(r"thread '.*' (?:\(\d+\) )?panicked at (?P<said>.+)")
_CALM = re.compile(
    r"note: test did not panic as expected(?: at (?P<file>[^\s:]+\.rs):\d+:\d+)?$"
)
_STDOUT = re.compile(r"---- (?P<test>\S+) stdout ----$")
_EQUAL = re.compile(r"assertion (?:`left (?:==|!=) right` )?failed")
_REQUIREMENT = re.compile(r"`([\w-]+) = \"([^\"]+)\"`")
_NEEDS = ahead(
    r"\s*(?:\.\.\. )?(?:required by|which satisfies).*package `(?P<by>[^ `]+)"
)
_CARGO = re.compile(
    r"(?:error: )?(?P<said>failed to select a version for .+|no matching package .+"
    r"|no such (?:sub)?command: .+|could not find `Cargo\.toml`.*|package ID .+"
    r"|failed to parse manifest .+|no bin target named .+|no example target named .+"
    r"|no test target named .+|package `.+` cannot be built .+|the lock file .+"
    r"|failed to load manifest .+|failed to get `.+` as a dependency .*)"
)


def _coded(lines: Sequence[str], at: int) -> Found | None:
    """``error[E0382]: borrow of moved value`` and its file."""
    found = _CODED.match(lines[at].strip())
    if found is None:
        return None
    where = _ARROW(lines, at, 3)
    places = (base_of(where["file"]),) if where else ()
    return Found(f"{found['code']}: {found['said']}", places)


def _uncoded(lines: Sequence[str], at: int) -> Found | None:
    """``error: expected one of ...``: only with an arrow below is it rustc's."""
    found = _PLAIN.match(lines[at])
    where = _ARROW(lines, at, 3) if found else None
    if found is None or where is None:
        return None
    if where["file"].endswith(".toml"):
        return Found(f"cargo: {found['said']}", (base_of(where["file"]),))
    rule = _LINT(lines, at, 20)
    tail = f" ({rule['rule']})" if rule else ""
    return Found(f"rustc: {found['said']}{tail}", (base_of(where["file"]),))


def _panic(lines: Sequence[str], at: int) -> Found | None:
    """A panic; the message stands on the next line, in old versions within it."""
    text = lines[at].strip()
    found = _PANIC.match(text)
    if found is None:
        plain = _BARE_PANIC.match(text)
        return plain and Found(f"panic: {plain['said']}", stack=True)
    below = next((line.strip() for line in lines[at + 1 : at + 3] if line.strip()), "")
    said = found["old"] if found["old"] is not None else below
    thread = found["thread"]
    if thread in ("main", "<unnamed>"):
        return Found(f"panic: {said}", (base_of(found["file"]),))
    places = (place(found["file"], f"x::{thread}"),)
    return Found(f"panic: {_EQUAL.sub(_bare_assertion, said)}", places)


def _calm(lines: Sequence[str], at: int) -> Found | None:
    """A test that should have panicked and did not; its name stands above."""
    found = _CALM.match(lines[at].strip())
    if found is None:
        return None
    above = filter(None, map(_STDOUT.match, lines[max(0, at - 3) : at]))
    test = next((one["test"] for one in above), "")
    where = place(found["file"] or "", f"x::{test}" if found["file"] else test)
    return Found("panic: test did not panic as expected", (where,) if where else ())


def _bare_assertion(found: re.Match[str]) -> str:
    """`left == right` are the macro's own words, no values."""
    return found[0].replace("`", "")


def _cargo(lines: Sequence[str], at: int) -> Found | None:
    """What cargo says before anything is compiled."""
    found = _CARGO.match(lines[at].strip())
    if found is None:
        return None
    by = _NEEDS(lines, at, 6)
    tail = f" (for {by['by']})" if by else ""
    said = _REQUIREMENT.sub(r"\1@\2", found["said"])
    return Found(f"cargo: {said}{tail}".replace("`", "'"))


EXTRACTORS = (
    Extractor(
        name="rustc with a code",
        words=("error[E",),
        find=_coded,
        cascade="rustc",
        samples=(
            Sample(
                "error[E0382]: borrow of moved value: `cart`\n"
                "  --> src/m.rs:3:9\n   |\n"
                "error[E0425]: cannot find value `sum` in this scope\n"
                "  --> src/n.rs:7:1\n"
                'error: could not compile `shop` (bin "shop") due to 2 errors',
                "E0382: borrow of moved value: 'cart'",
                "E0382",
                ("m.rs",),
            ),
        ),
    ),
    Extractor(
        name="rustc without a code",
        words=("error: ",),
        find=_uncoded,
        cascade="rustc",
        samples=(
            Sample(
                "error: expected one of `;` or `}`, found `let`\n --> src/m.rs:3:9",
                "rustc: expected one of ';' or '}', found 'let'",
                "compile error",
                ("m.rs",),
            ),
            Sample(
                "error: this loop never actually loops\n  --> src/m.rs:3:9\n   |\n"
                "   = note: `#[deny(clippy::never_loop)]` on by default",
                "rustc: this loop never actually loops (clippy::never_loop)",
                "clippy::never_loop",
                ("m.rs",),
            ),
        ),
    ),
    Extractor(
        name="rust panic",
        words=("panicked at ",),
        find=_panic,
        samples=(
            Sample(
                "thread 'main' panicked at src/m.rs:3:9:\n"
                "index out of bounds: the len is 3 but the index is 7\n"
                "note: run with `RUST_BACKTRACE=1` environment variable",
                "panic: index out of bounds: the len is {n} but the index is {n}",
                "panic",
                ("m.rs",),
            ),
            Sample(
                "thread 'main' panicked at 'no price', src/m.rs:3:9",
                "panic: no price",
                "panic",
                ("m.rs",),
            ),
            Sample(
                "---- tests::sums stdout ----\n"
                "thread 'tests::sums' panicked at src/m.rs:30:9:\n"
                "assertion `left == right` failed\n  left: 4\n right: 5",
                "panic: assertion left == right failed",
                "panic",
                ("m.rs:tests::sums",),
            ),
        ),
    ),
    Extractor(
        name="rust test that should panic",
        words=("did not panic as expected",),
        find=_calm,
        samples=(
            Sample(
                "---- tests::refuses stdout ----\n"
                "note: test did not panic as expected at src/m.rs:2:54",
                "panic: test did not panic as expected",
                "panic",
                ("m.rs:tests::refuses",),
            ),
        ),
    ),
    Extractor(
        name="cargo",
        words=("failed to ", "no ", "could not find", "package ", "lock file"),
        find=_cargo,
        samples=(
            Sample(
                "error: failed to select a version for the requirement "
                '`serde = "^9"`\n'
                "candidate versions found which didn't match: 1.0.1\n"
                "location searched: crates.io index\n"
                "required by package `shop v0.1.0 (/srv/shop)`",
                "cargo: failed to select a version for the requirement "
                "serde@^9 (for shop)",
                "cargo error",
            ),
            Sample(
                "error: no matching package named `serd` found",
                "cargo: no matching package named 'serd' found",
                "cargo error",
            ),
        ),
    ),
    Extractor(
        name="rust test that failed",
        words=("... FAILED",),
        find=by_pattern(
            r"test (?P<test>\S+) (?:- .* )?\.\.\. FAILED", "cargo test: {test}"
        ),
        rank=SUM,
        samples=(
            Sample(
                "test tests::sums ... FAILED", "cargo test: tests::sums", "test failed"
            ),
        ),
    ),
    Extractor(
        name="cargo's end",
        words=("could not compile", "aborting due to"),
        find=by_pattern(
            r"error: (?P<said>could not compile `[^`]+`|aborting due to .+)",
            "compile error: {said}",
        ),
        rank=ECHO,
        samples=(
            Sample(
                "error: could not compile `shop` due to previous error",
                "compile error: could not compile 'shop'",
                "compile error",
            ),
        ),
    ),
)
