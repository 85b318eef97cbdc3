"""`lokictl doctor`: what is wrong with a memory, in words, and what to do."""

from __future__ import annotations

import click

from cli import render
from cli.options import command, unchecked_workspace

FOUND_PROBLEMS = 1
_STYLES = {"ok": "green", "note": "yellow", "problem": "red"}


@command("doctor", examples=("lokictl doctor", "lokictl doctor --json"))
def doctor(*, as_json: bool) -> int:
    """Look at everything a memory stands on and say what is wrong.

    Changes nothing.  Ends with 1 when there is a problem; a note is none.
    """
    from cli.examination import examine
    from cli.finding import PROBLEM

    found = examine(unchecked_workspace())
    problems = sum(one.level == PROBLEM for one in found)
    if as_json:
        rows = [one._asdict() for one in found]
        render.emit({"schema": 1, "ok": not problems, "findings": rows})
        return FOUND_PROBLEMS if problems else 0
    for one in found:
        level = click.style(f"{one.level:<8}", fg=_STYLES[one.level])
        render.say(f"{level} {one.about:<10} {render.clean(one.said)}")
        if one.remedy:
            render.say(f"{'':<19} -> {render.clean(one.remedy)}")
    render.say()
    if problems:
        render.say(f"{render.plural(problems, 'problem')} found")
        return FOUND_PROBLEMS
    render.say("no problem found")
    return 0
