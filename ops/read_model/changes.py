"""What a record changes in the tables, as plain values, and how two changes of one row become one.

Nothing here depends on the order in which changes come, so that a repeat changes nothing and a rebuild gives
the same rows: a row is told once and for all, or the one with the highest rank stands, or what is known of it
is folded by rules of its own (`folds.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A row that is told once: of several with its key the first stands."""

    table: Table
    row: Row


@dataclass(frozen=True, slots=True)
class Latest:
    """A row of which that with the highest value in the column `by` stands."""

    table: Table
    row: Row
    by: str


@dataclass(frozen=True, slots=True)
class Folded:
    """Something that is added to what is known of a row."""

    table: Table
    key: str
    what: Row


Change = Told | Latest | Folded


def key_of(table: Table, row: Row) -> tuple[Any, ...]:
    """The primary key of a row."""
    return tuple(row[column.name] for column in table.primary_key.columns)
