"""The dossier of a lesson, as text: the sections that `lokictl explain` prints.

Sections that have nothing to say are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cli import render, table
from cli.lessons import STATE_STYLES
from cli.page import Page, Row, heading
from cli.table import Cell

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
_TERMS = {
    "match": "fits what is being worked on",
    "effect": "what telling it was measured to change",
    "confidence": "its command worked last time",
}
"""What moves a score beside when it was seen and in how many runs."""
_LEAST_TERM = 0.005  # of a factor: less is 0 %


def lesson(row: Row, page: Page) -> Iterable[str]:
    """Everything that is known of a lesson, line by line."""
    state = row["state"]
    name = render.clean(row["error_type"])
    said = render.clean(row["message"])
    yield from page.text(f"{row['lesson']}  {name}", bold=True)
    yield from ("  " + part for part in table.wrapped(said, page.room - 2, 3))
    runs = render.plural(row["runs"], "run")
    times = render.plural(row["count"], "time")
    late = f", {row['late']} late" if row["late"] else ""
    seen = f"seen {times} in {runs}{late}, first {page.ago(row['first_seen'])}, "
    seen += f"last {page.ago(row['last_seen'])}"
    yield from ("  " + part for part in table.wrapped(seen, page.room - 2))
    yield from _state(state, row, page)
    yield from _fix(row["fix"], page)
    yield from _keys(row["keys"], page)
    yield from _statements(row["statements"], page)
    yield from _deliveries(row["deliveries"], page)
    yield from _also_called(row, page)
    yield from _score(row, page)
    yield from _sightings(row["sightings"], page)
    yield from _findings(row["sightings"], page)
    yield from _events(row["sightings"], page)


def _state(state: Row, row: Row, page: Page) -> Iterable[str]:
    name = render.clean(state["name"])
    why = _BY.get(state["by"], render.clean(state["by"]))
    silent = "" if row["speaks"] else "; it is not told to agents"
    text = f"{name} since {page.ago(state['since'])}"
    text += _mute(state["mute"]) if state["mute"] else ""
    text += f": {why}" if why else ""
    text += f"{silent} {page.positions(state['because'])}"
    yield ""
    yield heading("Where it stands")
    yield from page.labelled("state", text.strip(), STATE_STYLES.get(name))


def _mute(mute: Row) -> str:
    """How long it holds yet."""
    if mute["until"]:
        return f" until {mute['until'][:16].replace('T', ' ')} UTC"
    if mute["sightings"]:
        most = render.plural(mute["sightings"], "sighting")
        return f" for {mute['left']} more of {most}"
    return " for good"


def _fix(fix: Row, page: Page) -> Iterable[str]:
    best = fix["confirmed"]
    if best:
        yield from page.labelled("worked", _told_fix(best, page), "green")
    for one in fix["candidates"]:
        yield from page.labelled("perhaps", _told_fix(one, page))
    if fix["tries"]:
        tried = ", ".join(render.clean(text) for text in fix["tried"][: page.most])
        times = "once" if fix["tries"] == 1 else f"{fix['tries']} times"
        where = page.positions(fix["because"])
        yield from page.labelled("in vain", f"{times}: {tried} {where}")
    elif not best and not fix["candidates"]:
        yield from page.labelled("fix", "nothing is known to have ended it")


def _told_fix(fix: Row, page: Page) -> str:
    rule = _RULES.get(fix["rule"], fix["rule"])
    often = render.plural(fix["streaks"], "streak")
    runs = render.plural(fix["runs"], "run")
    where = page.positions(fix["because"])
    return f"{render.clean(fix['text'])} ({rule}; after {often} in {runs}) {where}"


def _keys(keys: Row, page: Page) -> Iterable[str]:
    yield ""
    yield heading(f"Why this is one lesson (recipe {keys['recipe']})")
    if keys["weak"]:
        text = "weak: nothing is known of it but a constant, so it may be several"
        yield from page.labelled("", text, "yellow")
    if keys["own"]:
        for rule in keys["rules"]:
            text = f"family {rule['family']}, for what matches {rule['match']!r}"
            where = rule["file"] or "no file says so any more: restart the daemon"
            yield from page.labelled("rule", render.clean(f"{text} ({where})"))
        yield from page.labelled("its key", render.clean(keys["own"]))
        yield ""
        yield from page.text("  Joined by that rule:")
    for number, key in enumerate(keys["of"][: page.most]):
        if number:
            yield ""
        for part in key["parts"]:
            value = render.clean(part["value"])
            yield from page.labelled(render.clean(part["name"]), value)
        times = render.plural(key["count"], "time")
        yield from page.labelled("key", f"{key['key'][:16]}, met {times}")
    yield from page.more(keys["of"])


def _statements(rows: Sequence[Row], page: Page) -> Iterable[str]:
    if not rows:
        return
    yield ""
    yield heading("What people said of it")
    for row in rows[: page.most]:
        verb = render.clean(row["type"]).removeprefix("lesson.")
        says = " ".join(
            f"{name} {render.clean(value)}" for name, value in row["says"].items()
        )
        text = f"{says}, {page.ago(row['time'])} (#{row['seq']})"
        yield from page.labelled(verb, text)
    yield from page.more(rows)


def _deliveries(row: Row, page: Page) -> Iterable[str]:
    if not row["of"]:
        return
    yield ""
    yield heading("What agents were told")
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


def _also_called(row: Row, page: Page) -> Iterable[str]:
    shared = [
        one
        for one in row["fingerprints"]
        if len(one["lessons"]) > 1 and page.first(("fingerprint", one["fingerprint"]))
    ]
    for one in shared[: page.most]:
        names = one["lessons"][: page.most]
        names += ["..."] if len(one["lessons"]) > page.most else []
        yield ""
        yield from page.text(
            f"{one['failures']} failures share the harness's fingerprint "
            f"{one['fingerprint']}; here they are {len(one['lessons'])} lessons: "
            f"{', '.join(names)}"
        )


def _score(row: Row, page: Page) -> Iterable[str]:
    score = row["score"]
    place = f"rank {score['rank']} of {score['of']}"
    place = place if score["rank"] else "no rank while it is not told"
    terms = [
        f"last seen {page.ago(row['last_seen'])}",
        f"in {render.plural(row['runs'], 'run')}",
        *(
            f"{words} ({score[name] - 1:+.0%})"
            for name, words in _TERMS.items()
            if abs(score[name] - 1) >= _LEAST_TERM
        ),
    ]
    yield ""
    yield heading("What a line of it is worth now")
    yield from page.labelled("worth", f"{place}: {', '.join(terms)}")


def _sightings(rows: Sequence[Row], page: Page) -> Iterable[str]:
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
    yield heading("When it was met")
    titles = ("when", "run", "iter", "phase", "kind", "how")
    yield from table.tabulate(titles, cells, width=page.room)
    yield from page.more(rows)


def _findings(sightings: Sequence[Row], page: Page) -> Iterable[str]:
    """What reviewers found, where a review that blocked is the gate."""
    rows = [
        one
        for row in sightings
        for one in row["findings"]
        if page.first(("finding", one["severity"], one["file"], one["text"]))
    ]
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
    yield heading("What reviewers found")
    titles = ("severity", "file", "finding")
    yield from table.tabulate(titles, cells, width=page.room)
    yield from page.more(rows)


def _what(row: Row) -> str:
    code = "" if row["exit_code"] is None else f"exit {row['exit_code']}"
    command = render.clean(row["command"] or "")
    return ", ".join(part for part in (command, code) if part) or "-"


def _events(sightings: Sequence[Row], page: Page) -> Iterable[str]:
    rows = [event for one in sightings for event in one["events"]]
    unique = list({row["seq"]: row for row in rows}.values())
    yield ""
    yield heading("What says so")
    yield from page.events(unique[: page.most])
    yield from page.more(unique)
