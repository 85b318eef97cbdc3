"""A history on stage: played by the simulator, read as any workspace is read.

The workspace and its state are temporary and leave no trace.  What failed and
why is the history's own truth, which the simulator never writes, so that a wrong
key, a lost command or a wrong join counts against us.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cli.replays.material import Material, Past, of_iterations
from cli.replays.progress import Progress
from cli.simulator import Iteration, Options, Simulator, read_history
from lokid.config import Settings
from lokid.engine import Engine
from lokid.errors import UsageError
from lokid.events import Recorded
from lokid.log import LogReader
from lokid.paths import Workspace, find_workspace
from lokid.sources import SOURCES
from projections.attempts import Attempt
from projections.lesson import Sighting
from projections.replay import Turn, Use

_IN_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
"""Where the stage stands if there is such a place: it is thousands of files that
nobody keeps."""

_Place = tuple[int, int | None]


def of_history(file: Path, progress: Progress) -> Material:
    """A history's story, judged by its own causes.

    Raises `UsageError` for a history that cannot be read or cannot have been.
    """
    story = list(read_history(file))
    if not story:
        message = f"there is no iteration in {file.name}"
        raise UsageError(message, "one JSON object a line; docs/simulator.md tells")
    with _stage() as workspace:
        facts = _played(story, workspace, progress)
    return judged(story, Past(facts, ()))


def _played(
    story: Sequence[Iteration], workspace: Workspace, progress: Progress
) -> list[Recorded]:
    """The log of a workspace in which this story happened."""
    progress.begin("playing the history, iteration", len(story))
    simulator = Simulator(workspace.root, Options(times="history"))
    deque(simulator.steps(_counted(story, progress)), maxlen=0)
    engine = Engine(workspace, Settings(), SOURCES, lambda: ())
    engine.open()
    try:
        engine.scan()
    finally:
        engine.close()
    return list(LogReader(workspace.log).read())


def _counted(story: Sequence[Iteration], progress: Progress) -> Iterator[Iteration]:
    for item in story:
        progress.step()
        yield item


@contextmanager
def _stage() -> Iterator[Workspace]:
    fast = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(prefix="lokid-replay-", dir=fast) as folder:
        root = Path(folder) / "work"
        root.mkdir()
        state = {"LOKID_STATE_DIR": str(Path(folder) / "state")}
        yield find_workspace(str(root), {**os.environ, **state})


def judged(story: Sequence[Iteration], past: Past) -> Material:
    """What happened in a story, with what the log knows of it."""
    places = {run: n for n, run in enumerate(dict.fromkeys(i.run for i in story), 1)}
    rows: dict[_Place, Iteration] = {
        (places[item.run], item.iteration): item for item in story
    }
    slots = {(slot.run.index, slot.iteration): slot for slot in past.slots()}
    turns, known, missed = [], [], 0
    for place, item in rows.items():
        attempts = {one.nth: one for one in past.attempts.get(place, ())}
        uses, lost = _uses(item, attempts)
        missed += lost
        turns.append(Turn(place[0], item.iteration, item.time, uses))
        known.append(past.known_at(slots.get((place[0], item.iteration)), item.time))
    return Material(
        facts=past.facts,
        turns=turns,
        known=known,
        failures=of_iterations(past.join),
        cause_of=lambda seen: _cause(seen, rows),
        missed=missed,
    )


def _uses(
    item: Iteration, attempts: Mapping[int, Attempt]
) -> tuple[tuple[Use, ...], int]:
    """The commands of an iteration, and how many failed ones the log lacks."""
    uses, lost = [], 0
    for nth, command in enumerate(item.commands):
        if command.exit_code == 0:
            uses.append(Use(command.command))
            continue
        found = attempts.get(nth)
        family = found.key.family if found and found.key else None
        lost += family is None
        cause = command.trap or item.trap or f"exit {command.exit_code}"
        uses.append(Use(command.command, cause, family))
    if item.exit and item.trap and not any(use.cause for use in uses):
        uses.append(Use("", item.trap))
    return tuple(uses), lost


def _cause(seen: Sighting, rows: Mapping[_Place, Iteration]) -> str:
    """The truth about a sighting; one that fits nothing is a cause of its own."""
    item = rows.get((seen.place, seen.iteration))
    if item is None:
        return seen.id
    attempt = seen.attempt
    if isinstance(attempt, Attempt) and attempt.nth < len(item.commands):
        return item.commands[attempt.nth].trap or item.trap or seen.id
    return item.trap or seen.id
