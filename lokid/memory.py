"""What a log says: its events folded into read models, asked in time.

The engine writes and this reads.  One place decides what an answer may say of
itself: `Freshness`, the same for the daemon and the embedded client.

Promises: an answer names the position it stands on and says ``stale`` with a
reason when it may lack something.  With ``ends`` it is there by then: joining
cannot be interrupted, so it goes on beside, and the answer is that of an empty
log (position 0).  A history that was not read to its end is never told from:
what its first half says may be wrong by its second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from lokid.config import Settings
from lokid.errors import LokidError
from lokid.events import Recorded
from lokid.ingest.outcome import Scan
from lokid.past import Past
from lokid.projection import Answer, Projection
from lokid.reload import Reload
from lokid.views import Views

UNREAD = "deadline: history not read to its end"
"""Why an answer is empty whose deadline passed before the log was joined."""
DAMAGED = "the log is damaged: lokictl doctor"
"""Why an answer may lack what a damaged place of the log held."""
_REPLAY_CHECK = 200
_WAY_BACK = 0.01
"""Seconds before the deadline at which a join is no longer waited for."""


class Freshness(NamedTuple):
    """What an answer may lack.

    ``partial``: what lies there was never read to its end, so what names no cause
    may have one that is still unread: weak lessons are left out (``partial=1`` to
    the read models), and nothing counts as served.  Where all was read a moment
    ago and only the newest scan is late, an answer is stale and no more.
    """

    stale: bool = False
    reason: str | None = None
    partial: bool = False

    def beside_damage(self) -> Freshness:
        """The same of a log that is damaged: what it lost may be missing."""
        return self if self.stale else self._replace(stale=True, reason=DAMAGED)

    @staticmethod
    def of(trouble: str | None, done: Scan | str | None, *, behind: bool) -> Freshness:
        """That of an answer after this scan, or without one for this reason.

        ``behind``: the last scan that ended did not see everything, or none has.
        """
        if trouble or isinstance(done, str):
            return Freshness(stale=True, reason=trouble or str(done), partial=behind)
        if done is None:
            return Freshness()
        if not done.complete:
            return Freshness(stale=True, reason="deadline", partial=True)
        if done.starved or done.unreadable:
            reason = "may not read: " + ", ".join(done.unreadable)
            reason = "too many open files" if done.starved else reason
            return Freshness(stale=True, reason=reason)
        if done.pending:
            return Freshness(reason="being written: " + ", ".join(done.pending))
        return Freshness()


class Memory:
    """See the module; one thread folds and renews, any may ask."""

    def __init__(
        self,
        directory: Path,
        projections: Callable[[], Sequence[Projection]],
        settings: Settings,
        reload: Reload | None = None,
    ) -> None:
        """``directory`` is the log's; ``projections`` makes fresh instances.

        ``reload`` tells of changed settings; without it they stay.
        """
        self.settings = settings
        self.ends: float | None = None
        self._directory = directory
        self._projections = projections
        self._reload = reload
        self.views = self.fresh()
        self._past = Past(directory, projections, settings)

    def replay(
        self,
        history: Iterable[Recorded],
        note: Callable[[Sequence[Recorded]], None],
    ) -> bool:
        """Fold a log from its beginning; False when ``ends`` came before its end."""
        ahead = iter(history)
        while batch := tuple(islice(ahead, _REPLAY_CHECK)):
            if self.is_late():
                self.views = self.fresh()
                return False
            self.views.fold(batch)
            note(batch)
        return True

    def renew(self, history: Sequence[Recorded]) -> None:
        """Take over settings that changed; rules make all lessons anew.

        Whoever asks meanwhile is answered by the old ones.
        """
        if self._reload is None or not self._reload.renew():
            return
        before, self.settings = self.settings, self._reload.settings
        if before.rules == self.settings.rules:
            self.views.heed(self.settings)
        else:
            views = self.fresh()
            views.fold(history)
            with suppress(LokidError):  # joined now, not within the next deadline
                views.query("context", {}, stale=False, reason=None)
            self.views = views
        self._past = Past(self._directory, self._projections, self.settings)

    def query(
        self, name: str, params: Mapping[str, str], fresh: Freshness
    ) -> tuple[Answer, bool]:
        """The answer of a read model, by ``ends``, and whether it is partial.

        With ``as_of`` about the past.
        """
        if "as_of" in params:
            return self._past.query(name, params), False
        asked = {**params, "partial": "1"} if fresh.partial else params
        if self.ends is None:
            return _ask(self.views, name, asked, fresh), fresh.partial
        if not self.is_late():
            answer: Future[Answer] = Future()
            views = self.views

            def work() -> None:
                try:
                    answer.set_result(_ask(views, name, asked, fresh))
                except BaseException as error:  # noqa: BLE001  raised by who asks
                    answer.set_exception(error)

            # not an executor's: nobody waits for this thread at the end
            threading.Thread(target=work, daemon=True).start()
            with suppress(TooLate):
                return answer.result(
                    self.ends - _WAY_BACK - time.monotonic()
                ), fresh.partial
        late = Freshness(stale=True, reason=UNREAD, partial=True)
        return _ask(self.fresh(), name, asked, late), True

    def take_over(self, views: Views) -> None:
        """Answer from these from now on; the past may begin later now."""
        self.views = views
        self._past = Past(self._directory, self._projections, self.settings)

    def told(self) -> dict[str, object]:
        """The settings' part of ``status``."""
        if self._reload is None:
            return {"problem": None, "refused": [], "restart": []}
        return self._reload.told()

    def fresh(self) -> Views:
        """Read models that know nothing yet."""
        return Views(self._projections(), self.settings)

    def is_late(self) -> bool:
        """Whether an answer can only come after its time."""
        return self.ends is not None and time.monotonic() > self.ends - _WAY_BACK


def _ask(
    views: Views, name: str, params: Mapping[str, str], fresh: Freshness
) -> Answer:
    return views.query(name, params, stale=fresh.stale, reason=fresh.reason)
