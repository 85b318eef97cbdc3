"""What was said to each agent session: check and fix say nothing twice.

Folded from the served events.  Two deliveries went to the same agent when their
session ids agree or, where one of the two has none, when run and iteration do; a
block has no session, it is in the prompt of its iteration.  Where nothing is
known of either, what was said counts for an hour.

Only the newest `SESSIONS` are kept: nobody asks about an older one.
"""

from __future__ import annotations

from collections.abc import Iterator

from lokid.events import CheckServed, ContextServed, FixServed, Recorded, Served
from projections.here import Here
from projections.moment import HOUR, at, millis

SESSIONS = 512
_SERVED = (ContextServed, CheckServed, FixServed)

_Key = tuple[str | None, str | None, int | None]
"""Session, run, iteration."""


class Said:
    """What was served, by agent session; shared by check and fix."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._known: dict[_Key, dict[str, Recorded]] = {}
        self._fixes: dict[_Key, dict[str, Recorded]] = {}

    def apply(self, recorded: Recorded) -> None:
        """Remember what was served; anything else is not its business."""
        event = recorded.event
        if not isinstance(event, _SERVED):
            return
        session = None if isinstance(event, ContextServed) else event.session
        key = (session, event.run, event.iteration)
        _note(self._known, key, event.lessons, recorded)
        if isinstance(event, CheckServed):
            _note(self._fixes, key, event.lessons[:1], recorded)
        elif isinstance(event, FixServed):
            _note(self._fixes, key, event.lessons, recorded)

    def lessons(self, here: Here, now: str) -> set[str]:
        """The lessons that this agent was told of already."""
        return {name for known in _of(self._known, here, now) for name in known}

    def fixed(self, here: Here, now: str) -> dict[str, str]:
        """The lessons whose fix check or fix said to it, and when."""
        found: dict[str, str] = {}
        for known in _of(self._fixes, here, now):
            for name, recorded in known.items():
                found[name] = max(found.get(name, ""), _when(recorded))
        return found


def _note(
    book: dict[_Key, dict[str, Recorded]],
    key: _Key,
    lessons: tuple[str, ...],
    recorded: Recorded,
) -> None:
    known = book.pop(key, {})
    for name in lessons:
        older = known.get(name)
        if older is None or _order(older) < _order(recorded):
            known[name] = recorded
    book[key] = known
    if len(book) > SESSIONS:
        del book[next(iter(book))]


def _of(
    book: dict[_Key, dict[str, Recorded]], here: Here, now: str
) -> Iterator[dict[str, Recorded]]:
    """What was said to whoever stands here."""
    for (session, run, iteration), known in book.items():
        if session and here.session:
            if session == here.session:
                yield known
        elif (run, iteration) != (here.run, here.iteration):
            continue
        elif iteration is not None:
            yield known
        else:
            early = millis(now) - HOUR
            yield {name: one for name, one in known.items() if at(one) >= early}


def _order(recorded: Recorded) -> tuple[str, str]:
    return (recorded.time, recorded.id)


def _when(recorded: Recorded) -> str:
    """The moment it was asked for, which may lie before that of its record."""
    event = recorded.event
    asked = event.now if isinstance(event, Served) else None
    return asked or recorded.time
