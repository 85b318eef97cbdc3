"""A plain model of what a lesson's state is, to hold the fold to.

It walks once through all that happened, in order of time, and keeps for each
cause what matters; it knows nothing of keys, logs, arrival or intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Happening(NamedTuple):
    """Something that happened to a cause, or (``good``) to all of them."""

    time: str
    what: str
    cause: str = ""
    place: int = 0
    iteration: int = 0
    by_command: bool = False
    until: str | None = None
    sightings: int | None = None


@dataclass
class Cause:
    """What is known of one cause so far."""

    seen: int = 0
    last: Happening | None = None
    reopened: bool = False
    quiet: int = 0
    resolved: str = ""
    regressed: bool = False
    mute: Happening | None = None
    muted_for: int = 0
    failed: int = 0
    worked: int = 0
    worked_since: int = 0

    def see(self, one: Happening) -> None:
        """It was met (again)."""
        self.regressed = self.regressed or bool(self.resolved)
        self.seen += 1
        self.failed += one.by_command
        self.muted_for += 1
        self.last, self.reopened = one, False
        self.resolved, self.quiet, self.worked_since = "", 0, 0

    def end(self, by: str) -> None:
        """Something shows that it is gone; a person's word stands above others."""
        if self.seen and (by == "person" or not self.resolved):
            self.resolved = by

    def good(self, one: Happening) -> None:
        """An iteration went well; its own does not count."""
        own = self.last and (self.last.place, self.last.iteration)
        if self.seen and own != (one.place, one.iteration):
            self.quiet += 1
            if self.quiet >= 3:
                self.end("quiet")

    def work(self) -> None:
        """Its command worked."""
        self.worked += 1
        self.worked_since += 1
        if self.last and self.last.by_command:
            self.end("command")

    def passes(self, one: Happening) -> None:
        """Its gate passed, in another iteration than it failed in."""
        own = self.last and (self.last.place, self.last.iteration)
        if own != (one.place, one.iteration):
            self.end("gate")

    def say(self, one: Happening) -> None:
        """A person said something of it."""
        if one.what == "mute":
            self.mute, self.muted_for = one, 0
        else:
            self.mute = None
        if one.what == "resolve":
            self.end("person")
        elif one.what == "reopen":
            self.resolved, self.quiet, self.worked_since = "", 0, 0
            self.reopened = True

    def state(self, now: str) -> tuple[str, str]:
        """Name of the state, and who or what brought it about."""
        if self.mute and not self._mute_is_over(self.mute, now):
            return "muted", "person"
        if self.resolved == "person":
            return "resolved", "person"
        chance = (1 + self.failed) / (2 + self.failed + self.worked)
        if self.failed and self.worked_since >= 5 and chance < 0.2:
            return "retired", "command"
        if self.resolved:
            return "resolved", self.resolved
        if self.reopened:
            return "ongoing", "person"
        plain = "new" if self.seen == 1 else "ongoing"
        return ("regressed" if self.regressed else plain), "seen"

    def _mute_is_over(self, mute: Happening, now: str) -> bool:
        over = mute.until is not None and now >= mute.until
        most = mute.sightings
        return over or (most is not None and self.muted_for >= most)


def states(happened: list[Happening], now: str) -> dict[str, tuple[str, str]]:
    """The state of every cause that was seen."""
    causes: dict[str, Cause] = {}
    for one in sorted(happened, key=lambda one: one.time):
        if one.what == "good":
            for cause in causes.values():
                cause.good(one)
            continue
        cause = causes.setdefault(one.cause, Cause())
        if one.what == "seen":
            cause.see(one)
        elif one.what == "worked":
            cause.work()
        elif one.what == "passed":
            cause.passes(one)
        elif cause.seen:
            cause.say(one)
    return {name: one.state(now) for name, one in causes.items() if one.seen}
