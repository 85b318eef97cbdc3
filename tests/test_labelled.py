"""What lokid makes of outputs that people have labelled (tests/labelled/README.md).

Each output goes the whole way: a session log around it, read by the source,
held to its kinds by the guard, keyed as the fold keys an iteration's failure.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from math import comb
from pathlib import Path

import msgspec
import pytest

from lokid.events import OutputFailed
from lokid.extract import exception_class
from lokid.redact import guard
from lokid.source import Chunk
from lokid.sources.output import SESSIONS
from projections.keys import Cause, Key, key_of, says_provider

LABELLED = Path(__file__).parent / "labelled"
SIGNALS = (130, 137, 143)
MERGED_AT_MOST = 2
SHOWN = 25


class Labelled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One record, as labelled/README.md describes it."""

    id: str
    tool: str
    real: bool
    exit_code: int
    text: str
    cause: str | None
    family: str | None
    wrapped: bool
    unlike: str | None = None


class Judged(msgspec.Struct, frozen=True):
    """A record and what lokid says of it."""

    told: Labelled
    event: OutputFailed
    key: Key

    @property
    def right(self) -> bool:
        """Whether the family is the labelled one."""
        return self.key.family == self.told.family


def read_labelled() -> list[Labelled]:
    """Every record of every file."""
    decoder = msgspec.json.Decoder(Labelled)
    return [
        decoder.decode(line)
        for path in sorted(LABELLED.glob("*.jsonl"))
        for line in path.read_bytes().splitlines()
    ]


def log_of(one: Labelled) -> bytes:
    """The session log in which the harness would keep this output.

    A stream of the agent ends with 1, as does an output that is clean or whose
    command a signal ended: the session itself was not interrupted.
    """
    own = one.exit_code and not one.wrapped and one.exit_code not in SIGNALS
    return (
        "=== Session started at Sun Mar  1 10:00:00 UTC 2026 ===\n"
        "=== Provider: claude ===\n"
        "=== Prompt (truncated): Build the shop... ===\n"
        "=== RARV Phase: ACT, Tier: development ===\n"
        f"{one.text}"
        "=== Session ended at Sun Mar  1 10:05:00 UTC 2026 with exit code"
        f" {one.exit_code if own else 1} ===\n"
    ).encode()


def judge(one: Labelled) -> Judged:
    """Read the record as the daemon does and key it as the fold does."""
    assert SESSIONS.read_chunk is not None
    chunk = Chunk(
        path="logs/autonomy-20260301.log", data=log_of(one), offset=0, previous=None
    )
    facts = SESSIONS.read_chunk(chunk).facts
    event = guard(next(f.event for f in facts if isinstance(f.event, OutputFailed)))
    frames = event.near or event.symbols
    line = event.error_line
    if frames or (line and exception_class(line)):
        kind = "crash"
    else:
        kind = "provider" if says_provider(line) else "exit"
    cause = Cause(
        kind=kind,
        exit_code=event.exit_code,
        phase="ACT",
        line=line,
        frames=frames,
        near=bool(event.near),
        places=event.places,
    )
    return Judged(one, event, key_of(cause))


@pytest.fixture(scope="module")
def failures() -> list[Judged]:
    """What lokid says of each failed output."""
    return [judge(one) for one in read_labelled() if one.cause]


def confusion(failures: Iterable[Judged]) -> str:
    """A line for each family: how many, how many right, what else they became."""
    families: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in failures:
        families[one.told.family or ""].append(one)
    lines = [f"{'family':<38}{'n':>5}{'right':>7}  taken for"]
    for name, ones in sorted(families.items(), key=_worst_first):
        wrong = Counter(one.key.family for one in ones if not one.right)
        taken = ", ".join(f"{family} x{n}" for family, n in wrong.most_common(4))
        right = sum(one.right for one in ones)
        lines.append(f"{name:<38}{len(ones):>5}{right:>7}  {taken}".rstrip())
    return "\n".join(lines)


def _worst_first(family: tuple[str, list[Judged]]) -> tuple[int, str]:
    name, ones = family
    return sum(one.right for one in ones) - len(ones), name


def pairs(counts: Iterable[int]) -> int:
    """How many pairs there are within groups of these sizes."""
    return sum(comb(n, 2) for n in counts)


def misgrouped(failures: list[Judged]) -> str:
    """The causes that fell apart and those that fell together, worst first."""
    keys: defaultdict[str, Counter[str]] = defaultdict(Counter)
    causes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in failures:
        keys[one.told.cause or ""][one.key.key] += 1
        causes[one.key.key][one.told.cause or ""] += 1
    apart = [
        (crossing(found), f"apart   {cause}: {sorted(found.values())}")
        for cause, found in keys.items()
    ]
    together = [
        (crossing(found), f"together {dict(found)}") for found in causes.values()
    ]
    lines = []
    for wrong in (apart, together):
        worst = sorted((one for one in wrong if one[0]), reverse=True)
        lines += [line for _, line in worst[:SHOWN]]
    return "\n".join(lines)


def crossing(parts: Counter[str]) -> int:
    """How many pairs lie in two different parts."""
    return comb(parts.total(), 2) - pairs(parts.values())


# -- the set -------------------------------------------------------------------


def test_the_set_is_large_and_mixed_enough() -> None:
    """The counts that make the scores mean something."""
    told = read_labelled()
    failed = [one for one in told if one.cause]
    assert len(failed) >= 300
    assert len({one.tool for one in failed}) >= 14
    assert sum(one.unlike is not None for one in failed) >= 60
    assert sum(one.cause is None for one in told) >= 60
    assert sum(one.real for one in told) >= len(told) / 2
    assert sum(one.wrapped for one in told) >= len(told) / 4


def test_the_labels_agree_with_each_other() -> None:
    """A cause has one family, a look-alike names a cause, clean is without both."""
    told = read_labelled()
    families: defaultdict[str, set[str | None]] = defaultdict(set)
    for one in told:
        if one.cause:
            families[one.cause].add(one.family)
    assert len(told) == len({one.id for one in told})
    assert [] == [cause for cause, names in families.items() if len(names) > 1]
    assert [] == [one.id for one in told if one.unlike and one.unlike not in families]
    assert [] == [one.id for one in told if one.unlike and one.unlike == one.cause]
    assert [] == [one.id for one in told if (one.cause is None) != (one.family is None)]


# -- the scores ----------------------------------------------------------------


def test_the_family_is_the_one_a_person_names(failures: list[Judged]) -> None:
    """Family accuracy over all failures is at least 95 %."""
    table = confusion(failures)
    share = sum(one.right for one in failures) / len(failures)
    report = f"{table}\nfamily accuracy {share:.4f} of {len(failures)}"
    sys.stdout.write(f"\n{report}\n")
    assert share >= 0.95, report


def test_outputs_of_one_cause_get_one_key(failures: list[Judged]) -> None:
    """Pairwise F1 of the grouping by exact key is at least 0.95."""
    together = pairs(Counter(one.told.cause for one in failures).values())
    given = pairs(Counter(one.key.key for one in failures).values())
    both = pairs(Counter((one.told.cause, one.key.key) for one in failures).values())
    f1 = 2 * both / (together + given)
    report = (
        f"{misgrouped(failures)}\npairwise precision {both / max(given, 1):.4f}"
        f" recall {both / together:.4f} F1 {f1:.4f}"
    )
    sys.stdout.write(f"\n{report}\n")
    assert f1 >= 0.95, report


def test_look_alikes_stay_apart(failures: list[Judged]) -> None:
    """At most two pairs of look-alikes share a key."""
    groups: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in failures:
        groups[one.told.cause or ""].append(one)
    merged = [
        f"{one.told.id} and {other.told.id}: {one.event.error_line}"
        for one in failures
        if one.told.unlike
        for other in groups[one.told.unlike]
        if one.key.key == other.key.key
    ]
    report = "\n".join([*merged[: 2 * SHOWN], f"{len(merged)} pairs merged"])
    sys.stdout.write(f"\n{report}\n")
    assert len(merged) <= MERGED_AT_MOST, report


def test_clean_outputs_tell_no_error() -> None:
    """At most 1 % of the clean outputs give an error line or a frame."""
    clean = [judge(one) for one in read_labelled() if one.cause is None]
    false = [
        f"{one.told.id}: {one.event.error_line} {one.event.symbols} {one.event.places}"
        for one in clean
        if one.event.error_line or one.event.symbols or one.event.near
    ]
    report = "\n".join([*false, f"{len(false)} of {len(clean)} clean outputs"])
    sys.stdout.write(f"\n{report}\n")
    assert len(false) <= len(clean) / 100, report
