"""``fix``: right after a failure, what worked the last time; else nothing.

The failure is known again by its key, made of what it printed exactly as the
log's source makes it.  Where it printed nothing that says an error, it is known
by its command, if only one thing ever went wrong with that.

Nothing is said where no fix was confirmed, where the fix is the very command
that just failed, or where check or fix told this agent session of the same fix
already.  A lesson that somebody resolved has just come back: its fix is said.
"""

from __future__ import annotations

from collections.abc import Mapping

from lokid.command import base_of, heads_of, programs_of
from lokid.events import Recorded, Served
from lokid.projection import Answer
from projections.attempts import key_of_command
from projections.delivery import Delivery
from projections.fixes import Fix
from projections.here import Here, here
from projections.join import Join
from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.printed import Printed, printed
from projections.said import Said
from projections.served import Serving, as_served
from projections.view import View
from projections.warning import Warned, remedy

_KEPT_SILENT = frozenset({"muted", "ignored"})


class Remedy(View):
    """Parameters: ``command error exit_code``; ``session iteration``."""

    name = "fix"
    hears = (Served,)

    def __init__(self, join: Join, lessons: Lessons) -> None:
        """Both are shared."""
        super().__init__(join, lessons)
        self._delivery = Delivery(join, lessons)
        self._said = Said()

    def apply(self, recorded: Recorded) -> None:
        """Remember what was said to whom."""
        self._said.apply(recorded)

    def query(self, params: Mapping[str, str], now: str) -> Answer:
        """The line (or nothing), the head it is about, the lesson whose fix it is."""
        where = here(self.join, params)
        heads = heads_of(params.get("command", ""))
        lesson = self._lesson(params, heads)
        fix = self._fix(lesson, heads, where, now) if lesson else None
        if lesson is None or fix is None:
            return _answer("", None, [])
        head = base_of(heads[0]) if heads else ""
        held = self._delivery.held(params, where, [lesson.id])
        about = Warned(head, [lesson])
        text = "" if held else remedy(about, self._delivery.ending, now)
        names = [] if held else [lesson.id]
        event = Serving(where, self.join.seq, now).fix(text, names, held, head or None)
        return as_served(_answer(text, head if text and head else None, names), event)

    def _lesson(
        self, params: Mapping[str, str], heads: tuple[str, ...]
    ) -> Lesson | None:
        """The lesson that this failure is, if it can be told."""
        told = printed(params.get("error", ""))
        if told.line or told.places:
            return self._of_key(told, params)
        known = {
            one.id: one for head in heads for one in self.lessons.of_base(base_of(head))
        }
        for program in programs_of(params.get("command", "")):
            known |= {one.id: one for one in self.lessons.needing(program)}
        return next(iter(known.values())) if len(known) == 1 else None

    def _of_key(self, told: Printed, params: Mapping[str, str]) -> Lesson | None:
        code = _code(params.get("exit_code", ""))
        code = told.exit_code if code is None else code
        key = key_of_command(told.line, told.places, code, None)
        return self.lessons.of_key(key.key)

    def _fix(
        self, lesson: Lesson, heads: tuple[str, ...], where: Here, now: str
    ) -> Fix | None:
        """The confirmed fix, unless it is better not said."""
        if self.lessons.state(lesson, now).name in _KEPT_SILENT:
            return None
        fix = self._delivery.fixes.of(lesson).fix
        if fix is None or fix.head in heads:
            return None
        told = self._said.fixed(where, now).get(lesson.id)
        if told is not None:
            before = self._delivery.fixes.of(lesson, until=told).fix
            if before is not None and before.text == fix.text:
                return None
        return fix


def _code(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text[:10]) if digits.isascii() and digits.isdigit() else None


def _answer(text: str, head: str | None, lessons: list[str]) -> Answer:
    return {
        "text": text,
        "head": head,
        "lessons": lessons,
        "bytes": len(text.encode()),
    }
