"""An event as the pure cores see it: what happened, when, and where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from schemas.base import Event
from schemas.cloudevents import TYPE_PREFIX, CloudEvent, explain
from schemas.ids import derived_id
from schemas.json_text import NotJSONError, read_json

SOURCE_DIGEST = "sourcesha256"
"""The extension that keeps the SHA-256 of a public record's value, byte for byte as it came."""


class UnknownEventError(ValueError):
    """An event that its reader does not know, or whose data is wrong. The message repeats no data."""


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event with its identity.

    `id` is derived from the CloudEvents source and id, so the same pair is the same event. `time` is when it
    happened, in UTC. `sha256` is the digest of the source record. `traceparent` is the trace it belongs to,
    if any. `offset` is where its record stands in the inbox: one that comes again long after, when the desk
    has forgotten it, stands elsewhere, and what it does then is told under other ids. `appended_at` is when
    it was put into the inbox, in virtual time: whoever reads it again after a crash tells the same instant.
    """

    id: str
    source: str
    source_id: str
    time: datetime
    sha256: str
    data: Event
    traceparent: str | None = None
    offset: int | None = None
    appended_at: datetime | None = None

    @property
    def name(self) -> str:
        """The event's name, which is its type without the prefix."""
        return self.data.name


def received_event(
    event: CloudEvent,
    known: Mapping[str, type[Event]],
    offset: int | None = None,
    appended_at: datetime | None = None,
) -> ReceivedEvent:
    """Read the data of an event that is one of `known`. Raises `UnknownEventError` saying what is wrong."""
    name = event.name
    model = known.get(name)
    if model is None or event.type != TYPE_PREFIX + name:
        raise UnknownEventError("the type of the event is not one that is read here")
    try:
        content = read_json(event.data)
        if not isinstance(content, dict):
            raise UnknownEventError("the data: it is not a JSON object")
        # What `model_validate` calls.
        data = model.__pydantic_validator__.validate_python(content)
    except NotJSONError as error:
        raise UnknownEventError(f"the data: Invalid JSON: {error}") from None
    except ValidationError as error:
        raise UnknownEventError(explain(error)) from None
    return ReceivedEvent(
        id=derived_id(event.source, event.id),
        source=event.source,
        source_id=event.id,
        time=event.time,
        sha256=event.extensions.get(SOURCE_DIGEST) or event.sha256,
        data=data,
        traceparent=event.extensions.get("traceparent"),
        offset=offset,
        appended_at=appended_at,
    )
