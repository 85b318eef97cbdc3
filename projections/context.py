"""``context``: the block at the start of an iteration.

Recent failures, lessons of other runs, and the council's last no; at most so
many lines of each and so many bytes, the most valuable kept.  Nothing to say is
an empty text.  The bytes are a function of the log's position, this renderer's
version, the parameters and ``now``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from lokid.projection import Answer
from lokid.prompt import weight
from projections.council_lines import council_lines
from projections.join import Join
from projections.keys import lesson_of
from projections.lessons import Lessons
from projections.prior_lines import PriorLines
from projections.recent_lines import recent_lines
from projections.view import View, number

_HEADER = "PAST FAILURES TO AVOID:"
_COUNCIL_HEADER = "COUNCIL STATE:"
_RECENT, _PRIOR, _COUNCIL = "recent", "prior", "council"
_LINES, _BYTES = 3, 1800


class Line(NamedTuple):
    """One line of the block: its kind, the lesson it tells, its text."""

    kind: str
    lesson: str | None
    text: str


class Context(View):
    """Parameters, beside the settings of lines and bytes and ``mark``.

    ``goal phase iteration`` rank; they never filter.
    """

    name = "context"

    def __init__(self, join: Join, lessons: Lessons) -> None:
        """Both are shared."""
        super().__init__(join, lessons)
        self._prior = PriorLines(join)

    def query(self, params: Mapping[str, str], now: str) -> Answer:
        """The text, its lines, how many failures found no room, and its bytes."""
        self.join.settle()
        most = number(params, "recent_lines", _LINES)
        shown, known = recent_lines(self.join, now, most)
        told = {key for entry in shown for key in entry.keys}
        prior = self._prior.lines(params, told, number(params, "prior_lines", _LINES))
        council = council_lines(self.join, now)
        lines = [Line(_RECENT, one.lesson, one.text) for one in shown]
        lines += [Line(_PRIOR, one.lesson, one.text) for one in prior]
        most = number(params, "council_lines", _LINES)
        lines += [Line(_COUNCIL, None, text) for text in council[:most]]
        return self._fit(lines, known, params)

    def _fit(
        self, lines: list[Line], known: list[frozenset[str]], params: Mapping[str, str]
    ) -> Answer:
        """Drop the least valuable lines until the bytes suffice."""
        most = number(params, "max_bytes", _BYTES)
        marked = params.get("mark") == "1"
        left_out = _left_out(lines, known)
        text = self._text(lines, left_out, marked=marked)
        while lines and weight(text.splitlines()) > most:
            lines.remove(_least(lines))
            left_out = _left_out(lines, known)
            text = self._text(lines, left_out, marked=marked)
        return {
            "text": text,
            "lines": [line._asdict() for line in lines],
            "left_out": left_out,
            "bytes": len(text.encode()),
        }

    def _text(self, lines: list[Line], left_out: int, *, marked: bool) -> str:
        failures = [line for line in lines if line.kind != _COUNCIL]
        council = [line for line in lines if line.kind == _COUNCIL]
        written = [_HEADER] if failures else []
        written += [line.text for line in failures]
        written += [_COUNCIL_HEADER] if council else []
        written += [line.text for line in council]
        if written and left_out:
            written.append(f"(+{left_out} more: lokictl failures)")
        if written and marked:
            digest = hashlib.blake2b("\n".join(written).encode(), digest_size=4)
            written.append(f"[lokid seq={self.join.seq} h={digest.hexdigest()}]")
        return "\n".join(written)


def _left_out(lines: list[Line], known: list[frozenset[str]]) -> int:
    """How many recent failures no line tells of, neither as recent nor as prior."""
    told = {line.lesson for line in lines}
    return sum(not {lesson_of(key) for key in keys} & told for keys in known)


def _least(lines: list[Line]) -> Line:
    """The line to do without: the last prior one, then council's, then recent."""
    for kind in (_PRIOR, _COUNCIL, _RECENT):
        found = [line for line in lines if line.kind == kind]
        if found:
            return found[-1]
    return lines[-1]
