"""How sure a share is: Wilson's interval, and Newcombe's for a difference.

Both hold for small numbers too, where the textbook's plain interval does not
(R. G. Newcombe, Statistics in Medicine 17, 1998: method 3 for one share, method
10 for the difference of two).
"""

from __future__ import annotations

from math import sqrt

_Z = 1.959963984540054
"""The 97.5 % point of the normal distribution: an interval of 95 %."""


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of ``hits`` out of ``of``; nothing known is 0 to 1."""
    if of == 0:
        return 0.0, 1.0
    share, square = hits / of, _Z * _Z
    middle = share + square / (2 * of)
    spread = _Z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    whole = 1 + square / of
    low, high = (middle - spread) / whole, (middle + spread) / whole
    return (0.0 if hits == 0 else low), (1.0 if hits == of else high)


def difference(hits: int, of: int, others: int, of_others: int) -> tuple[float, float]:
    """The 95 % interval of the first share less the second; -1 to 1 unknown."""
    if of == 0 or of_others == 0:
        return -1.0, 1.0
    first, second = hits / of, others / of_others
    low, high = wilson(hits, of)
    least, most = wilson(others, of_others)
    down = sqrt((first - low) ** 2 + (most - second) ** 2)
    up = sqrt((high - first) ** 2 + (second - least) ** 2)
    return first - second - down, first - second + up
