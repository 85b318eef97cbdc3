"""``context``: the block at the start of an iteration.

Recent failures, lessons of other runs, and the council's last no; at most so
many lines of each and so many bytes, the most valuable kept.  Nothing to say is
an empty text.  The bytes are a function of the log's position, this renderer's
version, the parameters and ``now``.

One lesson has one line.  What was said to this agent before plays no part: each
iteration is a fresh agent, and its block is complete.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from lokid.events import Recorded, Served
from lokid.projection import Answer
from lokid.prompt import weight
from projections.council_lines import council_lines
from projections.delivery import Delivery
from projections.here import Here, here
from projections.join import Join
from projections.lessons import Lessons
from projections.pinned import MOST, Pins, pins_of
from projections.prior_lines import PriorLines, Told
from projections.recent_lines import recent_lines
from projections.served import Serving, as_served, mark_of
from projections.situation import situation
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


class Block(NamedTuple):
    """All that could be said, the most valuable line of each kind first.

    ``known`` are the lessons of each recent failure that counts.
    """

    lines: list[Line]
    known: list[frozenset[str]]

    def without(self, held: Collection[str]) -> Block:
        """The block as it is given where these lessons are held out."""
        if not held:
            return self
        lines = [line for line in self.lines if line.lesson not in held]
        return Block(lines, [one for one in self.known if not one & set(held)])


class Context(View):
    """Parameters, beside the settings of lines and bytes and ``mark``.

    ``goal phase iteration`` rank; they never filter.  ``partial=1``: not all was
    read yet, so what names no cause has no line.  ``pinned`` names the lines
    of a block that was served, to have it told again (``pinned.py``).
    """

    name = "context"
    hears = (Served,)

    def __init__(self, join: Join, lessons: Lessons) -> None:
        """Both are shared."""
        super().__init__(join, lessons)
        self._delivery = Delivery(join, lessons)
        self._prior = PriorLines(lessons, self._delivery.ending)

    def apply(self, recorded: Recorded) -> None:
        """Remember what was served: what telling it changed ranks it."""
        self._delivery.apply(recorded)

    def query(self, params: Mapping[str, str], now: str) -> Answer:
        """The text, its lines, how many failures found no room, and its bytes."""
        where = here(self.join, params)
        pins = pins_of(params.get("pinned", ""))
        again = self._pinned(pins, now) if pins else None
        block = again or self._block(params, where, now)
        held = self._delivery.held(
            params, where, (line.lesson for line in block.lines if line.lesson)
        )
        held = list(pins.held) if pins and again else held
        text, lines, left_out = self._fit(block.without(held), params)
        served = Serving(where, self.join.seq, now).context(
            text, lines, held, params.get("goal")
        )
        if text and params.get("mark") == "1":
            text = f"{text}\n{mark_of(text, self.join.seq)}"
        answer = {
            "text": text,
            "lines": [line._asdict() for line in lines],
            "left_out": left_out,
            "bytes": len(text.encode()),
        }
        return as_served(answer, served)

    def _block(self, params: Mapping[str, str], where: Here, now: str) -> Block:
        """Everything, before anything is held out or left out for its bytes."""
        most = number(params, "recent_lines", _LINES)
        ending = self._delivery.ending
        partial = params.get("partial") == "1"
        shown, known = recent_lines(
            self.join, self.lessons, ending, now, most, partial=partial
        )
        about = situation(self.join, where, params)
        prior = self._prior.lines(
            self._delivery.rank.ordered(about, now),
            Told(
                frozenset(name for entry in shown for name in entry.lessons),
                frozenset(entry.reads for entry in shown),
            ),
            where.place,
            now,
            number(params, "prior_lines", _LINES),
        )
        council = council_lines(self.join, now)
        lines = [Line(_RECENT, one.lesson, one.text) for one in shown]
        lines += [Line(_PRIOR, one.lesson, one.text) for one in prior]
        most = number(params, "council_lines", _LINES)
        lines += [Line(_COUNCIL, None, text) for text in council[:most]]
        return Block(lines, known)

    def _pinned(self, pins: Pins, now: str) -> Block | None:
        """The block with these lines; None where one of them is not known here."""
        ending = self._delivery.ending
        for most in (_LINES, len(pins.recent), MOST):
            shown, known = recent_lines(self.join, self.lessons, ending, now, most)
            by_lesson = {one.lesson: one for one in shown}
            if by_lesson.keys() >= set(pins.recent):
                break
        else:
            return None
        named = {one.id: one for name in pins.prior for one in self.lessons.find(name)}
        if not named.keys() >= set(pins.prior):
            return None
        prior = self._prior.pinned(named[name] for name in pins.prior)
        council = council_lines(self.join, now)[: pins.council]
        lines = [Line(_RECENT, name, by_lesson[name].text) for name in pins.recent]
        lines += [Line(_PRIOR, one.lesson, one.text) for one in prior]
        lines += [Line(_COUNCIL, None, text) for text in council]
        return Block(lines, known)

    def _fit(
        self, block: Block, params: Mapping[str, str]
    ) -> tuple[str, list[Line], int]:
        """Drop the least valuable lines until the bytes suffice.

        Gives the text without its mark, the lines that are left, and how many
        recent failures no line tells of.
        """
        most = number(params, "max_bytes", _BYTES)
        lines = list(block.lines)
        marked = params.get("mark") == "1"
        while True:
            left_out = _left_out(lines, block.known)
            text = _text(lines, left_out)
            written = text.splitlines()
            if marked and text:
                written.append(mark_of(text, self.join.seq))
            if not lines or weight(written) <= most:
                return text, lines, left_out
            lines.remove(_least(lines))


def _text(lines: list[Line], left_out: int) -> str:
    failures = [line for line in lines if line.kind != _COUNCIL]
    council = [line for line in lines if line.kind == _COUNCIL]
    written = [_HEADER] if failures else []
    written += [line.text for line in failures]
    written += [_COUNCIL_HEADER] if council else []
    written += [line.text for line in council]
    if written and left_out:
        written.append(f"(+{left_out} more: lokictl failures)")
    return "\n".join(written)


def _left_out(lines: list[Line], known: list[frozenset[str]]) -> int:
    """How many recent failures no line tells of, neither as recent nor as prior."""
    told = {line.lesson for line in lines}
    return sum(not lessons & told for lessons in known)


def _least(lines: list[Line]) -> Line:
    """The line to do without: the last prior one, then council's, then recent."""
    for kind in (_PRIOR, _COUNCIL, _RECENT):
        found = [line for line in lines if line.kind == kind]
        if found:
            return found[-1]
    return lines[-1]
