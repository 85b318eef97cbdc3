"""The dossier of a lesson, as text: what `lokictl explain` prints.

Sections that have nothing to say are left out.  A position of the log is written
``#1204``; a file that is gone is said to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from cli import render, table
from cli.lessons import STATE_STYLES
from cli.table import Cell
from lokid.projection import Answer

Row = Mapping[str, Any]

_SHOWN = 8
"""Sightings, events and positions that are shown without ``--all``."""
_LABEL = 10
_WHOLE = 100  # lines: a text that is not cut
_BY = {
    "person": "somebody said so",
    "quiet": "good iterations without it",
    "gate": "its gate passed",
    "command": "its command works",
    "rule": "a rule",
    "seen": "",
}
_RULES = {
    "options": "the same command with other options",
    "first": "made what was missing",
    "instead": "run in its place",
    "edit": "edited before it worked again",
}


def show(answer: Answer, now: str, *, whole: bool, width: int | None = None) -> None:
    """Print an answer of ``explain``; ``whole``: all rows of every list."""
    room = width or min(table.terminal_width(), 100)
    page = _Page(room, now, whole=whole)
    for line in _lines(answer, page):
        render.say(line)


class _Page:
    """How wide the text is, which moment ages are counted from, how much is shown."""

    def __init__(self, room: int, now: str, *, whole: bool) -> None:
        self.room = room
        self.now = now
        self.most = 10_000 if whole else _SHOWN

    def ago(self, moment: str | None) -> str:
        """A time in words."""
        return render.ago(moment, self.now)

    def labelled(self, label: str, text: str, colour: str | None = None) -> list[str]:
        """A label and a text beside it, wrapped."""
        parts = table.wrapped(text, self.room - _LABEL - 4, _WHOLE) or [""]
        painted = [click.style(part, fg=colour) if colour else part for part in parts]
        head = click.style(f"  {label:<{_LABEL}}", dim=True)
        margin = " " * (_LABEL + 4)
        return [f"{head}  {painted[0]}", *(margin + part for part in painted[1:])]

    def more(self, rows: Sequence[object]) -> list[str]:
        """What was left out, in words."""
        left = len(rows) - self.most
        return [f"  (+{left} more: --all shows them)"] if left > 0 else []


def _lines(answer: Answer, page: _Page) -> Iterable[str]:
    kind, lessons = answer["kind"], answer["lessons"]
    if kind == "block":
        yield from _block(answer["block"], page)
    if kind == "event":
        yield from _event(answer, page)
    if kind == "gates":
        yield from _gates(answer["gates"], page)
    if answer.get("rounds") or answer.get("blocks"):
        yield from _council(answer, page)
    for number, lesson in enumerate(lessons):
        if number or kind != "lesson":
            yield ""
        yield from _lesson(lesson, page)
    if answer.get("also"):
        names = ", ".join(answer["also"])
        yield ""
        yield f"This line could also be of: {names}."


# -- a lesson ------------------------------------------------------------------


def _lesson(row: Row, page: _Page) -> Iterable[str]:
    state = row["state"]
    name = render.clean(row["error_type"])
    said = render.clean(row["message"])
    yield click.style(f"{row['lesson']}  {name}", bold=True)
    yield from ("  " + part for part in table.wrapped(said, page.room - 2, 3))
    runs = render.plural(row["runs"], "run")
    times = render.plural(row["count"], "time")
    late = f", {row['late']} late" if row["late"] else ""
    yield (
        f"  seen {times} in {runs}{late}, first {page.ago(row['first_seen'])}, "
        f"last {page.ago(row['last_seen'])}"
    )
    yield from _state(state, row, page)
    yield from _fix(row["fix"], page)
    yield from _keys(row["keys"], page)
    yield from _statements(row["statements"], page)
    yield from _deliveries(row["deliveries"], page)
    yield from _also_called(row, page)
    yield from _score(row["score"], page)
    yield from _sightings(row["sightings"], page)
    yield from _findings(row["sightings"], page)
    yield from _events(row["sightings"], page)


def _state(state: Row, row: Row, page: _Page) -> Iterable[str]:
    name = render.clean(state["name"])
    why = _BY.get(state["by"], render.clean(state["by"]))
    silent = "" if row["speaks"] else "; it is not told to agents"
    text = f"{name} since {page.ago(state['since'])}"
    text += f": {why}" if why else ""
    text += f"{silent} {_positions(state['because'], page)}"
    yield ""
    yield _heading("Where it stands")
    yield from page.labelled("state", text.strip(), STATE_STYLES.get(name))


def _fix(fix: Row, page: _Page) -> Iterable[str]:
    best = fix["confirmed"]
    if best:
        yield from page.labelled("worked", _told_fix(best, page), "green")
    for one in fix["candidates"]:
        yield from page.labelled("perhaps", _told_fix(one, page))
    if fix["tries"]:
        tried = ", ".join(render.clean(text) for text in fix["tried"][: page.most])
        times = "once" if fix["tries"] == 1 else f"{fix['tries']} times"
        where = _positions(fix["because"], page)
        yield from page.labelled("in vain", f"{times}: {tried} {where}")
    elif not best and not fix["candidates"]:
        yield from page.labelled("fix", "nothing is known to have ended it")


def _told_fix(fix: Row, page: _Page) -> str:
    rule = _RULES.get(fix["rule"], fix["rule"])
    often = render.plural(fix["streaks"], "streak")
    runs = render.plural(fix["runs"], "run")
    where = _positions(fix["because"], page)
    return f"{render.clean(fix['text'])} ({rule}; after {often} in {runs}) {where}"


def _keys(keys: Row, page: _Page) -> Iterable[str]:
    yield ""
    yield _heading(f"Why this is one lesson (recipe {keys['recipe']})")
    if keys["weak"]:
        text = "weak: nothing is known of it but a constant, so it may be several"
        yield from page.labelled("", text, "yellow")
    for number, key in enumerate(keys["of"][: page.most]):
        if number:
            yield ""
        for part in key["parts"]:
            value = render.clean(part["value"])
            yield from page.labelled(render.clean(part["name"]), value)
        times = render.plural(key["count"], "time")
        yield from page.labelled("key", f"{key['key'][:16]}, met {times}")
    yield from page.more(keys["of"])


def _statements(rows: Sequence[Row], page: _Page) -> Iterable[str]:
    if not rows:
        return
    yield ""
    yield _heading("What people said of it")
    for row in rows[: page.most]:
        verb = render.clean(row["type"]).removeprefix("lesson.")
        says = " ".join(
            f"{name} {render.clean(value)}" for name, value in row["says"].items()
        )
        text = f"{says}, {page.ago(row['time'])} (#{row['seq']})"
        yield from page.labelled(verb, text)
    yield from page.more(rows)


def _deliveries(row: Row, page: _Page) -> Iterable[str]:
    if not row["of"]:
        return
    yield ""
    yield _heading("What agents were told")
    if row["count"]:
        moments = ", ".join(
            f"{one['name']} {one['count']}x" for one in row["by_moment"]
        )
        back = (
            "it never came back in that run"
            if not row["came_back"]
            else f"it came back in that run after {row['came_back']} of them"
        )
        text = f"{moments}; last {page.ago(row['last'])}; {back}"
        yield from page.labelled("told", text)
    if row["held"]:
        yield from page.labelled("held out", f"{row['held']}x, to measure its effect")


def _also_called(row: Row, page: _Page) -> Iterable[str]:
    shared = [one for one in row["fingerprints"] if len(one["lessons"]) > 1]
    for one in shared[: page.most]:
        names = one["lessons"][: page.most]
        names += ["..."] if len(one["lessons"]) > page.most else []
        yield ""
        yield from table.wrapped(
            f"{one['failures']} failures share the harness's fingerprint "
            f"{one['fingerprint']}; here they are {len(one['lessons'])} lessons: "
            f"{', '.join(names)}",
            page.room,
            _WHOLE,
        )


def _score(score: Row, page: _Page) -> Iterable[str]:
    names = ("recency", "weight", "match", "effect", "confidence")
    factors = " x ".join(f"{name} {score[name]:.2f}" for name in names)
    yield ""
    yield _heading("What a line of it is worth now")
    yield from page.labelled(f"{score['score']:.3g}", f"= {factors}")


def _sightings(rows: Sequence[Row], page: _Page) -> Iterable[str]:
    yield ""
    cells = [
        [
            Cell(page.ago(row["time"])),
            Cell(render.run(row)),
            Cell(render.iteration(row)),
            Cell(render.clean(row["phase"] or "-")),
            Cell(render.clean(row["kind"]), render.KIND_STYLES.get(row["kind"])),
            Cell(_what(row)),
        ]
        for row in rows[: page.most]
    ]
    yield _heading("When it was met")
    titles = ("when", "run", "iter", "phase", "kind", "how")
    yield from table.tabulate(titles, cells, width=page.room)
    yield from page.more(rows)


def _findings(sightings: Sequence[Row], page: _Page) -> Iterable[str]:
    """What reviewers found, where a review that blocked is the gate."""
    rows = [one for row in sightings for one in row["findings"]]
    if not rows:
        return
    cells = [
        [
            Cell(render.clean(one["severity"] or "-")),
            Cell(render.clean(one["file"] or "-")),
            Cell(render.clean(one["text"] or "-")),
        ]
        for one in rows[: page.most]
    ]
    yield ""
    yield _heading("What reviewers found")
    titles = ("severity", "file", "finding")
    yield from table.tabulate(titles, cells, width=page.room)
    yield from page.more(rows)


def _what(row: Row) -> str:
    code = "" if row["exit_code"] is None else f"exit {row['exit_code']}"
    command = render.clean(row["command"] or "")
    return ", ".join(part for part in (command, code) if part) or "-"


def _events(sightings: Sequence[Row], page: _Page) -> Iterable[str]:
    rows = [event for one in sightings for event in one["events"]]
    unique = list({row["seq"]: row for row in rows}.values())
    yield ""
    yield _heading("What says so")
    yield from _event_table(unique[: page.most], page)
    yield from page.more(unique)


# -- everything else -----------------------------------------------------------


def _event_table(rows: Sequence[Row], page: _Page) -> list[str]:
    cells = [
        [
            Cell(f"#{row['seq']}"),
            Cell(page.ago(row["time"])),
            Cell(render.clean(row["type"])),
            Cell(_source(row)),
        ]
        for row in rows
    ]
    return table.tabulate(("seq", "when", "event", "file"), cells, width=page.room)


def _source(row: Row) -> str:
    path = render.clean(row["source"] or "-")
    return f"(gone) {path}" if row.get("exists") is False else path


def _event(answer: Answer, page: _Page) -> Iterable[str]:
    yield from _event_table([answer["event"]], page)
    if not answer["lessons"] and not answer.get("rounds"):
        yield "No lesson stands on this event."


def _gates(rows: Sequence[Row], page: _Page) -> Iterable[str]:
    for row in rows:
        red = row["state"] == "red"
        gate = render.clean(row["gate"])
        state = click.style(row["state"], fg="red" if red else "green")
        often = f", {row['consecutive']} in a row" if red else ""
        passed = f", last passed {page.ago(row['last_passed'])}"
        seqs = _positions(row["because"], page)
        yield f"gate {gate}: {state}{often}{passed} {seqs}".rstrip()


def _council(answer: Answer, page: _Page) -> Iterable[str]:
    for row in answer["rounds"]:
        when = f"{page.ago(row['time'])}, run {render.run(row)}"
        votes = "".join(
            f", {row[side]} {side}"
            for side in ("approve", "reject")
            if row[side] is not None
        )
        yield click.style(
            f"council: iteration {render.iteration(row)} "
            f"{render.clean(row['outcome'])}{votes}, {when}",
            bold=True,
        )
        for reason in row["reasons"]:
            yield from page.labelled("said", render.clean(reason))
        yield from _event_table(row["events"], page)
    if answer.get("blocks"):
        yield click.style("council: a block stands in its way", bold=True)
        yield from _event_table(answer["blocks"], page)


def _block(row: Row, page: _Page) -> Iterable[str]:
    where = f"run {render.run(row)}, iteration {render.iteration(row)}"
    often = f", {row['times']} times" if row["times"] > 1 else ""
    yield click.style(
        f"A block of {render.size(row['bytes'])}, asked for {page.ago(row['now'])}"
        f"{often}: {where} (#{row['seq']})",
        bold=True,
    )
    for kind, lesson in zip(row["kinds"], row["lines"], strict=False):
        yield f"  {render.clean(kind):<8}  {render.clean(lesson)}"
    left = row["kinds"][len(row["lines"]) :]
    if left:
        yield f"  and {render.plural(len(left), 'line')} of the council"


def _heading(text: str) -> str:
    return click.style(text, bold=True)


def _positions(rows: Sequence[Row], page: _Page) -> str:
    """Where the evidence stands: ``[#12 #15 ... #90]``."""
    seqs = [f"#{row['seq']}" for row in rows]
    if not seqs:
        return ""
    if len(seqs) > page.most:
        seqs = [*seqs[: page.most - 1], "...", seqs[-1]]
    return f"[{' '.join(seqs)}]"
