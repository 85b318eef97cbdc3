"""Package managers: npm, pnpm, yarn, pip, uv, poetry, apt and gem.

Here a package's name and version are the cause, and stay.  npm tells its code
first and what it means below; both go into one line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import (
    SUM,
    Extractor,
    Found,
    Sample,
    by_pattern,
)

_UV = re.compile(
    r"\s*(?:\S |error: )?No solution found when resolving (?P<what>.+?):?$"
)
_BARS = re.compile(r"^[\s\u2570\u2514\u251c\u2500\u25b6\u2502>|`-]+")
_POETRY = re.compile(
    r"(?P<said>Because .+(?:version solving failed|doesn't match any versions"
    r"|depends on .+|no versions of .+))\.?$"
)
_RANGE = re.compile(r"([\w.-]+) \(([\^~<>=!]*\d[^()]*)\)")


def _uv(lines: Sequence[str], at: int) -> Found | None:
    """Uv's proof that nothing fits, its first sentence."""
    if not _UV.match(lines[at]):
        return None
    told: list[str] = []
    for line in lines[at + 1 : at + 9]:
        text = _BARS.sub("", line).strip().removeprefix("cause: ")
        if not text or text.startswith("hint:"):
            break
        told.append(text)
    proof = " ".join(told).split(" we can conclude")[0].rstrip(", ")
    proof = re.sub(r", and$|\.$", "", proof)
    return Found(f"uv: {proof}" if proof else "uv: No solution found")


def _poetry(lines: Sequence[str], at: int) -> Found | None:
    """Poetry's proof that nothing fits."""
    text = lines[at].strip()
    for line in lines[at + 1 : at + 4]:
        if text.endswith("failed.") or not line.startswith(" "):
            break
        text = f"{text} {line.strip()}"
    found = _POETRY.match(text)
    return found and Found("poetry: " + _RANGE.sub(r"\1@\2", found["said"]).rstrip("."))


def _pip_conflict(lines: Sequence[str], at: int) -> Found | None:
    """Requirements that cannot be met together."""
    text = lines[at].strip()
    found = re.match(
        r"ERROR: (?:Cannot install (?P<what>.+?) because these package versions have "
        r"conflicting|(?P<impossible>ResolutionImpossible))",
        text,
    )
    if found is None:
        return None
    if found["impossible"]:
        return Found("ResolutionImpossible", rank=SUM)
    return Found(f"ResolutionImpossible: {found['what']}")


EXTRACTORS = (
    Extractor(
        name="pip",
        words=("ERROR: ", "error: ", "no such option: "),
        find=by_pattern(
            r"ERROR: (?P<said>No matching distribution found for .+"
            r"|Invalid requirement: .+"
            r"|Could not open requirements file: .+"
            r"|Package '.+' requires a different Python.*"
            r"|Could not install packages due to an .+|Failed building wheel for .+"
            r"|Could not build wheels for .+|Failed to build .+|.+ is not a valid .+"
            r"|unknown command .+|Directory '.+' is not installable.*"
            r"|Double requirement given: .+)"
            r"|(?P<option>no such option: \S+)"
            r"|error: (?P<short>externally-managed-environment"
            r"|metadata-generation-failed)",
            "pip: {said}{option}{short}",
        ),
        samples=(
            Sample(
                "ERROR: Could not find a version that satisfies the requirement "
                "till==9.9 (from versions: 1.0)\n"
                "ERROR: No matching distribution found for till==9.9",
                "pip: No matching distribution found for till==9.9",
                "pip error",
            ),
            Sample(
                "error: externally-managed-environment",
                "pip: externally-managed-environment",
                "pip error",
            ),
        ),
    ),
    Extractor(
        name="pip conflict",
        words=("Cannot install ", "ResolutionImpossible"),
        find=_pip_conflict,
        samples=(
            Sample(
                "ERROR: Cannot install cart==1.0 and till==2.0 because these package "
                "versions have conflicting dependencies.\n"
                "ERROR: ResolutionImpossible: for help visit https://pip.example.org",
                "ResolutionImpossible: cart==1.0 and till==2.0",
                "ResolutionImpossible",
            ),
        ),
    ),
    Extractor(
        name="uv",
        words=("No solution found",),
        find=_uv,
        samples=(
            Sample(
                "  \u00d7 No solution found when resolving dependencies:\n"
                "  \u2570\u2500\u25b6 Because till was not found in the package "
                "registry "
                "and you require\n      till, we can conclude that your "
                "requirements are "
                "unsatisfiable.",
                "uv: Because till was not found in the package registry and you "
                "require till",
                "uv error",
            ),
        ),
    ),
    Extractor(
        name="poetry",
        words=("ecause ",),
        find=_poetry,
        rank=SUM,
        samples=(
            Sample(
                "Because shop depends on till (^9.9) which doesn't match any versions, "
                "version solving failed.",
                "poetry: Because shop depends on till@^9.9 which doesn't match any "
                "versions, version solving failed",
                "poetry error",
            ),
        ),
    ),
    Extractor(
        name="gem",
        words=("valid gem", "Could not find gem"),
        find=by_pattern(
            r"(?:ERROR:  )?(?P<said>Could not find (?:a valid )?gem '[^']+')",
            "gem: {said}",
        ),
        samples=(
            Sample(
                "ERROR:  Could not find a valid gem 'till' (>= 0) in any repository",
                "gem: Could not find a valid gem 'till'",
                "gem error",
            ),
        ),
    ),
    Extractor(
        name="composer",
        words=("Root composer.json requires",),
        find=by_pattern(
            r"- (?P<said>Root composer\.json requires [^,]+).*", "composer: {said}"
        ),
        samples=(
            Sample(
                "  Problem 1\n    - Root composer.json requires till ^9.0, found none.",
                "composer: Root composer.json requires till ^{n}",
                "composer error",
            ),
        ),
    ),
    Extractor(
        name="apt",
        words=("E: ",),
        find=by_pattern(
            r"E: (?P<apt>Unable to .+|Could not .+|Package .+|Version .+|Failed to .+)"
            "",
            "apt: {apt}",
        ),
        samples=(
            Sample(
                "E: Unable to locate package till",
                "apt: Unable to locate package till",
                "apt error",
            ),
        ),
    ),
)
