"""What the verbs share: the lessons that are named, what is said, the answer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import click

from cli import render
from lokid.errors import UsageError
from lokid.events import Fact, LessonSaid
from lokid.paths import Workspace
from lokid.projection import Answer

Row = dict[str, Any]

_CANDIDATES = 8

lesson_arguments = click.argument(
    "lessons", metavar="LESSON...", nargs=-1, required=True
)


def chosen(place: Workspace, names: Sequence[str]) -> tuple[list[Row], int]:
    """The lessons that are named, each once, and the recipe of their ids.

    Raises UsageError for a name that no lesson has, or several have.
    """
    rows: dict[str, Row] = {}
    recipe = 0
    for name in names:
        told = _asked(place, name)
        row = _only(name, told["lessons"])
        rows[row["lesson"]] = row
        recipe = told["recipe"]
    return list(rows.values()), recipe


def _only(name: str, rows: list[Row]) -> Row:
    if not rows:
        message = f"there is no lesson {name}"
        hint = "lokictl lessons --all lists them; an id is L and 8 hex digits"
        raise UsageError(message, hint)
    if len(rows) > 1:
        shown = [f"{row['lesson']} ({row['error_type']})" for row in rows]
        message = f"{name} may be any of {len(rows)} lessons"
        if is_former(name, rows):
            message = f"{name} was split into {len(rows)} lessons"
        more = ", ..." if len(shown) > _CANDIDATES else ""
        raise UsageError(message, "name one: " + ", ".join(shown[:_CANDIDATES]) + more)
    return rows[0]


def is_former(name: str, rows: Sequence[Row]) -> bool:
    """Whether an id leads to lessons that are called otherwise now."""
    written = name.strip().lower().removeprefix("l")
    return not any(row["lesson"].lower().startswith(f"l{written}") for row in rows)


def explained(place: Workspace, row: Row) -> Row:
    """All that `explain` knows of a lesson."""
    from cli.ask import query

    told = query(place, "explain", {"about": row["lesson"]})
    found: Row = told["lessons"][0]
    return found


def _asked(place: Workspace, name: str) -> Answer:
    from cli.ask import query

    return query(place, "lessons", {"id": name})


def found(place: Workspace, name: str) -> list[Row]:
    """The lessons that an id means now."""
    rows: list[Row] = _asked(place, name)["lessons"]
    return rows


def about(row: Row, recipe: int) -> dict[str, Any]:
    """What every statement about a lesson carries."""
    return {
        "lesson": row["lesson"],
        "recipe": recipe,
        "members": tuple(row["members"]),
    }


def say(place: Workspace, said: Sequence[LessonSaid]) -> None:
    """Have it kept; raises what `cli.ask.record` raises."""
    from cli.ask import record

    record(
        place,
        [
            Fact(event=one, identity=("said", one.TYPE, one.lesson, uuid.uuid4().hex))
            for one in said
        ],
    )


def answer(
    rows: Sequence[Row],
    said: Sequence[LessonSaid | None],
    words: str,
    *,
    as_json: bool,
    parts: dict[str, list[Row]] | None = None,
) -> None:
    """Print what each lesson is now, in ``words`` or as JSON (with its ``parts``).

    ``said`` is None for a lesson that is open already, so that nothing was said.
    """
    told = []
    for row, one in zip(rows, said, strict=True):
        if not as_json:
            already = f"is open already ({row['state']})"
            render.say(f"{row['lesson']} {words if one else already}")
            continue
        entry = {"lesson": row["lesson"], **_told(one, row)}
        if parts is not None:
            entry["parts"] = [part["lesson"] for part in parts[row["lesson"]]]
        told.append(entry)
    if as_json:
        render.emit({"schema": 1, "lessons": told})


def _told(said: LessonSaid | None, row: Row) -> dict[str, Any]:
    """What was said of a lesson, as JSON."""
    if said is None:
        return {"said": None, "state": row["state"]}
    more = {
        name: value
        for name in said.__struct_fields__
        if name not in {"lesson", "recipe", "members", "into_members"}
        and (value := getattr(said, name)) is not None
    }
    return {"said": said.TYPE, **more}
