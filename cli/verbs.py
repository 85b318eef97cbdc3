"""`lokictl resolve`, `reopen`, `mute`, `merge`, `split`: what people say of lessons.

Each is a fact in the log: it is kept when the command ends well, and what lessons
are follows from all that was said (``projections/statements.py``).  A lesson is
named by its id or by a beginning of it that no other one has.
"""

from __future__ import annotations

import re

import click

from cli import render
from cli.options import command, workspace
from cli.statements import about, answer, chosen, found, say
from lokid import clock
from lokid.errors import UsageError
from lokid.events import (
    LessonMerged,
    LessonMuted,
    LessonReopened,
    LessonResolved,
    LessonSplit,
)

_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"([1-9]\d{0,4})([mhdw])")
_TIMES = re.compile(r"([1-9]\d{0,5})x")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SHA = re.compile(r"[0-9a-f]{4,64}")
_BY = ("phase", "exit_code", "command", "place", "merge")

lesson_arguments = click.argument(
    "lessons", metavar="LESSON...", nargs=-1, required=True
)


@command(
    "resolve",
    examples=(
        "lokictl resolve L1a2b3c4d",
        "lokictl resolve L1a2b --commit 4f3c2d1",
    ),
)
@lesson_arguments
@click.option("--commit", metavar="SHA", help="The commit that did away with it.")
def resolve(*, lessons: tuple[str, ...], commit: str | None, as_json: bool) -> None:
    """Say that the cause of a lesson is gone.

    It is told no more, until it is seen again later than now; then it is told as
    regressed.  What happened before now but is read later reopens nothing.
    """
    if commit is not None and not _SHA.fullmatch(commit.lower()):
        message = f"--commit {commit} is no commit"
        raise UsageError(message, "give 4 to 64 hex digits, as git log shows them")
    place = workspace()
    rows, recipe = chosen(place, lessons)
    said = [
        LessonResolved(**about(row, recipe), commit=commit and commit.lower())
        for row in rows
    ]
    say(place, said)
    answer(rows, said, "resolved; a later sighting reopens it", as_json=as_json)


@command(
    "reopen",
    examples=("lokictl reopen L1a2b3c4d", "lokictl reopen L1a2b L77c0"),
)
@lesson_arguments
def reopen(*, lessons: tuple[str, ...], as_json: bool) -> None:
    """Take a resolution or a mute back: the lesson is told again."""
    place = workspace()
    rows, recipe = chosen(place, lessons)
    said = [LessonReopened(**about(row, recipe)) for row in rows]
    say(place, said)
    answer(rows, said, "reopened; it is told again", as_json=as_json)


@command(
    "mute",
    examples=(
        "lokictl mute L1a2b3c4d",
        "lokictl mute L1a2b --until 7d",
        "lokictl mute L1a2b --until 2026-12-01",
        "lokictl mute L1a2b --until 10x",
    ),
)
@lesson_arguments
@click.option(
    "--until",
    metavar="WHEN",
    help="7d (m, h, d, w), a date or time, or 10x: ten more sightings.  For good "
    "without it.",
)
def mute(*, lessons: tuple[str, ...], until: str | None, as_json: bool) -> None:
    """Hear nothing of a lesson for a while, or for good.

    It is still counted; `lokictl lessons --all` shows it, `lokictl reopen` takes
    the mute back.
    """
    moment, sightings = _until(until)
    place = workspace()
    rows, recipe = chosen(place, lessons)
    said = [
        LessonMuted(**about(row, recipe), until=moment, sightings=sightings)
        for row in rows
    ]
    say(place, said)
    how_long = "for good; lokictl reopen takes it back"
    if moment:
        how_long = f"until {moment}"
    elif sightings:
        how_long = f"for {render.plural(sightings, 'more sighting')}"
    answer(rows, said, f"muted {how_long}", as_json=as_json)


@command(
    "merge",
    examples=(
        "lokictl merge L1a2b3c4d L77c0ffee",
        "lokictl merge L1a2b L5e6f L77c0      # both into the last",
    ),
)
@click.argument("lessons", metavar="LESSON... INTO", nargs=-1, required=True)
def merge(*, lessons: tuple[str, ...], as_json: bool) -> None:
    """Make lessons one: they are told as INTO from now on.

    What is seen of any of them later belongs to it too.  `lokictl split INTO --by
    merge` takes it back.
    """
    *others, last = lessons
    if not others:
        message = "merge needs two lessons: which, and into which"
        raise UsageError(message, "lokictl merge L1a2b3c4d L77c0ffee")
    place = workspace()
    (into,), _ = chosen(place, [last])
    rows, recipe = chosen(place, others)
    if into["lesson"] in {row["lesson"] for row in rows}:
        name = render.clean(last)
        message = f"{name} is {into['lesson']}: it cannot be merged into itself"
        raise UsageError(message, "lokictl lessons shows which lessons there are")
    said = [
        LessonMerged(
            **about(row, recipe),
            into=into["lesson"],
            into_members=tuple(into["members"]),
        )
        for row in rows
    ]
    say(place, said)
    count = into["count"] + sum(row["count"] for row in rows)
    words = f"merged into {into['lesson']} ({render.plural(count, 'sighting')})"
    answer(rows, said, words, as_json=as_json)


@command(
    "split",
    examples=(
        "lokictl split L1a2b3c4d --by phase",
        "lokictl split L1a2b --by command",
        "lokictl split L77c0ffee --by merge   # take merges back",
    ),
)
@lesson_arguments
@click.option(
    "--by",
    type=click.Choice(_BY),
    required=True,
    help="What parts it; merge takes back what was merged into it.",
)
def split(*, lessons: tuple[str, ...], by: str, as_json: bool) -> None:
    """Part a lesson that joins what is not alike.

    Each value (phase, exit code, command, or the place that raised it) becomes a
    lesson of its own; what was said of the lesson before holds for all of them.
    """
    place = workspace()
    rows, recipe = chosen(place, lessons)
    said = [LessonSplit(**about(row, recipe), by=by) for row in rows]
    say(place, said)
    if by == "merge":
        words = "is one by itself again: merges into it are taken back"
        answer(rows, said, words, as_json=as_json)
        return
    parts = {row["lesson"]: found(place, row["lesson"]) for row in rows}
    if as_json:
        answer(rows, said, "", as_json=True, parts=parts)
        return
    for row in rows:
        made = [part["lesson"] for part in parts[row["lesson"]]]
        if len(made) > 1:
            words = f"split by {by} into {len(made)}: {', '.join(made)}"
        else:
            words = f"is {', '.join(made)} now: all of it has the same {by} so far"
        render.say(f"{row['lesson']} {words}")


VERBS = (resolve, reopen, mute, merge, split)


def _until(text: str | None) -> tuple[str | None, int | None]:
    """Until when, or for how many sightings; neither: for good.

    Raises UsageError for what is neither, and for what is over already.
    """
    if text is None:
        return None, None
    times, span = _TIMES.fullmatch(text), _SPAN.fullmatch(text)
    if times:
        return None, int(times[1])
    now = clock.now()
    if span:
        seconds = clock.to_seconds(now) + int(span[1]) * _SECONDS[span[2]]
        moment = clock.from_seconds(seconds)
    else:
        moment = clock.parse(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text)
    if moment is None:
        message = f"--until {text} is neither a time nor a number of sightings"
        raise UsageError(message, "write 7d, 12h, 2026-12-01 or 10x")
    if moment <= now:
        message = f"--until {text} is over already"
        raise UsageError(message, f"it is {now} now")
    return moment, None
