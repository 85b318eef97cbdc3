"""What `lokictl lessons --effect` prints: shares told, shares held out, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli import render
from cli.table import Cell, tabulate
from lokid.paths import Workspace

_STYLES = {"comes back less": "green", "ineffective": "red"}
_TITLES = ("lesson", "told: came back", "held out: came back", "verdict", "error")


def show_effect(answer: Mapping[str, Any], place: Workspace, *, as_json: bool) -> None:
    """Print whether telling a lesson changed how often it came back."""
    if as_json:
        render.emit(answer)
        return
    if not answer["lessons"]:
        render.nothing("nothing was said to an agent here yet", place)
        render.note_freshness(answer)
        return
    overall = {"lesson": "all", "error_type": "", **answer["overall"]}
    rows = [_row(row) for row in (*answer["lessons"], overall)]
    render.say_all(tabulate(_TITLES, rows))
    render.say("a lesson told in a run came back if it was seen again in that run")
    render.say(
        f"below {answer['least']} runs on a side nothing is concluded; "
        "brackets: 95 % intervals"
    )
    render.note_freshness(answer)


def _row(row: Mapping[str, Any]) -> list[Cell]:
    return [
        Cell(row["lesson"]),
        Cell(_share(row["exposed"])),
        Cell(_share(row["held_out"])),
        Cell(row["verdict"], _STYLES.get(row["verdict"])),
        Cell(render.clean(row["error_type"])),
    ]


def _share(side: Mapping[str, Any]) -> str:
    if side["share"] is None:
        return "-"
    low, high = (round(100 * end) for end in side["interval"])
    return f"{100 * side['share']:.0f} % of {side['runs']} [{low}, {high}]"
