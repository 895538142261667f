"""The one door between events and records: what is read from a record, and what is sent as one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.base import Event
from schemas.cloudevents import CloudEvent, NotACloudEventError, decode, encode, wrap
from schemas.ids import NOBODY, PersonId, PhoneId, Pseudonyms, derived_id
from schemas.messages import MessageReceived, MessageStatusReported, TextPartReceived
from schemas.received import ReceivedEvent, UnknownEventError, received_event
from schemas.routes import Effect, PublicOut, ToCarrier, ToCase, ToLine
from streams.dead_letters import UnreadableRecordError, Why
from streams.records import Outgoing, Record
from streams.topics import CASE_INBOX, SMS_INBOX, SMS_OUTBOX
from streams.tracing import trace_of_event

SOURCE = "/jardem/webhooks"
"""The CloudEvents source of what the SMS API tells us."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What effects come from, where that is no event: the id from which theirs are derived, and the trace."""

    id: str
    traceparent: str | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Effects:
    """Encodes effects for one sender, which is their CloudEvents source."""

    source: str
    pseudonyms: Pseudonyms

    def outgoing(
        self,
        events: Iterable[Effect],
        cause: ReceivedEvent | Cause,
        now: datetime,
        *,
        person_id: PersonId = NOBODY,
        trace: Callable[[Effect], str | None] | None = None,
    ) -> list[Outgoing]:
        """The records of these effects. The same cause and the same effects give the same ids.

        A cause that was forgotten and came again has another offset, and its effects then are others: under
        the ids of before nobody would take them.

        Public events are keyed by `person_id`, the person they are about. `trace` says to which trace an
        effect belongs; without it, to its cause's.
        """
        return [
            self._record(
                event,
                wrap(
                    event,
                    id_=effect_id(cause, event, n),
                    source=self.source,
                    time=now,
                    extensions=_extensions(trace(event) if trace else cause.traceparent),
                ),
                person_id,
            )
            for n, event in enumerate(events)
        ]

    def _record(self, event: Effect, envelope: CloudEvent, person_id: PersonId) -> Outgoing:
        topic, key = self._address(event, person_id)
        headers, value = encode(envelope)
        return Outgoing(topic=topic, key=key.encode(), value=value, headers=headers)

    def _address(self, event: Effect, person_id: PersonId) -> tuple[str, PersonId | PhoneId]:
        match event:
            case ToCarrier():
                return SMS_OUTBOX, self.pseudonyms.phone(event.phone)
            case ToLine():
                return SMS_INBOX, self.pseudonyms.phone(event.phone)
            case ToCase():
                return CASE_INBOX, event.person_id
            case PublicOut():
                return event.name, person_id


def _extensions(traceparent: str | None) -> dict[str, str]:
    return {"traceparent": traceparent} if traceparent else {}


def effect_id(cause: ReceivedEvent | Cause, event: Event, number: int) -> str:
    """The id of a cause's effect with this number."""
    place = () if cause.offset is None else (str(cause.offset),)
    return derived_id(cause.id, event.name, str(number), *place)


def read(
    record: Record, catalogue: Mapping[str, type[Event]], appended_at: datetime | None = None
) -> tuple[str, ReceivedEvent]:
    """The event's id and the event. `appended_at` is when it was put there, in UTC of virtual time.

    Raises `UnreadableRecordError` with a reason that repeats no data.
    """
    try:
        event = decode(record.value, record.headers, timestamp=record.timestamp)
        received = received_event(event, catalogue, record.offset, appended_at)
    except NotACloudEventError as error:
        raise UnreadableRecordError(str(error), Why.ENVELOPE) from None
    except UnknownEventError as error:
        raise UnreadableRecordError(str(error)) from None
    return received.id, received


def inbox_id(event: MessageReceived | MessageStatusReported) -> str:
    """The id of what the SMS API told us, made of what it told."""
    if isinstance(event, MessageReceived):
        return derived_id("sms", event.sid)
    return derived_id("sms-status", event.sid, event.status, str(event.error_code or ""))


def number_key(event: Event, pseudonyms: Pseudonyms) -> PhoneId | None:
    """The key under which what a carrier told stands in the inbox of numbers; None for all other events."""
    if isinstance(event, MessageReceived | MessageStatusReported):
        return pseudonyms.phone(event.phone)
    return None


def inbox_record(
    event: MessageReceived | MessageStatusReported, pseudonyms: Pseudonyms, *, traced: bool = False
) -> Outgoing:
    """The event as a record; a replay has the same id.

    `traced`: it begins a trace, the same for a replay.
    """
    id_ = inbox_id(event)
    time = event.received_at if isinstance(event, MessageReceived) else event.at
    extensions = _extensions(str(trace_of_event(id_)) if traced else None)
    headers, value = encode(wrap(event, id_=id_, source=SOURCE, time=time, extensions=extensions))
    return Outgoing(SMS_INBOX, pseudonyms.phone(event.phone).encode(), value, headers)


def text_part_record(part: TextPartReceived, pseudonyms: Pseudonyms) -> Outgoing:
    """A part of a text as a record for who puts its number's parts together."""
    id_ = derived_id(
        "sms-part", part.carrier, str(part.reference), str(part.number), part.received_at.isoformat()
    )
    headers, value = encode(wrap(part, id_=id_, source=SOURCE, time=part.received_at, extensions={}))
    return Outgoing(SMS_OUTBOX, pseudonyms.phone(part.phone).encode(), value, headers)
