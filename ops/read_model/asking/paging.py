"""Pages of lists by the keys of their rows: the page behind a row is found as fast as the first.

A cursor names the row and the direction. It is sealed, so that nobody reads an id or an instant in it, and
none but ours is taken.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, literal, tuple_

from ops.read_model.sealing import NotOpenedError, Place, Sealer
from ops.read_model.tables import microseconds
from ops.read_model.views import Page

T = TypeVar("T")

LONGEST = 1000
"""Rows that a page has at most."""


class BadCursorError(ValueError):
    """A cursor that is none of ours, or of another list: whoever bears it begins anew."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in its order: by `keys`, the last of which tells rows apart. `name` is that of its cursors."""

    name: str
    keys: tuple[ColumnElement[Any], ...]
    descending: bool = True


@dataclass(frozen=True, slots=True)
class _Cursor:
    backwards: bool
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A page that is asked for: `select` gives its rows and one more, `page` makes the page of them."""

    listing: Listing
    sealer: Sealer
    cursor: _Cursor | None
    limit: int

    @classmethod
    def of(cls, listing: Listing, sealer: Sealer, after: str | None, limit: int) -> "Asked":
        """The page at this cursor. Raises `BadCursorError`."""
        return cls(listing, sealer, _read(listing, sealer, after), max(1, min(limit, LONGEST)))

    @property
    def _backwards(self) -> bool:
        return self.cursor is not None and self.cursor.backwards

    def select(self, statement: Select[Any]) -> Select[Any]:
        """The statement with what the page adds to it."""
        keys, down = self.listing.keys, self.listing.descending != self._backwards
        if self.cursor is not None:
            here = tuple_(*(literal(value, key.type) for key, value in self._valued()))
            there = tuple_(*keys)
            statement = statement.where(there < here if down else there > here)
        return self.ordered(statement).limit(self.limit + 1)

    def ordered(self, statement: Select[Any]) -> Select[Any]:
        """The statement in the order in which the page is read."""
        down = self.listing.descending != self._backwards
        return statement.order_by(*(key.desc() if down else key.asc() for key in self.listing.keys))

    def _valued(self) -> Sequence[tuple[ColumnElement[Any], Any]]:
        values = () if self.cursor is None else self.cursor.values
        return [(key, _typed(key, value)) for key, value in zip(self.listing.keys, values, strict=True)]

    def page(
        self, rows: Sequence[Any], key_of: Callable[[Any], Sequence[Any]], row: Callable[[Any], T]
    ) -> Page[T]:
        """The page of what was found; `key_of` gives the keys of a row, `row` what is shown of it."""
        more, shown = len(rows) > self.limit, list(rows[: self.limit])
        if self._backwards:
            shown.reverse()
        behind = more if not self._backwards else True
        ahead = self.cursor is not None if not self._backwards else more
        return Page(
            [row(each) for each in shown],
            next=self._write(key_of(shown[-1]), backwards=False) if shown and behind else None,
            before=self._write(key_of(shown[0]), backwards=True) if shown and ahead else None,
        )

    def _write(self, values: Sequence[Any], *, backwards: bool) -> str:
        plain = [microseconds(value) if hasattr(value, "tzinfo") else value for value in values]
        content = json.dumps([backwards, *plain])
        return base64.urlsafe_b64encode(self.sealer.seal(_place(self.listing), content)).decode()


def _typed(key: ColumnElement[Any], value: Any) -> Any:  # noqa: ANN401 - the column's own type
    convert = getattr(key.type, "process_result_value", None)
    return value if convert is None else convert(value, None)


def _read(listing: Listing, sealer: Sealer, text: str | None) -> _Cursor | None:
    if not text:
        return None
    try:
        content = sealer.text(_place(listing), base64.b64decode(text, altchars=b"-_", validate=True))
        backwards, *values = json.loads(content)
    except (NotOpenedError, ValueError, binascii.Error):
        raise BadCursorError("this is no place in the list; begin at its first page") from None
    return _Cursor(bool(backwards), tuple(values))


def _place(listing: Listing) -> Place:
    return Place("cursor", listing.name, "")
