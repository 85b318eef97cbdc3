"""What a model's provider answers when it does not answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import Extractor, Found, Sample, by_pattern

_STATUS = re.compile(r"API Error \((?P<status>[45]\d\d)\b(?P<body>.*)")
_TYPE = re.compile(r'"type":\s*"(?P<type>[a-z_]+_error)"')
_MESSAGE = re.compile(r'"message":\s*"(?P<said>[^"]+)"')
_OTHER = re.compile(
    r"API Error(?:: | \()(?P<said>(?:Request timed out|Connection|Stream|Overloaded"
    r"|terminated|fetch failed|socket)\b[^()\u00b7]*?)\.?\)?(?: \u00b7 .*)?$"
)


def _refused(lines: Sequence[str], at: int) -> Found | None:
    """``API Error (529 {...})``, said while it is tried again."""
    found = _STATUS.match(lines[at].strip())
    if found is None:
        return None
    kind, message = _TYPE.search(found["body"]), _MESSAGE.search(found["body"])
    said = [one for one in (kind and kind["type"], message and message["said"]) if one]
    return Found(": ".join([f"HTTP {found['status']}", *said]))


def _lost(lines: Sequence[str], at: int) -> Found | None:
    """No answer at all: the connection, or the time."""
    found = _OTHER.match(lines[at].strip())
    if found is None:
        return None
    said = found["said"]
    return Found(f"timeout: {said}" if "timed out" in said else f"provider: {said}")


EXTRACTORS = (
    Extractor(
        name="provider refuses",
        words=("API Error (",),
        find=_refused,
        samples=(
            Sample(
                'API Error (529 {"type":"error","error":{"type":"overloaded_error",'
                '"message":"Overloaded"}}) \u00b7 Retrying in 9 seconds',
                "HTTP 529: overloaded_error: Overloaded",
                "HTTP 529",
            ),
        ),
    ),
    Extractor(
        name="provider is lost",
        words=("API Error",),
        find=_lost,
        samples=(
            Sample(
                "API Error: Connection error.",
                "provider: Connection error",
                "provider error",
            ),
            Sample(
                "API Error (Request timed out.) \u00b7 Retrying in 9 seconds",
                "timeout: Request timed out",
                "timeout",
            ),
        ),
    ),
    Extractor(
        name="provider's words",
        words=("Prompt is too long", "stream disconnected"),
        find=by_pattern(
            r"(?:ERROR:? |stream error: )?(?P<said>Prompt is too long"
            r"|stream disconnected before completion)\b(?:$|[:;.]).*",
            "provider: {said}",
        ),
        samples=(
            Sample(
                "Prompt is too long",
                "provider: Prompt is too long",
                "provider error",
            ),
            Sample(
                "stream error: stream disconnected before completion: closed",
                "provider: stream disconnected before completion",
                "provider error",
            ),
        ),
    ),
)
