"""What both desks have in common: reading an inbox record, and telling of an elapsed deadline."""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.effects import Cause
from schemas.base import Event
from schemas.cloudevents import NotACloudEventError, decode, encode, wrap
from schemas.received import Happening, UnknownEventError, derived_id, happening
from schemas.sms import DeadlineElapsed
from streams.dead_letters import Unreadable
from streams.deadlines import Deadline
from streams.records import Outgoing, Record


@dataclass(frozen=True, slots=True)
class Received:
    """An inbox event, and the cause that its effects derive from."""

    happening: Happening
    cause: Cause


def read(record: Record, known: Mapping[str, type[Event]]) -> tuple[str, Received]:
    """The event's id and the event. Raises `Unreadable` with a reason that repeats no data."""
    try:
        event = decode(record.value, record.headers, timestamp=record.timestamp)
        found = happening(event, known)
    except (NotACloudEventError, UnknownEventError) as error:
        raise Unreadable(str(error)) from None
    return found.id, Received(found, Cause(found.id, event.extensions.get("traceparent")))


def elapsed(inbox: str, key: bytes, deadline: Deadline) -> Outgoing:
    """The `deadline.elapsed` event: the same id however often the same deadline is told."""
    event = DeadlineElapsed(deadline=deadline.name, version=deadline.version, due=deadline.at)
    id_ = derived_id(key.decode(), deadline.name, str(deadline.version), deadline.at.isoformat())
    headers, value = encode(
        wrap(event, id_=id_, source="urn:jardem:deadlines", time=deadline.at, extensions={})
    )
    return Outgoing(topic=inbox, key=key, value=value, headers=headers)
