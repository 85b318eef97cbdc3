"""Claude Code's transcripts on disk: which files, and their lines.

They lie in ``~/.claude/projects/<folder with dashes>/`` (``CLAUDE_CONFIG_DIR``
moves it).  The folder's name is made from the one the session began in and
cannot be read back, so it only says where to look; what counts is the folder
that each line names.

Nothing but regular files is opened (a FIFO must not hang us), a line longer than
`LINE_BYTES` is passed over, and memory stays flat whatever a file's size.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from lokid.errors import UsageError
from lokid.ingest.haul import Haul, Tally
from lokid.sources import transcript

LINE_BYTES = 8 << 20
"""Longest line that is read: results hold pictures."""
NAME = "transcripts"

_PLAIN = re.compile(r"[^A-Za-z0-9]")
_BLOCK = 1 << 18
_GLOBS = ("*.jsonl", "*/subagents/*.jsonl")


class Transcripts(msgspec.Struct, kw_only=True):
    """What was read of transcripts, beside the tally of their facts.

    ``elsewhere``: commands of other workspaces; ``left_out``: too many of one
    session; ``broken``: lines that cannot be read; ``refused``: files.
    """

    files: int = 0
    elsewhere: int = 0
    left_out: int = 0
    broken: int = 0
    refused: int = 0


def projects(environ: Mapping[str, str]) -> Path:
    """Where Claude Code keeps the transcripts of all its sessions."""
    moved = environ.get("CLAUDE_CONFIG_DIR")
    home = (
        Path(moved)
        if moved
        else Path(environ.get("HOME") or "~").expanduser() / ".claude"
    )
    return home / "projects"


def files_of(folder: Path, root: Path | None) -> list[Path]:
    """The transcripts below Claude Code's folder, in order of name.

    ``root``: only those of sessions that began in this workspace or below it.
    """
    try:
        found = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        return []
    if root is not None:
        mine = _PLAIN.sub("-", str(root))
        found = [one for one in found if one == mine or one.startswith(mine + "-")]
    return [file for name in found for file in _within(folder / name)]


def named_files(paths: tuple[Path, ...]) -> list[Path]:
    """The transcripts that somebody names: files, or folders of them.

    Raises UsageError for a name that is neither.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = [*_within(path), *sorted(path.glob("*/*.jsonl"))]
            found += dict.fromkeys(
                [*below, *sorted(path.glob("*/*/subagents/*.jsonl"))]
            )
        elif path.exists():
            found.append(path)
        else:
            message = f"there is no transcript {path}"
            raise UsageError(message, "name a .jsonl file or a folder of them")
    return found


def read_transcripts(files: list[Path], root: Path | None, haul: Haul) -> Transcripts:
    """Read transcripts into ``haul``.

    ``root``: take only what was run in this workspace; None takes all.
    """
    told = Transcripts()
    wanted = _anywhere if root is None else belongs_to(root)
    for file in files:
        try:
            found = transcript.read(lines_of(file), wanted)
        except OSError:
            told.refused += 1
            continue
        told.files += 1
        told.elsewhere += found.elsewhere
        told.left_out += found.left_out
        told.broken += found.broken
        for fact in found.facts:
            haul.propose(NAME, fact)
    if told.files:
        haul.tallies.setdefault(NAME, Tally()).files = told.files
    return told


def lines_of(file: Path) -> Iterator[bytes]:
    """The lines of a regular file, the endless ones left out; raises OSError."""
    handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            message = "not a regular file"
            raise OSError(message)
        rest = b""
        endless = False
        while block := os.read(handle, _BLOCK):
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                if not endless:
                    yield line
                endless = False
            if len(rest) > LINE_BYTES:
                rest, endless = b"", True
        if rest and not endless:
            yield rest
    finally:
        os.close(handle)


def belongs_to(root: Path) -> Callable[[str | None], bool]:
    """Says whether a folder is of the workspace ``root`` (a real path)."""
    known: dict[str | None, bool] = {None: False}

    def belongs(folder: str | None) -> bool:
        if folder not in known:
            known[folder] = _is_within(folder or "", root)
        return known[folder]

    return belongs


def _is_within(folder: str, root: Path) -> bool:
    """At the root or below it, with no other workspace in between."""
    if not Path(folder).is_absolute() or "\0" in folder:
        return False
    at = Path(os.path.realpath(folder))
    while at != root:
        if at == at.parent or (at / ".loki").is_dir():
            return False
        at = at.parent
    return True


def _anywhere(_: str | None) -> bool:
    return True


def _within(folder: Path) -> list[Path]:
    return [file for glob in _GLOBS for file in sorted(folder.glob(glob))]
