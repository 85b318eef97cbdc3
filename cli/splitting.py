"""`lokictl split`: part a lesson, or take back a split or what was merged into it.

Nothing is recorded that would change nothing: a split by what all sightings
share, of merges or of a split that never were.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from cli import render
from cli.options import command, workspace
from cli.statements import (
    Row,
    about,
    answer,
    chosen,
    explained,
    found,
    is_former,
    lesson_arguments,
    say,
)
from lokid.errors import UsageError
from lokid.events import LessonSplit
from lokid.paths import Workspace

_MERGE, _NONE = "merge", "none"
_BY = ("phase", "exit_code", "command", "place", _MERGE, _NONE)


@command(
    "split",
    examples=(
        "lokictl split L1a2b3c4d --by phase",
        "lokictl split L1a2b --by command",
        "lokictl split L1a2b3c4d --by none   # take that split back",
        "lokictl split L77c0ffee --by merge   # take merges back",
    ),
)
@lesson_arguments
@click.option(
    "--by",
    type=click.Choice(_BY),
    required=True,
    help="What parts it; none takes a split back, merge what was merged into it.",
)
def split(*, lessons: tuple[str, ...], by: str, as_json: bool) -> None:
    """Part a lesson that joins what is not alike.

    Each value (phase, exit code, command, or the place that raised it) becomes a
    lesson of its own; what was said of the lesson before holds for all of them.

    `--by none` takes a split back: name the lesson as it was called before, or
    one of its parts.  What was said of a part alone lapses with it.
    """
    place = workspace()
    if by == _NONE:
        _take_back(place, lessons, as_json=as_json)
        return
    rows, recipe = chosen(place, lessons)
    for row in rows:
        _refuse_for_nothing(explained(place, row), by)
    said = [LessonSplit(**about(row, recipe), by=by) for row in rows]
    say(place, said)
    if by == _MERGE:
        words = "is one by itself again: merges into it are taken back"
        answer(rows, said, words, as_json=as_json)
        return
    parts = {row["lesson"]: found(place, row["lesson"]) for row in rows}
    if as_json:
        answer(rows, said, "", as_json=True, parts=parts)
        return
    for row in rows:
        made = [part["lesson"] for part in parts[row["lesson"]]]
        words = f"split by {by} into {len(made)}: {', '.join(made)}"
        render.say(f"{row['lesson']} {words}")


def _refuse_for_nothing(row: Row, by: str) -> None:
    """Raise UsageError where a statement would change nothing."""
    name = row["lesson"]
    if by == _MERGE:
        if not row["merged"]:
            message = f"nothing was merged into {name}: there is nothing to take back"
            hint = "--by none takes a split back" if row["split_from"] else None
            raise UsageError(message, hint or f"lokictl explain {name} shows it")
        return
    if row["parts"][by] > 1:
        return
    others = [f"{one} ({count})" for one, count in row["parts"].items() if count > 1]
    hint = f"it can be split by {', '.join(others)}" if others else "nothing parts it"
    raise UsageError(f"all of {name} has the same {by} so far", hint)


def _take_back(place: Workspace, names: Sequence[str], *, as_json: bool) -> None:
    """Join the parts of splits again."""
    wholes: dict[str, tuple[Row, int]] = {}
    for name in names:
        row, recipe = _whole(place, name)
        wholes[row["lesson"]] = (row, recipe)
    rows = [row for row, _ in wholes.values()]
    said = [
        LessonSplit(**about(row, recipe), by=_NONE) for row, recipe in wholes.values()
    ]
    say(place, said)
    answer(rows, said, "is one again: the split is taken back", as_json=as_json)


def _whole(place: Workspace, name: str) -> tuple[Row, int]:
    """What a lesson was split from, by the whole's own name or by a part's.

    Its row is a part's, with the whole's id.
    """
    parts = found(place, name)
    former = is_former(name, parts)
    if not former or not parts:
        (part,), recipe = chosen(place, [name])
        from_ = explained(place, part)["split_from"]
        if from_:
            return {**part, "lesson": from_[0]}, recipe
    written = name.strip().lower().removeprefix("l")
    for part in parts:
        for whole in explained(place, part)["split_from"]:
            if whole.startswith(f"L{written}"):
                _, recipe = chosen(place, [part["lesson"]])
                return {**part, "lesson": whole}, recipe
    message = f"{name} was not split: there is nothing to take back"
    raise UsageError(message, "lokictl lessons --all shows which lessons there are")
