"""What a failed command printed, as the log would keep it.

Whoever asks for a fix hands over raw text.  It is read by the same extractor
and held to the same rules as what the log's source reads, so that the same
failure has the same key; nothing else of the text is looked at or kept.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lokid.extract import error_of
from lokid.names import symbol
from lokid.scrub import line

_EXIT = re.compile(r"(?:Error: )?Exit code (-?\d{1,10})\s*(?:\n|$)")


class Printed(NamedTuple):
    """The error line, scrubbed, the places it was raised at, and the exit code.

    A hook's text may begin with a line ``Exit code N``.
    """

    line: str | None
    places: tuple[str, ...]
    exit_code: int | None


def printed(text: str) -> Printed:
    """What a text tells of a failure; nothing where it tells of none."""
    code = _EXIT.match(text)
    error = error_of(text[code.end() if code else 0 :].splitlines())
    told = line(error.line) if error and error.line else None
    places = (symbol(raw) for raw in error.places) if error else ()
    return Printed(
        told or None, tuple(filter(None, places)), int(code[1]) if code else None
    )
