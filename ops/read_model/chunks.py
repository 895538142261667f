"""Long lists in pieces: a statement takes only so many values."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_CHUNK = 500


def chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """The rows in their order, at most 500 at a time."""
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
