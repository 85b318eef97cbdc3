"""``explain``: what stands behind a line, a lesson, an event.

Whatever lokid says can be followed back: from the line to its lesson, from there
to the values that made its key, the sightings, their events and the files that
these were read from; to its state and its fix with the events that show them; to
what people said of it, how often it was said to an agent and what came after.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lokid.errors import UsageError
from lokid.events import ContextServed, Event, Recorded
from lokid.projection import Answer
from projections.council import standing_blocks
from projections.council_lines import block_line, reason_lines, verdict_line
from projections.dossier import Dossier, event_row
from projections.explain_line import bare, gates_in, lessons_reading, marked, nearest
from projections.explain_said import named, spoken
from projections.gates import standing
from projections.join import Join
from projections.lessons import Lessons
from projections.view import View

_LESSON = re.compile(r"L[0-9a-f]{1,8}", re.IGNORECASE)
_SEQ = re.compile(r"(?:seq[= ]?|#)?(\d{1,15})")
_LONGEST = 1000  # characters; no line of a block has as many
_ID = re.compile(r"[0-9a-f]{8,32}")
_HINT = "lokictl lessons lists them; paste a line of the block, a lesson or a seq"
_COMPACTED_HINT = "its lesson keeps its record: lokictl lessons lists them"
_MARK_HINT = (
    "it is the last line of lokictl context --mark, like [lokid seq=1204 h=1a2b3c4d]"
)


class Explain(View):
    """Parameters: ``about`` (a lesson, a line, a seq, an event's id) or ``mark``.

    ``goal phase iteration`` say for which moment the score's terms are told.
    """

    name = "explain"
    hears = (Event,)

    def __init__(self, join: Join, lessons: Lessons) -> None:
        """Both are shared."""
        super().__init__(join, lessons)
        self._dossier = Dossier(join, lessons)

    def apply(self, recorded: Recorded) -> None:
        """Remember where each event stands, and what was said by whom."""
        self._dossier.apply(recorded)

    def query(self, params: Mapping[str, str], now: str) -> Answer:
        """``kind``: lesson, check, fix, gates, council, block, event, or nothing.

        Raises UsageError for what nothing is known of; the hint names the
        lessons that come nearest.
        """
        text = bare(params.get("about", "")[:_LONGEST])
        given = params.get("mark", "")
        mark = marked(given) or marked(text)
        if given.strip() and mark is None:
            raise UsageError(f"{given[:60]!r} marks no block", _MARK_HINT)
        self.lessons.settle()
        if mark is not None:
            return self._block(*mark, params, now)
        if not text:
            return {"kind": "nothing", "asked": "", "lessons": []}
        looks = (self._by_id, self._by_event, self._by_gates, self._by_council)
        for look in (*looks, self._by_said):
            answer = look(text, params, now)
            if answer is not None:
                return answer
        return self._by_text(text, params, now)

    # -- what it may be ----------------------------------------------------

    def _by_id(self, text: str, params: Mapping[str, str], now: str) -> Answer | None:
        if not _LESSON.fullmatch(text):
            return None
        found = self.lessons.find("L" + text[1:].lower())
        if not found:
            raise UsageError(f"there is no lesson {text}", _HINT)
        if len(found) > 1:
            names = ", ".join(one.id for one in found)
            if not any(one.id.lower().startswith(text.lower()) for one in found):
                hint = f"say one; or take it back: lokictl split {text} --by none"
                raise UsageError(f"{text} was split into {names}", hint)
            raise UsageError(f"{text} begins more than one lesson", f"say one: {names}")
        return self._dossier.told("lesson", text, found, params, now)

    def _by_event(
        self, text: str, params: Mapping[str, str], now: str
    ) -> Answer | None:
        """A seq, or the id of an event or a failure."""
        number = _SEQ.fullmatch(text)
        if number is None and not _ID.fullmatch(text):
            return None
        if number is not None and int(number[1]) in self._dossier.events:
            seqs = {int(number[1])}
        else:
            seqs = {
                n for n, one in self._dossier.events.items() if one.id.startswith(text)
            }
        if not seqs and number and int(number[1]) <= self._dossier.compacted:
            raise UsageError(f"event {number[1]} was compacted", _COMPACTED_HINT)
        if not seqs:
            raise UsageError(f"the log has no event {text}", _HINT)
        if len(seqs) > 1:
            names = ", ".join(map(str, sorted(seqs)[:5]))
            raise UsageError(f"{text} begins more than one event", f"say one: {names}")
        found = [
            lesson
            for lesson in self.lessons.all()
            if any(seqs & set(one.seqs) for one in lesson.sightings)
        ]
        rounds = [one for one in self.join.rounds() if seqs & set(one.seqs)]
        answer = self._dossier.told("event", text, found, params, now)
        event = self._dossier.events[seqs.pop()]
        return {**answer, "event": event_row(event), **self._dossier.council(rounds)}

    def _by_gates(
        self, text: str, params: Mapping[str, str], now: str
    ) -> Answer | None:
        """The line that all red gates share."""
        named = gates_in(text)
        if not named:
            return None
        cut = tuple(name.removesuffix("...") for name in named)
        found = {
            lesson.id: lesson
            for name in cut
            for lesson in self.lessons.all()
            if any(_is_gate(one.failure, name) for one in lesson.sightings)
        }
        if not found:
            raise UsageError(f"no gate is named {', '.join(named)}", _HINT)
        answer = self._dossier.told("gates", text, found.values(), params, now)
        gates = [standing(self.join, name) for name in cut]
        rows = [
            {
                "gate": one.gate,
                "state": "red" if one.red else "green",
                "consecutive": one.consecutive,
                "last_passed": one.passed,
                "because": self._dossier.look(one.failed.seqs if one.failed else ()),
            }
            for one in gates
        ]
        return {**answer, "gates": rows}

    def _by_council(
        self, text: str, params: Mapping[str, str], now: str
    ) -> Answer | None:
        """A line of the council: how a round ended, a reason, a block."""
        rounds = [
            one
            for one in self.join.rounds()
            if text in (verdict_line(one), *reason_lines(one))
        ]
        blocks = [
            recorded
            for name, recorded in standing_blocks(self.join)
            if text == block_line(name, recorded)
        ]
        if not rounds and not blocks:
            return None
        answer = self._dossier.told("council", text, (), params, now)
        told = self._dossier.council(rounds[-1:])
        told["blocks"] = self._dossier.look(one.seq for one in blocks)
        return {**answer, **told}

    def _by_said(self, text: str, params: Mapping[str, str], now: str) -> Answer | None:
        """A line of check or fix: the first lesson it tells, and why it was said."""
        line = spoken(text)
        known = self.lessons.all()
        found = named(line, known, self._dossier.ends) if line else []
        if line is None or not found:
            return None
        first = found[0]
        answer = self._dossier.told(line.kind, text, [first.lesson], params, now)
        return {
            **answer,
            "reads_like": first.sighting.id,
            "also": [one.lesson.id for one in found[1:]],
            "fired": self._dossier.fired(line, first.lesson),
        }

    def _by_text(self, text: str, params: Mapping[str, str], now: str) -> Answer:
        """A line on a lesson."""
        if text.startswith("(+") or text.endswith(":"):
            hint = "paste a line that begins with a dash; lokictl failures lists all"
            raise UsageError("that line of the block tells no failure", hint)
        found = lessons_reading(text, self.lessons.all())
        said = self._dossier.said_now(text, params, now)
        found.sort(key=lambda one: one.lesson.id != said)
        if not found:
            near = nearest(text, self.lessons.all())
            names = "; ".join(f"{one.id} {one.error_type}" for one in near)
            hint = f"nearest: {names}" if near else _HINT
            raise UsageError(f"no lesson reads like this: {text[:80]}", hint)
        first = found[0]
        answer = self._dossier.told("lesson", text, [first.lesson], params, now)
        also = [one.lesson.id for one in found[1:4]]
        return {**answer, "reads_like": first.sighting.id, "also": also}

    def _block(
        self, position: int, digest: str, params: Mapping[str, str], now: str
    ) -> Answer:
        """What a marked block told, by the record of its delivery."""
        found = [
            one
            for one in self._dossier.blocks.values()
            if isinstance(one.event, ContextServed)
            and one.event.position == position
            and (one.event.digest or "").startswith(digest)
        ]
        text = f"[lokid seq={position} h={digest}]"
        if not found:
            raise UsageError(
                f"no block was recorded as {text}",
                f"lokictl context --as-of {position} makes it again",
            )
        served = min(found, key=lambda one: (one.time, one.id))
        event = served.event
        names = event.lessons if isinstance(event, ContextServed) else ()
        told = [one for name in names for one in self.lessons.find(name)[:1]]
        answer = self._dossier.told("block", text, told, params, now)
        block = {**event_row(served), "lines": list(names), "times": len(found)}
        if isinstance(event, ContextServed):
            block |= {
                "now": event.now,
                "kinds": list(event.kinds),
                "run": event.run,
                "iteration": event.iteration,
                "bytes": event.size,
            }
        return {**answer, "block": block}


def _is_gate(failure: object, name: str) -> bool:
    gate = getattr(failure, "gate", None)
    return isinstance(gate, str) and gate.startswith(name)
