"""What a check of a whole log came to: its damaged places, and what it holds."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A damaged place: the bytes at ``offset`` of ``segment``.

    ``seq`` is the event that stands, or should stand, there.
    """

    segment: str
    offset: int
    seq: int
    reason: str
    accepted: bool = False


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a log holds.

    ``events`` counts the lines that reading serves, ``unserved`` the intact
    facts that lie behind damage and are served nowhere else (a repair appends
    them again), ``unknown`` the lines served whose event this version cannot
    decode, ``compacted`` those that the beginning stands for.
    ``torn``: the last segment ends in the middle of a line, behind everything
    that was known to be durable, which is no damage; the next writer repairs it.
    """

    events: int
    bytes: int
    segments: int
    first_seq: int
    last_seq: int
    unserved: int
    unknown: int
    problems: tuple[Problem, ...]
    torn: bool
    compacted: int = 0

    @property
    def damaged(self) -> bool:
        """Whether there is a problem that nobody accepted."""
        return not all(one.accepted for one in self.problems)
