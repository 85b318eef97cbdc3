"""`lokictl replay`: what a policy would have said, and whether it came in time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import render
from cli.options import command, workspace

if TYPE_CHECKING:
    from cli.replays.answer import Setup
    from cli.replays.progress import Progress


@command(
    "replay",
    examples=(
        "lokictl replay",
        "lokictl replay --policy wide.toml --json",
        "lokictl replay --history h.jsonl",
        "lokictl replay --history h.jsonl --control unrelated",
    ),
)
@click.option(
    "--history",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Play this history into a workspace of its own and judge by its truth "
    '("-" reads it from standard input).',
)
@click.option(
    "--policy",
    "files",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Policies of your own, a TOML table each; beside the built-in ones.",
)
@click.option(
    "--control",
    type=click.Choice(("unrelated", "shuffled")),
    help="Ask check about commands that never failed here; each fire is false.",
)
def replay(
    *,
    history: Path | None,
    files: tuple[Path, ...],
    control: str | None,
    as_json: bool,
) -> None:
    """Tell the log again and ask each policy what it would have said.

    Before each iteration a policy is asked for its block, before each command
    for a check, as of that moment.  Counted is which repeats of a failure it
    reached in time, how often it spoke in vain, and what that cost.  Nothing is
    written, no agent and no model is asked: it measures what was said, not
    whether anybody would have listened.
    """
    from cli.replays.answer import controlled, replayed
    from cli.replays.policies import BUILT_IN, read_policies
    from cli.replays.progress import Progress
    from cli.replays.report import show, show_controls

    policies = (*BUILT_IN, *(one for file in files for one in read_policies(file)))
    progress = Progress()
    setup = _of_log(progress) if history is None else _of_history(history, progress)
    if not setup.material.turns:
        render.nothing("nothing has happened in this workspace yet", workspace())
        return
    answer = (
        controlled(setup, policies, control) if control else replayed(setup, policies)
    )
    if as_json:
        render.emit(answer)
    elif control:
        show_controls(answer)
    else:
        show(answer)


def _of_history(history: Path, progress: Progress) -> Setup:
    from cli.replays.answer import Setup
    from cli.replays.staged import of_history
    from lokid.config import Settings

    file = Path("/dev/stdin") if history == Path("-") else history
    return Setup(of_history(file, progress), Settings(), progress)


def _of_log(progress: Progress) -> Setup:
    """The log of the workspace, after everything on disk was read."""
    from cli import ask
    from cli.replays.answer import Setup
    from cli.replays.material import of_log
    from lokid.log import LogReader

    place = workspace()
    settings = ask.settings_of(place)
    render.note_freshness(ask.query(place, "iterations", {"limit": "1"}))
    facts = LogReader(place.log).read() if place.log.is_dir() else ()
    return Setup(of_log(facts, settings.rules), settings, progress)
