"""What changed in the join since its one listener asked last."""

from __future__ import annotations


class Feed:
    """Runs joined again and keys whose failures changed.

    ``again``: everything was joined anew.
    """

    def __init__(self) -> None:
        """Begin with everything new."""
        self.again = True
        self.runs: set[int] = set()
        self.keys: set[str] = set()

    def begin(self) -> None:
        """Everything is joined anew."""
        self.again = True
        self.runs.clear()
        self.keys.clear()

    def take(self) -> Feed:
        """What changed; from now on it is known."""
        taken = Feed()
        taken.again, self.again = self.again, False
        taken.runs, self.runs = self.runs, taken.runs
        taken.keys, self.keys = self.keys, taken.keys
        return taken
