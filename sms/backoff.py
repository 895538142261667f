"""Exponential back-off: the one spelling of it."""

import math

_MOST_DOUBLINGS = 60


def backoff(first: float, doublings: int, longest: float = math.inf) -> float:
    """The seconds of a pause after `doublings` shorter ones: each is twice as long, up to `longest`.

    >>> [backoff(2, number, 30) for number in range(6)]
    [2.0, 4.0, 8.0, 16.0, 30, 30]
    """
    return min(longest, first * 2.0 ** min(doublings, _MOST_DOUBLINGS))
