"""`lokictl demo`: what `make run` shows, on a simulated run or on your own.

Nothing in it is staged but the harness: a real daemon watches a real folder,
each block comes from `lokictl context`, each table from the daemon.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import council, ending, failures, launch, lessons, render, status, table
from cli.options import chosen_workspace, command
from lokid import clock
from lokid.client import Client
from lokid.paths import Workspace, find_workspace

if TYPE_CHECKING:
    from cli.simulator import Iteration

HARNESS_LINE = (
    "declare -F lokid_own_retrieve_memory_context >/dev/null || "
    "! declare -F retrieve_memory_context >/dev/null || "
    '{ eval "lokid_own_$(declare -f retrieve_memory_context)"; '
    "retrieve_memory_context() { command -v lokictl >/dev/null || "
    '{ echo "lokid: no lokictl on PATH, the harness keeps its own block" >&2; '
    'lokid_own_retrieve_memory_context "$@"; return; }; '
    'LOKI_FAILURE_MEMORY=0 lokid_own_retrieve_memory_context "$@"; '
    'lokictl -C "${TARGET_DIR:-.}" context --goal "${1-}" 2>/dev/null || true; }; }'
)
"""The line for the harness, as docs/harness.md has it (a test compares them)."""

WIDEST = 100
PAUSE = 1.6
"""Seconds to read a block, on a terminal."""
DEADLINE_MS = 5000
_GUTTER = "  | "


@command(
    "demo",
    answers=False,
    examples=("lokictl demo", "lokictl demo --keep", "lokictl demo --workspace ~/app"),
)
@click.option("--fast", is_flag=True, help="Leave no time to read.")
@click.option("--keep", is_flag=True, help="Keep the simulated workspace and its log.")
def demo(*, fast: bool, keep: bool) -> None:
    """Show lokid at work, on a simulated run or on your own.

    Without --workspace it plays a harness's run into a temporary workspace under
    a live daemon and shows the block before each iteration, then what was
    learned.  With it, it shows the same of that workspace and changes nothing
    in it.  Either way it ends by itself.
    """
    chosen = chosen_workspace()
    if chosen is not None:
        _tour(chosen)
        return
    with _scratch(keep=keep) as place:
        _play(place, PAUSE if sys.stdout.isatty() and not fast else 0.0)
        _tables(place)
        _farewell(place, keep=keep)


# -- a simulated run ----------------------------------------------------------


@contextmanager
def _scratch(*, keep: bool) -> Iterator[Workspace]:
    """A workspace with its state, both gone at the end, under a live daemon."""
    folder = Path(tempfile.mkdtemp(prefix="lokid-demo-"))
    for name in [name for name in os.environ if name.startswith(("LOKI_", "LOKID_"))]:
        del os.environ[name]  # what you set for your own work plays no part here
    os.environ["LOKID_STATE_DIR"] = str(folder / "state")
    root = folder / "shop"
    root.mkdir()
    place = find_workspace(str(root), os.environ)
    try:
        pid = launch.start(place)
        render.heading("An agent that loops, and a memory beside it")
        render.say(f"workspace  {place.root} (empty, temporary)")
        render.say(f"daemon     pid {pid} watches it; nothing leaves this machine")
        try:
            yield place
        finally:
            ending.stop(place)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _play(place: Workspace, pause: float) -> None:
    from cli.simulator import Simulator, demo_history

    story = demo_history()
    length = clock.to_seconds(story[-1].ended) - clock.to_seconds(story[0].time)
    story = demo_history(datetime.now(UTC) - timedelta(seconds=length))  # ends now
    by_number = {(item.run, item.iteration): item for item in story}
    render.say()
    render.heading(f'The harness works on "{story[0].goal}"')
    render.say("Before each iteration: what lokictl context gives it for its prompt.")
    current = None
    for step in Simulator(place.root).steps(story):
        number = (step.run, step.iteration)
        if step.iteration and number != current:
            if current:
                _outcome(by_number[current])
            current = number
            something = _before(place, by_number[number])
            time.sleep(pause if something else pause / 4)  # for its reader
    if current:
        _outcome(by_number[current])
    render.say()


def _before(place: Workspace, item: Iteration) -> bool:
    """Print the block for an iteration; False when there is none."""
    render.say()
    render.heading(f"run {item.run}, iteration {item.iteration} ({item.rarv})")
    options = ["--goal", item.goal, "--phase", item.rarv]
    options += ["--iteration", str(item.iteration), "--deadline", str(DEADLINE_MS)]
    return show_block(place, options, "nothing to tell yet")


def _outcome(item: Iteration) -> None:
    """What happened then, by the script: the memory does not know this text."""
    failed = [one.command for one in item.commands if one.exit_code]
    if item.provider == "killed":
        said = "it was stopped by a signal"
    elif item.provider == "empty":
        said = "the provider said nothing at all"
    elif failed:
        said = f"it ran {failed[-1]}: exit {item.exit}"
    else:
        said = "it worked" if not item.exit else f"exit {item.exit}"
    if item.red_gates:
        said += f"; gate {', '.join(sorted(item.red_gates))} is red"
    if item.council:
        said += f"; the council: {item.council.outcome}"
    colour = "red" if item.exit else "green"
    render.say(click.style("  then ", fg=colour) + said)


# -- a workspace of one's own -------------------------------------------------


def _tour(place: Workspace) -> None:
    """Show what lokid makes of a workspace; leave it as it was."""
    pid, ours = launch.ensure(place)
    try:
        verb = "started for this" if ours else "was running already"
        render.heading(f"What lokid makes of {render.clean(place.root)}")
        render.say(f"daemon     pid {pid}, {verb}; it only reads there")
        render.say()
        render.heading("The next prompt would be told (lokictl context)")
        show_block(place, ["--deadline", str(DEADLINE_MS)], "nothing to tell")
        render.say()
        _tables(place)
        render.heading("Status (lokictl status)")
        status.show(Client(place).get("status"))
        render.say()
    finally:
        if ours:
            ending.stop(place)
    _next_steps(str(place.root))


# -- both ---------------------------------------------------------------------


def show_block(place: Workspace, options: list[str], otherwise: str) -> bool:
    """Run `lokictl context` and print what it prints, wrapped beside a line.

    False when it printed nothing.
    """
    asked = [*launch.lokictl(), "-C", str(place.root), "context", *options]
    done = subprocess.run(  # noqa: S603  our own package, by absolute path
        asked, capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines() or [f"({otherwise})"]
    width = _width() - len(_GUTTER)
    for line in lines:
        hanging = "  " if line.startswith("- ") else ""
        for part in textwrap.wrap(render.clean(line), width, subsequent_indent=hanging):
            render.say(click.style(_GUTTER, dim=True) + part)
    for line in done.stderr.splitlines():
        render.note(render.clean(line))
    return bool(done.stdout)


def _tables(place: Workspace) -> None:
    client = Client(place)
    width = _width()
    told = client.get("failures", {"limit": str(failures.SHOWN)})
    render.heading("What failed (lokictl failures)")
    if told["failures"]:
        failures.show(told, width=width)
    else:
        render.say("nothing yet")
    render.say()
    told = client.get("lessons")
    render.heading("What to learn from it, across runs (lokictl lessons)")
    if told["lessons"]:
        lessons.show(told, width=width)
    else:
        render.say("nothing yet")
    render.say()
    render.heading("What the council said (lokictl council)")
    if not council.show(client.get("council"), width=width):
        render.say("nothing yet")
    render.say()


def _farewell(place: Workspace, *, keep: bool) -> None:
    render.heading("The log")
    told = Client(place).get("status")["log"]
    held = f"{render.plural(told['seq'], 'event')}, {render.size(told['bytes'])}"
    after = "kept" if keep else "removed now; --keep keeps it"
    render.say(f"All of this was folded from {held} ({after}):")
    render.say(f"  {place.log}")
    render.say()
    _next_steps("/path/to/your/workspace")


def _next_steps(root: str) -> None:
    beside = Path(sys.executable).with_name("lokictl")
    name = "lokictl" if shutil.which("lokictl") or not beside.exists() else str(beside)
    ask = f"  {render.clean(name)} -C {render.clean(root)}"
    render.heading("Your own workspace")
    render.say(f"{ask} up       start its daemon")
    render.say(f"{ask} context  what the next prompt gets")
    if name != "lokictl":
        render.say("  (uv tool install . or pipx install . puts it on your PATH)")
    render.say()
    render.say("The line for your harness (docs/harness.md says where it goes):")
    render.say()
    render.say(HARNESS_LINE)


def _width() -> int:
    return min(table.terminal_width(), WIDEST)
