"""What the provider prints in an iteration, as the raw log carries it.

With stream-json each command of the history is a ``tool_use`` and a
``tool_result``; the command's output stands in the result and nowhere else,
after a line with the exit code where it failed.  What remains of the history's
output is the agent's own text.  A provider that speaks plain text prints the
history's output as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cli.simulator.history import Command, Iteration

_RATE_LIMITED = (
    'API Error: 429 {"type":"error","error":{"type":"rate_limit_error",'
    '"message":"too many tokens in this minute"}}'
)


def printed(item: Iteration, session: str) -> list[str]:
    """The raw output in the pieces in which it arrives; joined it is the body.

    The last piece need not end with a newline.
    """
    match item.provider:
        case "empty" | "not_called":
            return []
        case "text":
            return [item.output] if item.output else []
        case "rate_limited":
            return [_line(_init(session)), _line(_failed(item, _RATE_LIMITED))]
        case _:
            return list(_pieces(item, session))


def own_words(item: Iteration) -> list[str]:
    """The lines of the output that are no command's: the agent's own text."""
    rest = f"\n{item.output}\n"
    for command in item.commands:
        if command.output:
            rest = rest.replace(f"\n{command.output}\n", "\n", 1)
    return [line for line in rest.split("\n") if line]


def _pieces(item: Iteration, session: str) -> Iterator[str]:
    words = own_words(item)
    blamed = any(command.exit_code for command in item.commands)
    plain = bool(item.exit) and not blamed and item.provider == "stream"
    texts = [] if plain else words
    yield _line(_init(session))
    for number, command in enumerate(item.commands):
        if number < len(texts):
            yield _line(_said(texts[number]))
        yield from _pair(command, f"toolu_{session[:8]}{number:04d}")
    for text in texts[len(item.commands) :]:
        yield _line(_said(text))
    if item.provider == "killed" or item.unfinished:
        whole = _line(_said("I will go on with the next file of the plan."))
        yield whole[: len(whole) // 2]
    elif plain:
        yield "\n".join(words)
    elif item.exit:
        yield _line(_failed(item, None))
    else:
        yield _line(_done(item, texts[-1] if texts else "done"))


def _pair(command: Command, mark: str) -> Iterator[str]:
    use = {
        "type": "tool_use",
        "id": mark,
        "name": "Bash",
        "input": {"command": command.command},
    }
    result = {
        "tool_use_id": mark,
        "type": "tool_result",
        "content": _content(command),
        "is_error": command.exit_code != 0,
    }
    yield _line(_message("assistant", use))
    yield _line(_message("user", result))


def _content(command: Command) -> str:
    """What the provider prints of a command: of a failure its exit code, too."""
    if not command.exit_code:
        return command.output
    return f"Exit code {command.exit_code}\n{command.output}".rstrip("\n")


def _init(session: str) -> dict[str, Any]:
    return {"type": "system", "subtype": "init", "session_id": session}


def _said(text: str) -> dict[str, Any]:
    return _message("assistant", {"type": "text", "text": text})


def _message(role: str, part: dict[str, Any]) -> dict[str, Any]:
    return {"type": role, "message": {"role": role, "content": [part]}}


def _done(item: Iteration, text: str) -> dict[str, Any]:
    return {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "num_turns": len(item.commands) + 1,
        "result": text,
        "total_cost_usd": 0.02,
        "usage": {"input_tokens": 2100, "output_tokens": 480},
    }


def _failed(item: Iteration, text: str | None) -> dict[str, Any]:
    body = {
        "type": "result",
        "subtype": "error_during_execution",
        "is_error": True,
        "num_turns": len(item.commands) + 1,
    }
    return body if text is None else {**body, "result": text}


def _line(body: dict[str, Any]) -> str:
    return json.dumps(body) + "\n"
