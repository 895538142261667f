"""What all questions have in common: the connection, the keys, and what is shown masked."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from sqlalchemy import RowMapping, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.read_model.masking import masked, tail
from ops.read_model.projections.reading import Means
from ops.read_model.sealing import NotOpenedError, Place
from ops.read_model.tables import acts
from ops.read_model.views import ActShown
from schemas.json_text import read_json
from streams.settings.settings import Settings


class Rows(Protocol):
    """Where rows are read: the store."""

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection to the generation that is served."""

    async def building(self) -> bool:
        """Whether another generation is being built."""

    async def number(self) -> int:
        """The number of the generation that is served."""

    async def changes(self) -> tuple[int, int]:
        """What differs as soon as anything was written."""


class Asking:
    """The store, and the keys by which what is sealed is opened."""

    def __init__(self, store: Rows, settings: Settings, means: Means) -> None:
        self._store = store
        self._settings = settings
        self._means = means

    def person_id_of(self, iin: str) -> str:
        """The pseudonym of an IIN."""
        return self._means.pseudonyms.person(iin)

    def phone_id_of(self, phone: str) -> str:
        """The pseudonym of a phone number in E.164."""
        return self._means.pseudonyms.phone(phone)

    def _bytes(self, table: Table, column: str, row: str, sealed: bytes | None) -> bytes | None:
        """What is sealed in a row; None where there is nothing, or where this key does not open it."""
        if sealed is None:
            return None
        try:
            return self._means.sealer.open(Place(table.name, column, row), bytes(sealed))
        except NotOpenedError:
            return None

    def _text(self, table: Table, column: str, row: str, sealed: bytes | None) -> str | None:
        found = self._bytes(table, column, row, sealed)
        return None if found is None else found.decode(errors="surrogateescape")

    def _shown(
        self, table: Table, column: str, row: str, sealed: bytes | None, *, unmask: bool
    ) -> str | None:
        """A number as it may be shown."""
        number = self._text(table, column, row, sealed)
        return number if unmask or number is None else tail(number)

    def _act(self, row: RowMapping, *, unmask: bool = False) -> ActShown:
        id_ = row["act_id"]
        reason = self._text(acts, "reason", id_, row["reason"]) or ""
        details = read_json(self._bytes(acts, "details", id_, row["details"]) or b"{}")
        return ActShown(
            act_id=id_,
            act=row["act"],
            object_kind=row["object_kind"],
            object_id=row["object_id"],
            reason=reason if unmask else masked(reason),
            operator=self._text(acts, "operator", id_, row["operator"]) or "",
            details=details if isinstance(details, dict) else {},
            at=row["at"],
        )


def is_over(until: datetime | None, at: datetime) -> bool:
    """Whether an instant is past."""
    return until is not None and until < at
