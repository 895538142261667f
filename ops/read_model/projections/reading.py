"""How a record is read for the projections, and what all of them need."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlalchemy import Table

from ops.read_model.changes import Change
from ops.read_model.sealing import Place, Sealer
from schemas.base import Event
from schemas.cloudevents import TYPE_PREFIX, CloudEvent, NotACloudEventError, decode, explain
from schemas.ids import Pseudonyms, derived_id
from schemas.json_text import NotJSONError, read_json
from schemas.personal import could_name_somebody
from schemas.values import check_iin
from streams.records import Record

E = TypeVar("E", bound=Event)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DECISION = re.compile(r"[0-9a-f]{64}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PSEUDONYM = re.compile(rb"[0-9a-f]{64}")


class UnreadError(ValueError):
    """A record that tells nothing here. The message says why, and repeats nothing of it."""


def is_uuid(text: str) -> bool:
    """Whether it is an id of ours, of a case or a message: others' words may hold anything."""
    return _UUID.fullmatch(text) is not None


def decision_id_in(text: str) -> str:
    """The id of a decision of ours. Raises `UnreadError`."""
    if not _DECISION.fullmatch(text):
        raise UnreadError("decision_id: no decision of ours has such an id")
    return text


@dataclass(frozen=True, slots=True)
class Means:
    """What rows are made with: the same means give the same rows."""

    sealer: Sealer
    pseudonyms: Pseudonyms
    zone: ZoneInfo

    def seal(self, table: Table, column: str, row: str, content: str | bytes | None) -> bytes | None:
        """Content sealed for its place; nothing stays nothing."""
        return None if content is None else self.sealer.seal(Place(table.name, column, row), content)

    def whose(self, content: object) -> str | None:
        """The pseudonym of the person whose IIN stands in the data of an event; None where none does."""
        iin = content.get("iin") if isinstance(content, Mapping) else None
        try:
            return self.pseudonyms.person(check_iin(iin)) if isinstance(iin, str) else None
        except ValueError:
            return None

    def nameless(self, name: str, of: str = "") -> str:
        """An id or a source that names nobody, as intake writes it, and that a database takes.

        `of` is the IIN of the person whose event it is.
        """
        return self.pseudonyms.id(name, of) if could_name_somebody(name) or "\0" in name else name


@dataclass(frozen=True, slots=True)
class Told:
    """A record with the event in it: its envelope, and its data as it stands there."""

    record: Record
    event: CloudEvent
    content: Mapping[str, Any]

    @property
    def event_id(self) -> str:
        """What the event is known by: of source and id, so that a repeat has the same."""
        return derived_id(self.event.source, self.event.id)

    def key(self) -> str:
        """The pseudonym that is the record's key. Raises `UnreadError`."""
        key = self.record.key or b""
        if not _PSEUDONYM.fullmatch(key):
            raise UnreadError("the key is no pseudonym")
        return key.decode()

    def data(self, model: type[E]) -> E:
        """The data as its model. Raises `UnreadError`."""
        try:
            return model.model_validate(self.content)
        except ValidationError as error:
            raise UnreadError(explain(error)) from None


def read(record: Record) -> Told:
    """The event in a record. Raises `UnreadError`."""
    try:
        event = decode(record.value, record.headers, timestamp=record.timestamp)
        content = read_json(event.data)
    except (NotACloudEventError, NotJSONError) as error:
        raise UnreadError(str(error)) from None
    if not event.type.startswith(TYPE_PREFIX):
        raise UnreadError("the type of the event is not one that is read here")
    if not isinstance(content, dict):
        raise UnreadError("the data is no JSON object")
    return Told(record, event, content)


Changes = Iterable[Change]
