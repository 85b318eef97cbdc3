"""What the counts of a replay come to: shares with intervals, and the bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lokid.projection import Answer
from projections.interval import wilson
from projections.replay import Score, Story

KINDS = ("all", "in_run", "cross_run", "cold")


class Bar(NamedTuple):
    """What a policy that speaks in the block and in checks has to reach.

    ``least``: the value is a lower bound; else it is an upper one.
    """

    name: str
    value: float
    least: bool

    def met(self, got: float | None) -> bool | None:
        """Whether it is met; None where there is nothing to judge by."""
        if got is None:
            return None
        return got >= self.value if self.least else got <= self.value


BARS = (
    Bar("cross_run_reach", 0.60, least=True),
    Bar("in_run_reach", 0.90, least=True),
    Bar("right_fires", 0.75, least=True),
    Bar("false_fires", 0.03, least=False),
    Bar("fires_a_run", 2.0, least=False),
    Bar("duplicate_lines", 0.0, least=False),
)


def of_story(story: Story) -> Answer:
    """How much happened, and how much of it had happened before."""
    repeats = list(story.repeats.values())
    cross = sum(one.cross for one in repeats)
    return {
        "runs": story.runs,
        "iterations": len(story.turns),
        "commands": sum(bool(u.command) for turn in story.turns for u in turn.uses),
        "failures": story.failures,
        "repeats": len(repeats),
        "repeat_share": _share(len(repeats), story.failures),
        "cross_run_share": _share(cross, len(repeats)),
    }


def of_score(name: str, score: Score, runs: int) -> Answer:
    """One policy's row: reach, fires, lines, bytes."""
    return {
        "policy": name,
        "reach": {
            kind: _counted(score.reached[kind], score.repeats[kind]) for kind in KINDS
        },
        "fires": score.fires,
        "fires_a_run": round(score.fires / runs, 3) if runs else None,
        "right": _counted(score.right, score.fires),
        "false": _counted(score.false, score.worked),
        "named_a_fire": _share(score.named, score.fires),
        "lines": score.lines,
        "duplicates": _counted(score.duplicates, score.lines),
        "unused": _counted(score.unused, score.lines),
        "block_bytes": _share(score.block_bytes, score.blocks),
        "check_bytes": _share(score.check_bytes, score.fires),
        "families": [
            {
                "family": family,
                "fires": row["fires"],
                "right": _counted(row["right"], row["fires"]),
                "cause": _counted(row["cause"], row["fires"]),
            }
            for family, row in sorted(
                score.families.items(), key=lambda one: (-one[1]["fires"], one[0])
            )
        ],
    }


def bars(row: Answer) -> list[Answer]:
    """The bars, held against a policy's row."""
    got = {
        "cross_run_reach": row["reach"]["cross_run"]["share"],
        "in_run_reach": row["reach"]["in_run"]["share"],
        "right_fires": row["right"]["share"],
        "false_fires": row["false"]["share"],
        "fires_a_run": row["fires_a_run"],
        "duplicate_lines": row["duplicates"]["share"],
    }
    return [
        {
            "bar": bar.name,
            "at_least" if bar.least else "at_most": bar.value,
            "got": got[bar.name],
            "met": bar.met(got[bar.name]),
        }
        for bar in BARS
    ]


def all_met(held: Sequence[Mapping[str, object]]) -> bool:
    """Whether no bar is missed."""
    return all(one["met"] is not False for one in held)


def _counted(hits: int, of: int) -> Answer:
    low, high = wilson(hits, of)
    interval = [round(low, 4), round(high, 4)]
    return {"n": hits, "of": of, "share": _share(hits, of), "interval": interval}


def _share(hits: int, of: int) -> float | None:
    return round(hits / of, 4) if of else None
