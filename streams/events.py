"""The one door between events and records: what is read from a record, and what is sent as one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.base import Event
from schemas.cloudevents import NotACloudEventError, decode, encode, wrap
from schemas.ids import NOBODY, PersonId, PhoneId, Pseudonyms, derived_id
from schemas.messages import MessageReceived, MessageStatusReported, TextPartReceived
from schemas.received import ReceivedEvent, UnknownEventError, received_event
from schemas.routes import Effect, PublicOut, ToCarrier, ToCase, ToLine
from streams.dead_letters import UnreadableRecordError
from streams.records import Outgoing, Record
from streams.topics import CASE_INBOX, SMS_INBOX, SMS_OUTBOX

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
    ) -> list[Outgoing]:
        """The records of these effects. The same cause and the same effects give the same ids.

        A cause that was forgotten and came again has another offset, and its effects then are others: under
        the ids of before nobody would take them.

        Public events are keyed by `person_id`, the person they are about.
        """
        return [
            self._record(event, effect_id(cause, event, n), cause, now, person_id)
            for n, event in enumerate(events)
        ]

    def _record(
        self, event: Effect, id_: str, cause: ReceivedEvent | Cause, now: datetime, person_id: PersonId
    ) -> Outgoing:
        topic, key = self._address(event, person_id)
        trace = {"traceparent": cause.traceparent} if cause.traceparent else {}
        envelope = wrap(event, id_=id_, source=self.source, time=now, extensions=trace)
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
    except (NotACloudEventError, UnknownEventError) as error:
        raise UnreadableRecordError(str(error)) from None
    return received.id, received


def inbox_record(event: MessageReceived | MessageStatusReported, pseudonyms: Pseudonyms) -> Outgoing:
    """The event as a record. Its id is made of what the SMS API told us, so that a replay has the same id."""
    if isinstance(event, MessageReceived):
        id_, time = derived_id("sms", event.sid), event.received_at
    else:
        code = str(event.error_code or "")
        id_, time = derived_id("sms-status", event.sid, event.status, code), event.at
    headers, value = encode(wrap(event, id_=id_, source=SOURCE, time=time, extensions={}))
    return Outgoing(SMS_INBOX, pseudonyms.phone(event.phone).encode(), value, headers)


def text_part_record(part: TextPartReceived, pseudonyms: Pseudonyms) -> Outgoing:
    """A part of a text as a record for who puts its number's parts together."""
    id_ = derived_id(
        "sms-part", part.carrier, str(part.reference), str(part.number), part.received_at.isoformat()
    )
    headers, value = encode(wrap(part, id_=id_, source=SOURCE, time=part.received_at, extensions={}))
    return Outgoing(SMS_OUTBOX, pseudonyms.phone(part.phone).encode(), value, headers)
