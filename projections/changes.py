"""What changed: for each run, the earliest moment from which to join it again."""

from __future__ import annotations

from projections.moment import FOREVER, SECOND

ALL = -FOREVER


class Changes:
    """Runs by index, each with the earliest moment that something changed."""

    def __init__(self) -> None:
        """Begin with nothing changed."""
        self._since: dict[int, int] = {}

    def mark(self, run: int, moment: int = ALL) -> None:
        """Something of a run changed at ``moment``, or all of it."""
        self._since[run] = min(moment, self._since.get(run, FOREVER))

    def runs(self) -> list[int]:
        """The runs in which something changed, in order."""
        return sorted(self._since)

    def since(self, run: int) -> int:
        """The earliest moment of a run whose facts may be joined otherwise now."""
        moment = self._since.get(run, FOREVER)
        return moment if moment == ALL else moment - 2 * SECOND
