"""Claude Code's own transcripts: the commands of sessions that no harness ran.

One file of JSON lines is one session (or that of one of its helpers), a message
a line, with the session's id, the folder the agent worked in, and a time.  Its
calls are read as those of the harness's log are (``tool_calls.py``), and only the
results of calls that were executed tell errors: what a file that was read holds,
or what a command that worked has printed, is nobody's failure.

A session that is resumed or forked repeats the lines of the one before it, under
its own id, so a call is known by its own id wherever it stands.

Nothing else is kept: no prompt, no answer, no content of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from lokid import clock
from lokid.events import Fact
from lokid.sources.commands import event_of, heads_in, identity_of
from lokid.sources.tool_calls import Call, calls_in

MOST = 5000
"""Commands of a file that are kept, its newest."""

_CALLS = (b'"tool_use"', b'"tool_result"')
_FOLDER = b'"cwd"'


class _Block(msgspec.Struct):
    tool_use_id: Any = None


class _Message(msgspec.Struct):
    content: msgspec.Raw = msgspec.Raw(b"null")


class _Line(msgspec.Struct):
    """What a line says of itself."""

    sessionId: Any = None  # noqa: N815  Claude Code's own spelling
    agentId: Any = None  # noqa: N815  Claude Code's own spelling
    cwd: Any = None
    timestamp: Any = None
    message: msgspec.Raw = msgspec.Raw(b"null")


class _When(msgspec.Struct, frozen=True):
    """Where and when the result of a call was told."""

    session: str
    time: str | None


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What a file told: its facts, and how many of its lines are broken.

    ``elsewhere`` calls were made in folders that are not wanted, ``left_out``
    are too many.
    """

    facts: tuple[Fact, ...]
    broken: int
    elsewhere: int
    left_out: int


_LINES = msgspec.json.Decoder(_Line)
_MESSAGES = msgspec.json.Decoder(_Message)
_BLOCKS = msgspec.json.Decoder(list[_Block])


def read(lines: Iterable[bytes], wanted: Callable[[str | None], bool]) -> Transcript:
    """The commands of a transcript that were run in folders that are ``wanted``.

    ``wanted`` is asked with the folder as it is written, None where none is.
    Never raises for what a line holds.
    """
    reader = _Reader()
    calls = calls_in(reader.watched(lines))
    told = [(call, heads) for call in calls if (heads := heads_in(call))]
    here = [(call, heads) for call, heads in told if wanted(reader.folder_of(call))]
    kept = here[-MOST:]
    counts: dict[str, int] = {}
    facts = []
    for call, heads in kept:
        when = reader.when(call)
        nth = counts.get(when.session, 0)
        counts[when.session] = nth + 1
        event = event_of(call, heads, when.session, nth)
        identity = identity_of(call, ("transcript", when.session))
        facts.append(Fact(event=event, identity=identity, time=when.time))
    return Transcript(
        facts=tuple(facts),
        broken=reader.broken,
        elsewhere=len(told) - len(here),
        left_out=len(here) - len(kept),
    )


class _Reader:
    """Notes of each result where and when it was told, while calls are read."""

    def __init__(self) -> None:
        self.broken = 0
        self._results: dict[str, _When] = {}
        self._folder: str | None = None

    def watched(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The lines that tell of calls, in the spelling of the printed stream."""
        for written in lines:
            calls = any(mark in written for mark in _CALLS)
            if not calls and (self._folder is not None or _FOLDER not in written):
                continue
            line = _decoded(written)
            if line is None:
                self.broken += 1
                continue
            if self._folder is None and isinstance(line.cwd, str):
                self._folder = line.cwd
            if calls:
                self._note(line)
                yield written.replace(b'"toolUseResult":', b'"tool_use_result":')

    def when(self, call: Call) -> _When:
        """Where and when the result of a call was told."""
        return self._results[call.id]

    def folder_of(self, call: Call) -> str | None:
        """The folder of a call, else the first that the file names."""
        return call.cwd or self._folder

    def _note(self, line: _Line) -> None:
        message = _of(_MESSAGES, line.message)
        blocks = (_of(_BLOCKS, message.content) or []) if message else []
        when = _When(_session(line), clock.parse(line.timestamp))
        for block in blocks:
            if isinstance(block.tool_use_id, str):
                self._results.setdefault(block.tool_use_id, when)


def _session(line: _Line) -> str:
    """The id of the session, or of its helper, as events carry it."""
    parts = [part for part in (line.sessionId, line.agentId) if isinstance(part, str)]
    named = "\n".join(["transcript", *parts]).encode("utf-8", "surrogatepass")
    return blake2b(named, digest_size=16).hexdigest()


def _decoded(written: bytes) -> _Line | None:
    line: _Line | None = _of(_LINES, written)
    if line is None and not written.isascii():
        line = _of(_LINES, written.decode("utf-8", "replace").encode())
    return line


def _of(decoder: msgspec.json.Decoder[Any], raw: Any) -> Any:  # noqa: ANN401  what the decoder gives
    """The value, or None when it is not of that shape."""
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
