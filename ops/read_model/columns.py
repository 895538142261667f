"""Columns as the tables of the read model are made of. Instants are microseconds since 1970 in UTC."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    TypeDecorator,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """An aware instant as it is stored."""
    return (instant - _EPOCH) // _MICROSECOND


def instant(stored: int) -> datetime:
    """A stored instant, in UTC."""
    return _EPOCH + stored * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as a whole number: SQLite has no time zones, and numbers are compared fast."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        del dialect
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        del dialect
        return None if value is None else instant(value)


metadata = MetaData()


def key(name: str) -> Column[str]:
    """A text that is the row's key, or a part of it."""
    return Column(name, Text, primary_key=True)


def word(name: str, *, null: bool = False) -> Column[str]:
    """A text."""
    return Column(name, Text, nullable=null)


def number(name: str, *, null: bool = False) -> Column[int]:
    """A whole number."""
    return Column(name, Integer, nullable=null)


def step(name: str) -> Column[int]:
    """The highest step at which something was so, 0 where it never was."""
    return Column(name, Integer, nullable=False, server_default="0")


def flag(name: str) -> Column[int]:
    """0 or 1."""
    return Column(name, SmallInteger, nullable=False, server_default="0")


def at(name: str, *, null: bool = False) -> Column[datetime]:
    """An instant."""
    return Column(name, Instant, nullable=null)


def sealed(name: str, *, null: bool = True) -> Column[bytes]:
    """Sealed bytes; null where there is nothing."""
    return Column(name, LargeBinary, nullable=null)
