"""CloudEvents 1.0 over Kafka: binary and structured mode in, binary mode out.

The Kafka binding is some thirty lines of headers; written here because every event passes through it and
because the bytes of the data must stay as they came, for their digest and for the dead letters.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from schemas.base import Event

TYPE_PREFIX = "kz.jardem."
STRUCTURED = "application/cloudevents+json"
JSON = "application/json"

Headers = tuple[tuple[str, bytes], ...]

_instant: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)
_REQUIRED = ("id", "source", "type")


class NotACloudEventError(ValueError):
    """The record is no CloudEvent; the message says why, without repeating any data."""


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """An event's envelope and its data as bytes.

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
        """The digest of the data as it came, lower-case hex."""
        return hashlib.sha256(self.data).hexdigest()


def wrap(event: Event, *, id_: str, source: str, time: datetime, extensions: Mapping[str, str]) -> CloudEvent:
    """Put an event of ours into its envelope."""
    return CloudEvent(
        id=id_,
        source=source,
        type=TYPE_PREFIX + event.name,
        time=time,
        data=event.model_dump_json(by_alias=True).encode(),
        extensions=extensions,
    )


def encode(event: CloudEvent) -> tuple[Headers, bytes]:
    """The headers and the value of a record in binary mode."""
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": event.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        **event.extensions,
    }
    headers = [(f"ce_{name}", value.encode()) for name, value in attributes.items()]
    headers.append(("content-type", JSON.encode()))
    if "traceparent" in event.extensions:
        # The header that tracing libraries for Kafka look at, beside the CloudEvents extension.
        headers.append(("traceparent", event.extensions["traceparent"].encode()))
    return tuple(headers), event.data


def decode(
    value: bytes | None, headers: Iterable[tuple[str, bytes]], *, timestamp: datetime | None
) -> CloudEvent:
    """Read a record in either mode.

    The time is optional in CloudEvents: an event without one happened at `timestamp`, the record's own; where
    that is None too, nobody knows when it happened, and it is refused.
    Raises `NotACloudEventError`.
    """
    if value is None:
        raise NotACloudEventError("the record has no value")
    by_name = {name.lower(): content for name, content in headers}
    try:
        trace = {"traceparent": by_name["traceparent"].decode()} if "traceparent" in by_name else {}
        content_type = by_name.get("content-type", b"").decode().lower()
        if content_type.startswith(STRUCTURED):
            event = _structured(value, timestamp)
            return replace(event, extensions={**trace, **event.extensions})
        attributes = {
            name[3:]: content.decode() for name, content in by_name.items() if name.startswith("ce_")
        }
    except UnicodeDecodeError:
        raise NotACloudEventError("a header is not UTF-8") from None
    event = _from_attributes({**trace, **attributes}, b"", timestamp, missing="the header ce_{} is missing")
    return replace(event, data=value)


def _structured(value: bytes, timestamp: datetime | None) -> CloudEvent:
    try:
        content = json.loads(value)
    except (ValueError, RecursionError):
        raise NotACloudEventError("the value is not JSON") from None
    if not isinstance(content, dict):
        raise NotACloudEventError("the value is not a JSON object")
    if "data_base64" in content:
        try:
            data = base64.b64decode(content["data_base64"], validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise NotACloudEventError("data_base64 is not base64") from None
    elif "data" in content:
        data = json.dumps(content["data"], ensure_ascii=False, separators=(",", ":")).encode()
    else:
        raise NotACloudEventError("the event has no data")
    attributes = {
        name: item if isinstance(item, str) else json.dumps(item)
        for name, item in content.items()
        if name not in ("data", "data_base64") and item is not None
    }
    return _from_attributes(attributes, data, timestamp, missing="the attribute {} is missing")


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
        if attributes["time"].isdecimal():
            raise NotACloudEventError("the time is a number, not an RFC 3339 timestamp with an offset")
        try:
            time = _instant.validate_strings(attributes["time"]).astimezone(UTC)
        except (ValidationError, OverflowError):
            raise NotACloudEventError("the time is not an RFC 3339 timestamp with an offset") from None
    if time is None:
        raise NotACloudEventError("the event has no time, and the record's own timestamp is none")
    known = (*_REQUIRED, "specversion", "time", "datacontenttype")
    extensions = {name: content for name, content in attributes.items() if name not in known}
    return CloudEvent(attributes["id"], attributes["source"], attributes["type"], time, data, extensions)


def explain(error: ValidationError) -> str:
    """What is wrong with an event's data, field by field, without repeating the data."""

    def line(problem: ErrorDetails) -> str:
        where = ".".join(str(part) for part in problem["loc"]) or "the data"
        what = problem["msg"].removeprefix("Value error, ")
        return f"{where}: {what}"

    return "; ".join(line(problem) for problem in error.errors(include_input=False, include_url=False))
