"""A replay's answer for people: one row a policy, the families, the bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cli import render
from cli.table import Cell, tabulate

_BAR_NAMES: Mapping[str, str] = {
    "cross_run_reach": "cross-run repeats reached",
    "in_run_reach": "in-run repeats reached",
    "right_fires": "fires that were right",
    "false_fires": "fires on commands that worked",
    "fires_a_run": "fires a run",
    "duplicate_lines": "duplicate lines",
}
_A_RUN = "fires_a_run"


def show(answer: Mapping[str, Any]) -> None:
    """Print the whole answer."""
    _story(answer["story"])
    _policies(answer["policies"])
    for row in answer["policies"]:
        if row["families"] and row["policy"] == "both":
            _families(row)
    if answer["bars"]:
        _bars(answer["bars"])


def show_controls(answer: Mapping[str, Any]) -> None:
    """Print what fired where nothing may."""
    rows = [
        [
            Cell(render.clean(row["policy"])),
            Cell(f"{row['commands']:,}"),
            Cell(str(row["fires"]), "red" if row["fires"] else "green"),
            Cell(_percent(row["false"]["share"])),
        ]
        for row in answer["policies"]
    ]
    render.heading(f"control: {answer['control']} commands, each fire is a false one")
    render.say_all(tabulate(("policy", "commands", "fires", "rate"), rows))


def _story(story: Mapping[str, Any]) -> None:
    counts = (
        render.plural(story["runs"], "run"),
        render.plural(story["iterations"], "iteration"),
        render.plural(story["commands"], "command"),
        render.plural(story["failures"], "failure"),
    )
    render.say(", ".join(counts))
    render.say(
        f"met before: {_percent(story['repeat_share'])} of the failures, "
        f"{_percent(story['cross_run_share'])} of these in another run"
    )
    if story.get("missed"):
        render.say(f"{render.plural(story['missed'], 'failed command')} not in the log")


def _policies(policies: list[Mapping[str, Any]]) -> None:
    render.say()
    render.heading("repeats reached, of all that had been met before")
    reach = ("policy", "all", "in-run", "cross-run", "cold")
    render.say_all(tabulate(reach, [_cells(_reached(row)) for row in policies]))
    render.say("cold: cross-run, and not yet met again in this run")
    render.say()
    render.heading("fires of check, lines of the block")
    titles = (
        *("policy", "fires/run", "right", "false"),
        *("lines", "twice", "unused", "bytes"),
    )
    render.say_all(tabulate(titles, [_cells(_said(row)) for row in policies]))
    render.say(
        "right: the command then failed as named; false: of commands that worked"
    )
    render.say("unused: not among the next 10 failures; bytes: of a block")


def _cells(texts: Iterable[str]) -> list[Cell]:
    return [Cell(text) for text in texts]


def _reached(row: Mapping[str, Any]) -> list[str]:
    kinds = ("all", "in_run", "cross_run", "cold")
    shares = (_percent(row["reach"][kind]["share"]) for kind in kinds)
    return [render.clean(row["policy"]), *shares]


def _said(row: Mapping[str, Any]) -> list[str]:
    fires, lines = row["fires"], row["lines"]
    return [
        render.clean(row["policy"]),
        f"{row['fires_a_run']:.1f}" if fires else "-",
        _percent(row["right"]["share"]),
        _percent(row["false"]["share"]) if fires else "-",
        f"{lines:,}" if lines else "-",
        _percent(row["duplicates"]["share"]),
        _percent(row["unused"]["share"]),
        f"{row['block_bytes']:.0f}" if lines else "-",
    ]


def _families(row: Mapping[str, Any]) -> None:
    render.say()
    render.heading("fires of check by family, with block and check")
    rows = [
        [
            Cell(str(one["fires"])),
            Cell(_percent(one["right"]["share"])),
            Cell(_percent(one["cause"]["share"])),
            Cell(render.clean(one["family"])),
        ]
        for one in row["families"]
    ]
    render.say_all(tabulate(("fires", "right", "this very cause", "family"), rows))


def _bars(bars: list[Mapping[str, Any]]) -> None:
    render.say()
    render.heading("the bars, for block and check together")
    rows = [
        [
            _VERDICTS[one["met"]],
            Cell(_value(one["bar"], one["got"])),
            Cell(_wanted(one)),
            Cell(_BAR_NAMES[one["bar"]]),
        ]
        for one in bars
    ]
    render.say_all(tabulate(("", "got", "wanted", "bar"), rows))


_VERDICTS: Mapping[bool | None, Cell] = {
    True: Cell("met", "green"),
    False: Cell("missed", "red"),
    None: Cell("nothing to judge by", "yellow"),
}


def _wanted(bar: Mapping[str, Any]) -> str:
    word, value = (
        ("at least", bar["at_least"])
        if "at_least" in bar
        else ("at most", bar["at_most"])
    )
    return f"{word} {_value(bar['bar'], value)}"


def _value(name: str, value: float | None) -> str:
    if value is not None and name == _A_RUN:
        return f"{value:.1f}"
    return _percent(value)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
