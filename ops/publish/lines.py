"""A line of JSON into a record of a public topic, or a reason why not that says what to correct."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from schemas.base import Event
from schemas.catalogue import PUBLIC_IN
from schemas.cloudevents import TYPE_PREFIX, CloudEvent, NotACloudEventError, decode, encode
from schemas.ids import DecisionId, Pseudonyms, person_of
from schemas.json_text import NotJSONError, read_json, write_json
from schemas.operators import OperatorActed
from schemas.personal import number_in
from schemas.plausible import check_not_ahead
from schemas.received import UnknownEventError, received_event
from schemas.registry import DayTotalled
from streams.errors import UserError
from streams.jws import is_compact
from streams.key_set import PrivateKey
from streams.records import Outgoing
from streams.registry_signatures import EXTENSION, sign_event

SOURCE = "urn:jardem:publish"
"""The source of events whose lines name none."""

_LARGEST = 900_000
_FIELDS = (
    "type",
    "data",
    "id",
    "source",
    "time",
    "specversion",
    "datacontenttype",
    "traceparent",
    "tracestate",
)


class LineRefusedError(UserError):
    """The line cannot be published. The message says what to correct and repeats nothing personal."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A line ready to be sent. `given_id` says whether the line itself named the event's id."""

    number: int
    record: Outgoing
    identity: tuple[str, str]
    given_id: bool


def prepare(
    number: int,
    line: bytes,
    pseudonyms: Pseudonyms,
    now: datetime,
    *,
    only: Collection[str] = PUBLIC_IN,
    id_if_none: str = "",
    key: PrivateKey | None = None,
) -> Prepared:
    """Make the record that a line asks for; `now` is the event's time where the line names none.

    Its type has to be one of `only`. Where it names no id, that is `id_if_none`, or else a random one. With a
    `key` the event is signed. What the intake would not accept is refused here already. Raises
    `LineRefusedError`.
    """
    content = _object(line)
    name = _text(content, "type", required=True).removeprefix(TYPE_PREFIX)
    if name not in PUBLIC_IN:
        raise LineRefusedError(f"type: there is no such event to publish; there are {', '.join(PUBLIC_IN)}")
    if name not in only:
        raise LineRefusedError(f"type: only these are loaded: {', '.join(sorted(only))}; publish the others")
    event = _event(content, name, now, id_if_none)
    try:
        data = received_event(event, PUBLIC_IN).data
        check_not_ahead(data, now)
    except (UnknownEventError, ValueError) as error:
        raise LineRefusedError(f"data: {error}") from None
    keep_private(event, data)
    if key is not None:
        signature = sign_event(event, key.kid, key.sign, now)
        event = replace(event, extensions={**event.extensions, EXTENSION: signature})
    headers, value = encode(event)
    record = Outgoing(topic=name, key=record_key(data, pseudonyms).encode(), value=value, headers=headers)
    return Prepared(number, record, (event.source, event.id), given_id="id" in content)


def _event(content: Mapping[str, Any], name: str, now: datetime, id_if_none: str) -> CloudEvent:
    if not isinstance(content.get("data"), dict):
        raise LineRefusedError('data: it must be an object, like {"iin": "..."}')
    attributes = {
        "specversion": _text(content, "specversion") or "1.0",
        "id": _text(content, "id") or id_if_none or str(uuid4()),
        "source": _text(content, "source") or SOURCE,
        "type": TYPE_PREFIX + name,
    }
    for optional in ("time", "traceparent", "tracestate"):
        if text := _text(content, optional):
            attributes[optional] = text
    if (_text(content, "datacontenttype") or "application/json") != "application/json":
        raise LineRefusedError("datacontenttype: only application/json is read")
    data = write_json(content["data"])
    headers = [(f"ce_{key}", value.encode()) for key, value in attributes.items()]
    if len(data) > _LARGEST:
        raise LineRefusedError(f"data: it is larger than {_LARGEST} bytes, which brokers do not take")
    try:
        return decode(data, headers, timestamp=now)
    except NotACloudEventError as error:
        raise LineRefusedError(str(error)) from None


def _object(line: bytes) -> dict[str, Any]:
    try:
        content = read_json(line)
    except NotJSONError as error:
        raise LineRefusedError(f"it is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise LineRefusedError('it must be an object, like {"type": "...", "data": {...}}')
    unknown = [name for name in content if name not in _FIELDS]
    if unknown:
        raise LineRefusedError(f"there are fields that are not known here; known are {', '.join(_FIELDS)}")
    return content


def _text(content: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    value = content.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not value:
        raise LineRefusedError(f"{name}: it must be a text that is not empty")
    if not value.isprintable():
        raise LineRefusedError(f"{name}: it must not hold control characters")
    return value


def keep_private(event: CloudEvent, data: Event) -> None:
    """Return where nobody is named by what travels in headers and logs. Raises `LineRefusedError`."""
    # A signature has the digits of a number by chance, and nobody reads a number out of it.
    extensions = (
        text for name, text in event.extensions.items() if name != EXTENSION or not is_compact(text)
    )
    for text in (event.id, event.source, *extensions):
        field = number_in(text, data)
        if field:
            raise LineRefusedError(f"id, source or trace: it holds the {field}, and headers must not")


def record_key(data: Event, pseudonyms: Pseudonyms) -> str:
    """What keeps the events about one person in order, or those about one topic."""
    if isinstance(data, DayTotalled):
        return data.topic
    iin: str | None = getattr(data, "iin", None)
    if iin is not None:
        return pseudonyms.person(iin)
    if isinstance(data, OperatorActed):
        return data.person_id or data.phone_id or data.object.id
    decision_id: DecisionId = getattr(data, "decision_id")  # noqa: B009 - all others without an IIN have it
    return person_of(decision_id)
