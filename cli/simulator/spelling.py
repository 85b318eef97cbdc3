"""How the harness's writers spell JSON: Python's pretty printer and two shells.

The shell writers escape only backslash, quote and tab, print numbers and words
like ``true`` bare, and let a newline through, which splits their line in two.
"""

from __future__ import annotations

import enum
import json
import re
from typing import Any

_BARE = re.compile(r"[0-9]+\.?[0-9]*|true|false|null")


class Style(enum.Enum):
    """A writer's habit."""

    PRETTY = "pretty"  # Python, indent 2, no final newline
    SORTED = "sorted"  # the same with sorted keys: crash files
    HEREDOC = "heredoc"  # shell, indent 4, final newline
    LINE = "line"  # Python, one line
    SORTED_LINE = "sorted line"  # the same with sorted keys
    COMPACT = "compact"  # shell or Bun, one line without spaces
    EVENT = "event"  # the shell's own JSON: a value's look decides its type


def spelled(body: Any, style: Style) -> str:  # noqa: ANN401 - whatever JSON holds
    """The text of a body; a string stands as it is."""
    if isinstance(body, str):
        return body
    if style is Style.EVENT:
        return _shell(body) + "\n"
    if style in (Style.PRETTY, Style.SORTED):
        return json.dumps(body, indent=2, sort_keys=style is Style.SORTED)
    if style in (Style.LINE, Style.SORTED_LINE):
        return json.dumps(body, sort_keys=style is Style.SORTED_LINE) + "\n"
    if style is Style.HEREDOC:
        return json.dumps(body, indent=4, ensure_ascii=False) + "\n"
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False) + "\n"


def _shell(value: Any) -> str:  # noqa: ANN401  whatever a field or JSON holds
    if isinstance(value, dict):
        pairs = (f'"{key}":{_shell(item)}' for key, item in value.items())
        return "{" + ",".join(pairs) + "}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    text = str(value)
    if _BARE.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
