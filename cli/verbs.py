"""`lokictl resolve`, `reopen`, `mute`, `merge`: what people say of lessons.

Each is a fact in the log: it is kept when the command ends well, and what lessons
are follows from all that was said (``projections/statements.py``).  A lesson is
named by its id or by a beginning of it that no other one has.  `split` is
``splitting.py``'s.
"""

from __future__ import annotations

import re

import click

from cli import render
from cli.options import command, workspace
from cli.splitting import split
from cli.statements import about, answer, chosen, lesson_arguments, say
from lokid import clock
from lokid.errors import UsageError
from lokid.events import (
    LessonMerged,
    LessonMuted,
    LessonReopened,
    LessonResolved,
)

_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"([1-9]\d{0,4})([mhdw])")
_TIMES = re.compile(r"([1-9]\d{0,5})x")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SHA = re.compile(r"[0-9a-f]{4,64}")
_OPEN = frozenset({"new", "ongoing", "regressed", "ineffective"})


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
    """Take a resolution or a mute back: the lesson is told again.

    Of a lesson that is open already nothing is recorded.
    """
    place = workspace()
    rows, recipe = chosen(place, lessons)
    said = [
        None if row["state"] in _OPEN else LessonReopened(**about(row, recipe))
        for row in rows
    ]
    if any(said):
        say(place, [one for one in said if one])
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
