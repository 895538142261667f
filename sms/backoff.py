"""Exponential back-off: the one spelling of it."""

import math

_MOST = 60


def backoff(first: float, before: int, longest: float = math.inf, growth: float = 2.0) -> float:
    """The seconds of a pause after so many shorter ones: each is `growth` times as long, up to `longest`.

    >>> [backoff(2, number, 30) for number in range(6)]
    [2.0, 4.0, 8.0, 16.0, 30, 30]
    """
    return min(longest, first * growth ** min(before, _MOST))
