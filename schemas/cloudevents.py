"""CloudEvents 1.0 over Kafka: binary and structured mode in, binary mode out.

The Kafka binding is some thirty lines of headers; written here because every event passes through it and
because the bytes of the data must stay as they came.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.base import Event
from schemas.json_text import NotJSONError, bare, read_json, write_json
from schemas.times import read_instant

TYPE_PREFIX = "kz.jardem."
FORMATS = "application/cloudevents"
STRUCTURED = f"{FORMATS}+json"
JSON = "application/json"

Headers = tuple[tuple[str, bytes], ...]

_PREFIX = "ce_"
_REQUIRED = ("id", "source", "type")
_KNOWN = frozenset((*_REQUIRED, "specversion", "time", "datacontenttype"))
_JSON = JSON.encode()
_SPECVERSION = ("ce_specversion", b"1.0")
_CONTENT_TYPE = ("content-type", _JSON)
# Of the same extension the last one counts: the header of CloudEvents, before that of tracing libraries.
_EXTENSIONS = (
    ("ce_sourcesha256", "sourcesha256"),
    ("traceparent", "traceparent"),
    ("ce_traceparent", "traceparent"),
)
_WRITTEN = frozenset(
    ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type", *dict(_EXTENSIONS))
)


class NotACloudEventError(ValueError):
    """The record is no CloudEvent; the message says why, without repeating any data."""


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """An event's envelope and its data as bytes: JSON, without what a producer may have put before it.

    `time` is when it happened, in UTC. `extensions` are passed on as they are; `traceparent` is one of them.
    """

    id: str
    source: str
    type: str
    time: datetime
    data: bytes
    extensions: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The event's name: its type without our prefix."""
        return self.type.removeprefix(TYPE_PREFIX)

    @property
    def sha256(self) -> str:
        """The digest of the data, lower-case hex."""
        return hashlib.sha256(self.data).hexdigest()


def wrap(event: Event, *, id_: str, source: str, time: datetime, extensions: Mapping[str, str]) -> CloudEvent:
    """Put an event of ours into its envelope."""
    return CloudEvent(
        id=id_,
        source=source,
        type=TYPE_PREFIX + event.name,
        time=time,
        # What `model_dump_json` calls, without its way through a text.
        data=event.__pydantic_serializer__.to_json(event, by_alias=True),
        extensions=extensions,
    )


def encode(event: CloudEvent) -> tuple[Headers, bytes]:
    """The headers and the value of a record in binary mode."""
    time = event.time.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
    # Every event passes here: what it says is set down one by one, and what never changes is at hand.
    said = (
        _SPECVERSION,
        ("ce_id", event.id.encode()),
        ("ce_source", event.source.encode()),
        ("ce_type", event.type.encode()),
        ("ce_time", time.encode()),
    )
    if not event.extensions:
        return (*said, _CONTENT_TYPE), event.data
    extensions = [(f"{_PREFIX}{name}", value.encode()) for name, value in event.extensions.items()]
    # The header that tracing libraries for Kafka look at, beside the CloudEvents extension.
    trace = [("traceparent", value) for name, value in extensions if name == "ce_traceparent"]
    return (*said, *extensions, _CONTENT_TYPE, *trace), event.data


def decode(
    value: bytes | None, headers: Iterable[tuple[str, bytes]], *, timestamp: datetime | None
) -> CloudEvent:
    """Read a record in either mode.

    The content type alone tells the mode; that of the data is not looked at, since JSON shows itself. The
    time is optional in CloudEvents: an event without one happened at `timestamp`, the record's own; where
    that is None too, nobody knows when it happened, and it is refused. Raises `NotACloudEventError`.
    """
    if value is None:
        raise NotACloudEventError("the record has no value")
    headers = tuple(headers)
    event = _as_we_write(value, headers)
    if event is not None:
        return event
    by_name = _by_name(headers)
    trace = _trace(by_name)
    try:
        media = by_name.get("content-type", b"").decode().partition(";")[0].strip().lower()
        attributes = {
            name.removeprefix(_PREFIX): content.decode()
            for name, content in by_name.items()
            if name.startswith(_PREFIX)
        }
    except UnicodeDecodeError:
        raise NotACloudEventError("a header is not UTF-8") from None
    if media == STRUCTURED:
        event = _structured(bare(value), timestamp)
        return replace(event, extensions={**trace, **event.extensions})
    if media.startswith(FORMATS):
        raise NotACloudEventError(f"of the formats of CloudEvents only {STRUCTURED} is read")
    attributes = {**trace, **attributes}
    return _from_attributes(attributes, bare(value), timestamp, missing="the header ce_{} is missing")


def _as_we_write(value: bytes, headers: Headers) -> CloudEvent | None:
    """An event whose headers are those that `encode` writes, or None: to be read the long way.

    Most events are ours or are written so, and each passes several readers.
    """
    said = dict(headers)
    if len(said) != len(headers) or not said.keys() <= _WRITTEN:
        return None
    if (_SPECVERSION[0], said.get(_SPECVERSION[0])) != _SPECVERSION or said.get("content-type") != _JSON:
        return None
    try:
        id_, source, type_ = said["ce_id"].decode(), said["ce_source"].decode(), said["ce_type"].decode()
        time = read_instant(said["ce_time"].decode())
        extensions = {name: said[header].decode() for header, name in _EXTENSIONS if header in said}
    except (KeyError, ValueError):
        return None
    return CloudEvent(id_, source, type_, time, bare(value), extensions) if id_ and source and type_ else None


def _by_name(headers: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """The headers by their name in small letters; of several that say nothing about the event, the last."""
    by_name: dict[str, bytes] = {}
    for written, content in headers:
        name = written.lower()
        first = by_name.setdefault(name, content)
        if first is not content and first != content:
            if name == "content-type" or name.startswith(_PREFIX):
                raise NotACloudEventError("a header of the event stands twice, with different contents")
            by_name[name] = content
    return by_name


def _trace(by_name: Mapping[str, bytes]) -> dict[str, str]:
    """The trace where it can be read; no event is refused for its sake."""
    try:
        return {"traceparent": by_name["traceparent"].decode()} if "traceparent" in by_name else {}
    except UnicodeDecodeError:
        return {}


def _structured(value: bytes, timestamp: datetime | None) -> CloudEvent:
    try:
        content = read_json(value)
    except NotJSONError as error:
        raise NotACloudEventError(f"the value is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise NotACloudEventError("the value is not a JSON object")
    attributes = {
        name: item if isinstance(item, str) else json.dumps(item)
        for name, item in content.items()
        if name not in ("data", "data_base64") and item is not None
    }
    return _from_attributes(attributes, _data(content), timestamp, missing="the attribute {} is missing")


def _data(content: Mapping[str, object]) -> bytes:
    encoded = content.get("data_base64")
    if encoded is None and "data" in content:
        return write_json(content["data"])
    if encoded is None:
        raise NotACloudEventError("the event has no data")
    try:
        if not isinstance(encoded, str):
            raise binascii.Error
        data = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise NotACloudEventError("data_base64 is not base64") from None
    if content.get("data") is not None:
        raise NotACloudEventError("the event has both data and data_base64")
    return bare(data)


def _from_attributes(
    attributes: Mapping[str, str], data: bytes, timestamp: datetime | None, *, missing: str
) -> CloudEvent:
    for name in _REQUIRED:
        if not attributes.get(name):
            raise NotACloudEventError(missing.format(name))
    if attributes.get("specversion") != "1.0":
        raise NotACloudEventError("the specversion is not 1.0")
    time = timestamp
    if "time" in attributes:
        try:
            time = read_instant(attributes["time"])
        except ValueError:
            raise NotACloudEventError("the time is not an RFC 3339 timestamp with an offset") from None
    if time is None:
        raise NotACloudEventError("the event has no time, and the record's own timestamp is none")
    extensions = {name: content for name, content in attributes.items() if name not in _KNOWN}
    return CloudEvent(attributes["id"], attributes["source"], attributes["type"], time, data, extensions)


def explain(error: ValidationError) -> str:
    """What is wrong with an event's data, field by field, without repeating the data."""

    def line(problem: ErrorDetails) -> str:
        where = ".".join(str(part) for part in problem["loc"]) or "the data"
        what = problem["msg"].removeprefix("Value error, ")
        return f"{where}: {what}"

    return "; ".join(line(problem) for problem in error.errors(include_input=False, include_url=False))
