"""The arithmetic of what was measured: medians, spreads, ratios of what ran in turn."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Several rounds of one figure: the median, the least and the most."""

    median: float
    least: float
    most: float
    rounds: int

    def __str__(self) -> str:
        """Like 173 (168-179)."""
        if self.rounds == 1:
            return number(self.median)
        return f"{number(self.median)} ({number(self.least)}-{number(self.most)})"


def spread(values: Sequence[float]) -> Spread:
    """The spread of a figure over its rounds. Raises `ValueError` where there are none."""
    if not values:
        raise ValueError("nothing was measured")
    return Spread(statistics.median(values), min(values), max(values), len(values))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """How many times theirs ours is, round by round, as what ran in turn had the same noise.

    Raises `ValueError` where the rounds are not the same in number, or a figure of theirs is zero.
    """
    if len(ours) != len(theirs):
        raise ValueError("only rounds that ran in turn can be compared")
    if not all(theirs):
        raise ValueError("nothing is so many times zero")
    return spread([one / other for one, other in zip(ours, theirs, strict=True)])


def number(value: float) -> str:
    """A figure to three digits or all whole ones: 0.041, 5.72, 173, 12800."""
    if value == 0:
        return "0"
    if abs(value) >= 100:  # noqa: PLR2004 - three digits stand before the point
        return f"{value:.0f}"
    return f"{value:.3g}"
