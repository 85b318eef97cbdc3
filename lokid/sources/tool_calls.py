"""Tool calls in Claude's stream-json: what was asked for, and how it ended.

A call is a ``tool_use`` block with the ``tool_result`` block that names its id.
Of a result that is an error the text is told, of any other nothing; of what was
asked for only the command or the file.  The provider's own facts that are used
here (its printed output shows them):

* A command that failed has ``is_error`` and a text that begins with a line
  ``Exit code N``.  A ``tool_use_result`` beside the message may hold the exit
  code too, and says whether a person interrupted the command.
* What was never run (a permission that was refused, a call that was cancelled
  or blocked) is an error as well, in fixed words; newer versions list it in
  ``tool_result_meta`` with a ``non_execution_kind``.
* A command that was put in the background has not ended.

It never raises: a line that is no such message says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from lokid.sources.values import integer, rows, table

SHELL = "Bash"
EDITORS = frozenset({"Edit", "MultiEdit", "NotebookEdit", "Write"})

_MARKS = (b'"tool_use"', b'"tool_result"', b'"cwd"')
_EXIT = re.compile(r"(?:Error: )?Exit code (-?\d{1,10})\s*(?:\n|$)")
_TOOL_ERROR = re.compile(r"<tool_use_error>(.*?)(?:</tool_use_error>|$)", re.DOTALL)
_NOT_RUN = re.compile(
    r"(?:<tool_use_error>|Error: )?(?:The user doesn't want to "
    r"|Claude requested permissions? to |Permission (?:to use|for this action) "
    r"|This (?:Bash )?command (?:requires approval|contains multiple operations)"
    r"|\[Request interrupted by user|Cancelled: parallel tool call|Blocked: "
    r"|PreToolUse\b|Hook PreToolUse\b)"
)
_BACKGROUND = re.compile(
    rb'"Command (?:running in background with ID'
    rb"|did not complete within .{1,40} moved to the background)"
)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call that ended.

    ``nth`` counts the calls that were asked for, in their order.  ``command`` is that
    of a shell, ``file`` that of any other tool, ``cwd`` where the agent worked.
    ``lines`` is the error's text, without the line of the exit code.
    """

    id: str
    nth: int
    tool: str
    command: str | None = None
    file: str | None = None
    cwd: str | None = None
    failed: bool = False
    exit_code: int | None = None
    lines: tuple[str, ...] = ()


class _Block(msgspec.Struct):
    """A part of a message; what may be long is not decoded before it is asked for."""

    type: Any = None
    id: Any = None
    name: Any = None
    input: msgspec.Raw = msgspec.Raw(b"null")
    tool_use_id: Any = None
    is_error: Any = None
    content: msgspec.Raw = msgspec.Raw(b"null")


class _Message(msgspec.Struct):
    content: msgspec.Raw = msgspec.Raw(b"null")


class _Line(msgspec.Struct):
    type: Any = None
    cwd: Any = None
    message: msgspec.Raw = msgspec.Raw(b"null")
    tool_use_result: msgspec.Raw = msgspec.Raw(b"null")
    tool_result_meta: msgspec.Raw = msgspec.Raw(b"null")


class _Input(msgspec.Struct):
    command: Any = None
    file_path: Any = None
    notebook_path: Any = None
    path: Any = None
    run_in_background: Any = None


class _Told(msgspec.Struct):
    """What stands beside a result, where that is an object."""

    interrupted: Any = None
    exit_code: Any = None
    exitCode: Any = None  # noqa: N815  the provider's own spelling
    code: Any = None


class _Asked(msgspec.Struct, frozen=True):
    nth: int
    tool: str
    wanted: _Input
    cwd: str | None


_LINES = msgspec.json.Decoder(_Line)
_MESSAGES = msgspec.json.Decoder(_Message)
_BLOCKS = msgspec.json.Decoder(list[_Block])
_INPUTS = msgspec.json.Decoder(_Input)
_BESIDE = msgspec.json.Decoder(_Told)


def calls_in(lines: Iterable[bytes]) -> list[Call]:
    """The calls that ended, in the order in which they were asked for."""
    asked: dict[str, _Asked] = {}
    ended: dict[str, Call] = {}
    cwd: str | None = None
    count = 0
    for written in lines:
        line = _line(written)
        if line is None:
            continue
        if isinstance(line.cwd, str):
            cwd = line.cwd
        for block in _blocks(line):
            if block.type == "tool_use" and line.type == "assistant":
                name = _name(block.id)
                if name and name not in asked:
                    tool = block.name if isinstance(block.name, str) else ""
                    wanted = _of(_INPUTS, block.input) or _Input()
                    asked[name] = _Asked(count, tool, wanted, cwd)
                    count += 1
            elif block.type == "tool_result" and line.type == "user":
                name = _name(block.tool_use_id)
                if name in asked and name not in ended:
                    call = _call(name, asked[name], block, line)
                    if call is not None:
                        ended[name] = call
    return sorted(ended.values(), key=lambda call: call.nth)


def texts(content: object) -> Iterator[str]:
    """Text, or a list of texts or of ``{type: text, text}`` blocks."""
    for part in [content] if isinstance(content, str) else rows(content):
        said = part if isinstance(part, str) else table(part).get("text")
        if isinstance(said, str):
            yield said


# -- reading a line ------------------------------------------------------------


def _line(written: bytes) -> _Line | None:
    if not any(mark in written for mark in _MARKS):
        return None
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


def _blocks(line: _Line) -> list[_Block]:
    message = _of(_MESSAGES, line.message)
    return (_of(_BLOCKS, message.content) or []) if message else []


def _name(value: object) -> str:
    return value if isinstance(value, str) else ""


# -- one call ------------------------------------------------------------------


def _call(name: str, asked: _Asked, block: _Block, line: _Line) -> Call | None:
    """The call with its result; None when it was not run, or goes on."""
    beside = _of(_BESIDE, line.tool_use_result) or _Told()
    if beside.interrupted is True or _was_refused(name, line):
        return None
    failed = block.is_error is True
    shell = asked.tool == SHELL
    text = _text(block) if failed else ""
    wanted = asked.wanted
    if failed and (_NOT_RUN.match(text) or (shell and _TOOL_ERROR.match(text))):
        return None
    if shell and not failed and _goes_on(wanted, block):
        return None
    code, lines = _error(text, beside) if failed else (None, ())
    return Call(
        id=name,
        nth=asked.nth,
        tool=asked.tool,
        command=_or_none(wanted.command) if shell else None,
        file=None if shell else _file(wanted),
        cwd=asked.cwd,
        failed=failed,
        exit_code=code,
        lines=lines,
    )


def _was_refused(name: str, line: _Line) -> bool:
    try:
        listed = msgspec.json.decode(line.tool_result_meta)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return any(
        row.get("id") == name and row.get("non_execution_kind")
        for row in map(table, rows(listed))
    )


def _goes_on(wanted: _Input, block: _Block) -> bool:
    """Whether a command was put in the background."""
    begins = bytes(memoryview(block.content)[:200])
    return wanted.run_in_background is True or bool(_BACKGROUND.match(begins))


def _text(block: _Block) -> str:
    try:
        content = msgspec.json.decode(block.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return "\n".join(texts(content))


def _error(text: str, beside: _Told) -> tuple[int | None, tuple[str, ...]]:
    """The exit code and the lines of a failed call."""
    code = next(
        (
            told
            for told in map(integer, (beside.exit_code, beside.exitCode, beside.code))
            if told is not None
        ),
        None,
    )
    if found := _EXIT.match(text):
        code = int(found[1]) if code is None else code
        text = text[found.end() :]
    if found := _TOOL_ERROR.match(text):
        text = found[1]
    return code, tuple(text.splitlines())


def _file(wanted: _Input) -> str | None:
    known = map(_or_none, (wanted.file_path, wanted.notebook_path, wanted.path))
    return next((file for file in known if file), None)


def _or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None
