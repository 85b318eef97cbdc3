"""The commands of a provider session: the head of each, and how it ended.

Of each shell command that was run only its head is kept, and of one that failed
its exit code, error line and places, all scrubbed.  A tool that edits files is
told with its file, since that is how a fix shows; any other tool only when it
failed.  The log itself is unscrubbed: nothing else of it leaves this module.

A session tells at most `MOST` commands, its newest; that more were there is said
by one ``source.skipped``.
"""

from __future__ import annotations

import posixpath
import re

from lokid.command import heads_of
from lokid.events import CommandFailed, CommandWorked, Event, Fact, SourceSkipped, Src
from lokid.extract import FAILED, Error, error_of
from lokid.head_words import head, head_word, is_placeholder
from lokid.redact import line, symbol
from lokid.source import Chunk
from lokid.sources.sessions import Session
from lokid.sources.tool_calls import EDITORS, SHELL, Call, calls_in

MOST = 400
"""Commands of a session that are kept."""

_NAMED = re.compile(r"(?:^|(?<=: ))([\w./+-]+)(?=:|$)")
_DRAWN = re.compile(r"toolu_[A-Za-z0-9_]{20,}")


def facts_of(chunk: Chunk, session: Session, name: str, time: str | None) -> list[Fact]:
    """The commands of a session; ``name`` is its id, ``time`` that of its end."""
    calls = calls_in(session.body_lines(chunk.data))
    told = [(call, known) for call in calls if (known := heads_in(call))]
    where = ("command", chunk.path, session.end.text)
    src = Src(path=chunk.path)
    facts = []
    if len(told) > MOST:
        left = SourceSkipped(source="commands", reason="too_many")
        facts.append(Fact(event=left, identity=(*where, ""), time=time, src=src))
    for nth, (call, known) in enumerate(told):
        if nth >= len(told) - MOST:
            event = event_of(call, known, name, nth)
            identity = identity_of(call, where)
            facts.append(Fact(event=event, identity=identity, time=time, src=src))
    return facts


def identity_of(call: Call, where: tuple[str, ...]) -> tuple[str, ...]:
    """What a call is known by.

    Its own id where nobody else can have it: the same call may stand in the
    harness's log, in the provider's own transcript, and in those of sessions that
    repeat it.  A short id counts only ``where`` it was read.
    """
    return ("call", call.id) if _DRAWN.fullmatch(call.id) else (*where, call.id)


def heads_in(call: Call) -> tuple[str, ...]:
    """The heads of a call that is kept, the main one first; none: it says nothing."""
    if call.tool == SHELL:
        return heads_of(call.command or "")
    if call.failed or call.tool in EDITORS:
        return _tool_head(call)
    return ()


def error_in(call: Call) -> Error | None:
    """What a failed call says of its cause, raw."""
    found = error_of([FAILED, *call.lines])
    said = next(filter(str.strip, call.lines), None)
    if found is None and said and call.tool != SHELL:
        return Error(line=said)  # a tool's own words, not a program's
    return found


def event_of(call: Call, heads: tuple[str, ...], session: str, nth: int) -> Event:
    """The fact that a call ended as it did, ``nth`` of its ``session``."""
    if not call.failed:
        return CommandWorked(head=heads[0], session=session, nth=nth)
    error = error_in(call) or Error(line=None)
    return CommandFailed(
        head=_blamed(heads, error.line or ""),
        session=session,
        nth=nth,
        exit_code=call.exit_code,
        error_line=None if error.line is None else line(error.line),
        places=tuple(name for raw in error.places if (name := symbol(raw))),
    )


def _blamed(heads: tuple[str, ...], error: str) -> str:
    """The command of a line that its error names, else the main one.

    A program names itself first (``psql: no such database``); of one that is
    missing the shell says so (``line 1: jq: command not found``).
    """
    named = set(_NAMED.findall(error))
    return next((one for one in heads if one.split()[0] in named), heads[0])


def _tool_head(call: Call) -> tuple[str, ...]:
    """The tool and its file, relative to where the agent worked."""
    tool = head_word(call.tool)
    if is_placeholder(tool):
        return ()
    file = head_word(_relative(call.file, call.cwd)) if call.file else ""
    return (head(tool if is_placeholder(file) else f"{tool} {file}".rstrip()),)


def _relative(file: str, cwd: str | None) -> str:
    """A file as seen from the agent's folder; from elsewhere its name alone."""
    if not posixpath.isabs(file):
        return posixpath.normpath(file)
    if cwd and posixpath.isabs(cwd):
        inside = posixpath.relpath(file, cwd)
        if not inside.startswith(".."):
            return inside
    return posixpath.basename(file)
