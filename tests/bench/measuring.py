"""Pairs of work, measured in turn; the table and the numbers that come of it."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

from lokid import clock

Work = Callable[[], object]


class Case(NamedTuple):
    """Something to measure, and the bare thing beside it; ``times`` a call."""

    name: str
    work: Work
    bare_name: str
    bare: Work
    times: int = 1


class Result(NamedTuple):
    """Seconds for one piece of work, by round."""

    case: Case
    work: list[float]
    bare: list[float]

    @property
    def ratios(self) -> list[float]:
        """How many times the bare work each round cost."""
        return [one / bare for one, bare in zip(self.work, self.bare, strict=True)]


def seconds(case: Case, work: Work) -> float:
    """Time one piece of work."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) / case.times


def measure(cases: list[Case], rounds: int) -> list[Result]:
    """Run all cases and the bare ones in turn; one round more warms up."""
    results = [Result(case, [], []) for case in cases]
    for turn in range(rounds + 1):
        for result in results:
            bare = seconds(result.case, result.case.bare)
            work = seconds(result.case, result.case.work)
            if turn:
                result.bare.append(bare)
                result.work.append(work)
    return results


def table(results: list[Result]) -> str:
    """Write the results as a Markdown table."""
    rows = [
        "| case | beside | ratio | least to most | one | bare one |",
        "|---|---|---|---|---|---|",
    ]
    for result in results:
        ratios = result.ratios
        rows.append(
            f"| {result.case.name} | {result.case.bare_name} "
            f"| {statistics.median(ratios):.2f} "
            f"| {min(ratios):.2f} to {max(ratios):.2f} "
            f"| {human(result.work)} | {human(result.bare)} |"
        )
    return "\n".join(rows)


def human(samples: list[float]) -> str:
    """Write the median of some seconds with a unit."""
    median = statistics.median(samples)
    for unit, factor in (("ms", 1e3), ("us", 1e6)):
        if median * factor >= 1:
            return f"{median * factor:.1f} {unit}"
    return f"{median * 1e9:.0f} ns"


def machine() -> dict[str, object]:
    """Say what ran it."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "at": clock.now(),
    }


def report(results: list[Result]) -> list[dict[str, object]]:
    """Give the results for a program, all samples included."""
    return [
        {
            "case": result.case.name,
            "beside": result.case.bare_name,
            "ratio": statistics.median(result.ratios),
            "ratios": result.ratios,
            "seconds": result.work,
            "bare_seconds": result.bare,
        }
        for result in results
    ]
