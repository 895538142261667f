"""Whether a row can be stored at all: what no database takes is not to stop those behind it.

Whoever writes to a topic that is followed decides what stands in it: a count of forty digits, a zero byte in
a note, a word of a megabyte. Each database would refuse some of that, and the batch with it, over and over.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, SmallInteger, Table, Text
from sqlalchemy.types import Integer

from ops.read_model.projections.reading import UnreadError

LONGEST_TEXT = 2000
"""Characters of a text that is not sealed. PostgreSQL takes no more than some of these into an index."""

_BITS = 8


def check_fits(table: Table, row: Mapping[str, Any]) -> None:
    """Let a row pass that both databases take. Raises `UnreadError`, which repeats nothing of it."""
    texts, numbers = _columns(table)
    for name in texts:
        value = row.get(name)
        if isinstance(value, str) and ("\0" in value or len(value) > LONGEST_TEXT):
            raise UnreadError(f"{table.name}.{name}: a text that is too long, or has zero bytes")
    for name, most in numbers:
        value = row.get(name)
        if isinstance(value, int) and not -most <= value < most:
            raise UnreadError(f"{table.name}.{name}: a number that is too large")


@cache
def _columns(table: Table) -> tuple[tuple[str, ...], tuple[tuple[str, int], ...]]:
    """The names of columns with texts; those with numbers, each with what is too large for it."""
    columns = table.columns
    texts = tuple(column.name for column in columns if isinstance(column.type, Text))
    numbers = tuple((column.name, _most(column.type)) for column in columns if _most(column.type))
    return texts, numbers


def _most(kind: object) -> int:
    """The smallest number that is too large for a column of this kind, 0 where it holds none."""
    match kind:
        case SmallInteger():
            return 1 << 2 * _BITS - 1
        case BigInteger():
            return 1 << 8 * _BITS - 1
        case Integer():
            return 1 << 4 * _BITS - 1
    return 0
