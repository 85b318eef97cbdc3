"""`lokictl import`: fill the log from what lies elsewhere, with its true times.

From a ``.loki`` tree (the workspace's own, a copy, a backup) and from the
transcripts of Claude Code.  All is read in this process; what is new is handed
over oldest first, to the daemon where one runs, else to an engine of our own.
To do it twice changes nothing: a fact is known by what it is, not by when it was
imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import click
import msgspec

from cli import render
from cli.options import command, memory_is_on, workspace
from cli.table import Cell, tabulate
from lokid import imports
from lokid.client import Client
from lokid.config import Settings
from lokid.errors import DaemonMissing, ProtocolMismatch, UsageError
from lokid.imports import Found
from lokid.ingest.haul import Haul, Tally, read_tree
from lokid.ingest.index import Index
from lokid.ingest.transcripts import files_of, named_files, projects, read_transcripts
from lokid.log import LogReader
from lokid.paths import Workspace
from lokid.projection import Answer
from lokid.sources import SOURCES

_BATCH = 1000
_LEFT = {
    "elsewhere": "commands were run in other workspaces (--any-workspace takes them)",
    "left_out": "commands of endless sessions were left out, their oldest",
    "broken": "lines of transcripts cannot be read",
    "refused": "transcripts cannot be opened",
}


@command(
    "import",
    examples=(
        "lokictl import                       # the workspace's own .loki",
        "lokictl import ~/backup/shop --dry-run",
        "lokictl import --transcripts         # what Claude Code did here",
        "lokictl import --transcripts --from ~/old/.claude/projects/-src-shop",
    ),
)
@click.argument(
    "tree",
    metavar="[DIR]",
    required=False,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--transcripts",
    is_flag=True,
    help="Claude Code's transcripts: the commands its sessions ran here.",
)
@click.option(
    "--from",
    "named",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="With --transcripts: this file, or folder of them, instead of ~/.claude.",
)
@click.option(
    "--any-workspace",
    is_flag=True,
    help="With --transcripts: also what was run in other folders.",
)
@click.option("--dry-run", is_flag=True, help="Say what is new; append nothing.")
def importing(  # noqa: PLR0913  one argument an option
    *,
    tree: Path | None,
    transcripts: bool,
    named: tuple[Path, ...],
    any_workspace: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Fill the log from a .loki tree or from transcripts.

    Without DIR the workspace's own .loki is read; with --transcripts only what
    Claude Code wrote down of its sessions in this workspace, and DIR if it is
    named.  Of a transcript the commands are kept, how they ended and what the
    failed ones said.

    Says for each source what was read, of which time, and how much of it is
    new.  To import twice changes nothing.
    """
    from cli.ask import settings_of

    place = workspace()
    if not memory_is_on():
        message = "LOKI_FAILURE_MEMORY=0: nothing is imported"
        raise UsageError(message, "unset it, or set it to 1")
    settings = settings_of(place)
    index = _index_of(place)
    if (named or any_workspace) and not transcripts:
        message = "--from and --any-workspace are said of transcripts"
        raise UsageError(message, "add --transcripts")
    loki = _loki_of(tree) if tree else None if transcripts else place.loki
    haul = Haul(index, foreign=loki is not None and not _same(loki, place.loki))
    done = read_tree(loki, SOURCES, settings, index, haul) if loki else None
    read = None
    if transcripts:
        root = None if any_workspace else place.root
        files = named_files(named) or files_of(projects(os.environ), root)
        read = read_transcripts(files, root, haul)
    found = haul.new()
    if not dry_run:
        deliver(place, settings, found)
    told = {
        "schema": 1,
        "dry_run": dry_run,
        "tree": str(loki) if loki else None,
        "transcripts": msgspec.structs.asdict(read) if read else None,
        "sources": [_row(name, one) for name, one in haul.tallies.items()],
        "new": len(found),
        "known": sum(one.known for one in haul.tallies.values()),
        "rejected": sum(one.rejected for one in haul.tallies.values()),
        "pending": list(done.pending) if done else [],
        "unreadable": list(done.unreadable) if done else [],
    }
    if as_json:
        render.emit(told)
    else:
        show(told)


def deliver(place: Workspace, settings: Settings, found: Sequence[Found]) -> None:
    """Have facts appended and made durable, by the daemon or by an engine of ours.

    Raises UsageError when the daemon's memory is off, WriterExists when somebody
    who does not answer keeps the lock, StorageError, DiskFull.  What was handed
    over by then is kept; to do it again gives the rest.
    """
    from cli.ask import PATIENCE, engine

    if not found:
        return
    try:
        client = Client(place)
        for body in imports.bodies(found):
            client.take_in(body)
    except ProtocolMismatch:
        raise
    except DaemonMissing:
        own = engine(place, settings)
        own.open(lock_wait=PATIENCE)
        try:
            for batch in _batches(found):
                own.take_in(batch)
        finally:
            own.close()


def show(told: Answer) -> None:
    """Print what was read, and what came of it."""
    rows = [
        [
            Cell(row["source"]),
            Cell(str(row["files"])),
            Cell(str(row["new"] + row["known"])),
            Cell(str(row["new"]), "green" if row["new"] else None),
            Cell(_span(row)),
        ]
        for row in told["sources"]
    ]
    if rows:
        titles = ("source", "files", "facts", "new", "of")
        render.say_all(tabulate(titles, rows))
    else:
        render.say("nothing was found to import")
    new, known = told["new"], told["known"]
    ending = "would be appended" if told["dry_run"] else "appended"
    render.say(f"{render.plural(new, 'fact')} {ending}, {known:,} known already")
    if told["rejected"]:
        broken = render.plural(told["rejected"], "file or line")
        render.note(f"lokictl: {broken} could not be read and told nothing")
    read = told["transcripts"] or {}
    for key, what in _LEFT.items():
        if read.get(key):
            render.note(f"lokictl: {read[key]:,} {what}")
    for what in ("pending", "unreadable"):
        if told[what]:
            names = ", ".join(map(render.clean, told[what]))
            render.note(f"lokictl: {what}: {names}")


def _index_of(place: Workspace) -> Index:
    """What the log holds; it is only read."""
    index = Index()
    for recorded in LogReader(place.log).read():
        index.note(recorded)
    return index


def _loki_of(tree: Path) -> Path:
    """The ``.loki`` that a folder is, or holds."""
    if tree.name == ".loki":
        return tree
    if (tree / ".loki").is_dir():
        return tree / ".loki"
    message = f"there is no .loki in {tree}"
    raise UsageError(message, "name a workspace, or a .loki folder itself")


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _batches(found: Sequence[Found]) -> Iterator[list[Found]]:
    waiting = iter(found)
    while batch := list(islice(waiting, _BATCH)):
        yield batch


def _row(name: str, tally: Tally) -> Answer:
    return {"source": name, **msgspec.structs.asdict(tally)}


def _span(row: Answer) -> str:
    if not row["first"]:
        return "-"
    first, last = (
        row["first"][:16].replace("T", " "),
        row["last"][:16].replace("T", " "),
    )
    return first if first == last else f"{first} to {last}"
