"""Provider sessions as the harness's log tells them, file by file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lokid.events import OutputFailed, OutputPassed, Recorded
from projections.moment import FOREVER, HOUR, ZONES, millis
from projections.slots import Slot

_DAY_NAME = re.compile(r"(\d{4})(\d\d)(\d\d)\.log$")
EXIT_EMPTY, EXIT_TURNED = 0, 1  # the provider's exit, and what the harness makes of it


@dataclass(slots=True, eq=False)
class Session:
    """One provider session; times are the markers' own readings."""

    recorded: Recorded
    event: OutputFailed | OutputPassed
    started: int | None
    ended: int | None
    moment: int | None = None  # UTC, once known

    @property
    def clock(self) -> int | None:
        """The reading that says when: the start's, else the end's."""
        return self.ended if self.started is None else self.started

    def suits(self, slot: Slot) -> bool:
        """Whether phase and exit code allow this slot."""
        if self.event.phase is not None and self.event.phase != slot.phase:
            return False
        told, known = self.event.exit_code, slot.exit_code
        return told == known or (told == EXIT_EMPTY and known == EXIT_TURNED)


@dataclass(slots=True, eq=False)
class Log:
    """The sessions of one log file."""

    path: str
    utc: bool = True
    sessions: dict[str, Session] = field(default_factory=dict)
    placed: dict[str, int] = field(default_factory=dict)
    matched: dict[int, Session] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)  # of slots, by session's id

    def whole(self) -> list[Session]:
        """Its sessions, without those whose head was cut off in a later reading."""
        full = {
            (one.ended, one.event.exit_code)
            for one in self.sessions.values()
            if one.started is not None and one.ended is not None
        }
        return [
            one
            for one in self.sessions.values()
            if one.started is not None or (one.ended, one.event.exit_code) not in full
        ]

    def twin(self, session: Session) -> Session:
        """The whole reading of a session whose head was cut off, else itself."""
        if session.started is not None or session.ended is None:
            return session
        mark = (session.ended, session.event.exit_code)
        whole = [
            one
            for one in self.sessions.values()
            if one.started is not None and (one.ended, one.event.exit_code) == mark
        ]
        return min(whole, key=lambda one: one.recorded.id, default=session)

    def span(self) -> tuple[int, int]:
        """The moments its day can cover in any zone; all when it names no day."""
        day = _DAY_NAME.search(self.path)
        start = millis("{}-{}-{}T00:00:00.000Z".format(*day.groups())) if day else 0
        if not start:
            return -FOREVER, FOREVER
        return start - ZONES, start + 24 * HOUR + ZONES
