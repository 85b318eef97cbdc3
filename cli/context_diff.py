"""`lokictl context --diff A B`: what changed between two blocks, line by line.

Both sides are blocks of the past (``as_of.py``), as they were served where one
was.  A line is known by its text; the lesson it tells stands beside it.
"""

from __future__ import annotations

from difflib import SequenceMatcher

import click
import msgspec

from cli import render
from cli.as_of import query_as_of
from lokid.paths import Workspace
from lokid.projection import Answer

_COLOURS = {"-": "red", "+": "green"}


class Line(msgspec.Struct, frozen=True):
    """A line of a block: what it says, and the lesson that it tells."""

    text: str
    lesson: str | None


class Change(msgspec.Struct, frozen=True):
    """A line of a difference: ``-`` gone, ``+`` come, a space where it stayed."""

    sign: str
    text: str
    lesson: str | None


def show_diff(
    place: Workspace, sides: tuple[str, str], goal: str | None, *, as_json: bool
) -> None:
    """Print how the block of one moment differs from that of another.

    Raises UsageError for what is neither a seq nor a time.
    """
    params = {} if goal is None else {"goal": goal}
    then, later = (query_as_of(place, "context", params, side) for side in sides)
    changes = difference(lines_of(then), lines_of(later))
    if as_json:
        render.emit(
            {
                "schema": 1,
                "a": _side(then),
                "b": _side(later),
                "same": all(one.sign == " " for one in changes),
                "changes": [msgspec.structs.asdict(one) for one in changes],
            }
        )
        return
    for sign, answer in (("---", then), ("+++", later)):
        render.say(click.style(f"{sign} {_title(answer)}", bold=True))
    if not changes:
        render.say("neither says anything")
    for one in changes:
        beside = f"  [{one.lesson}]" if one.lesson else ""
        text = f"{one.sign} {render.clean(one.text)}{beside}"
        render.say(click.style(text, fg=_COLOURS.get(one.sign)))


def difference(before: list[Line], after: list[Line]) -> list[Change]:
    """The lines of both, in order: what went stands before what came."""
    old, new = [one.text for one in before], [one.text for one in after]
    found: list[Change] = []
    for kind, a, b, c, d in SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            found += [Change(" ", one.text, one.lesson) for one in after[c:d]]
            continue
        found += [Change("-", one.text, one.lesson) for one in before[a:b]]
        found += [Change("+", one.text, one.lesson) for one in after[c:d]]
    return found


def lines_of(answer: Answer) -> list[Line]:
    """Every line of a block, headings too."""
    lessons = {row["text"]: row["lesson"] for row in answer["lines"]}
    written = [text for text in str(answer["text"]).split("\n") if text]
    return [Line(text, lessons.get(text)) for text in written]


def _side(answer: Answer) -> Answer:
    keys = ("as_of", "served", "text", "lines")
    return {key: answer[key] for key in keys if key in answer}


def _title(answer: Answer) -> str:
    past, served = answer["as_of"], answer.get("served")
    how = f", {served['note']}" if served else ", not served"
    return f"seq {past['seq']}, {past['now']}{how}"
