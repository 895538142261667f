"""Turns the events that the cores emit into records.

Their topic, their key, and an id derived from the cause.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.base import Event
from schemas.catalogue import PUBLIC_OUT
from schemas.cloudevents import encode, wrap
from schemas.happening import derived_id
from schemas.pseudonyms import Pseudonyms
from schemas.sms import (
    MessageAccepted,
    MessageDeferred,
    MessageInDoubt,
    MessageRejected,
    MessageToSend,
    NoticeRequested,
    PersonWithdrawn,
    QuestionAnswered,
    QuestionAsked,
    QuestionClosed,
    QuestionSent,
    QuestionSentTime,
    QuestionUndeliverable,
    SenderHeld,
    SentTimeTold,
    SentTimeWanted,
)
from streams.records import Outgoing
from streams.topics import CASE_INBOX, SMS_INBOX, SMS_OUTBOX

_TO_LINE = (
    QuestionAsked
    | QuestionClosed
    | NoticeRequested
    | PersonWithdrawn
    | MessageAccepted
    | MessageDeferred
    | MessageRejected
    | MessageInDoubt
    | SentTimeTold
)
_TO_CASE = QuestionSent | QuestionSentTime | QuestionAnswered | QuestionUndeliverable


@dataclass(frozen=True, slots=True)
class Cause:
    """What effects come from: its id, from which theirs are derived, and the trace it belongs to, if any."""

    id: str
    traceparent: str | None = None

    @property
    def extensions(self) -> dict[str, str]:
        """The CloudEvents extensions that its effects carry on."""
        return {"traceparent": self.traceparent} if self.traceparent else {}


@dataclass(frozen=True, slots=True)
class Effects:
    """Encodes effects for one sender, which is their CloudEvents source."""

    source: str
    pseudonyms: Pseudonyms

    def outgoing(
        self, events: Iterable[Event], cause: Cause, now: datetime, *, person_id: str = ""
    ) -> list[Outgoing]:
        """The records of these effects. The same cause and the same effects give the same ids.

        Public events are keyed by `person_id`, the person they are about.
        """
        return [
            self._record(event, derived_id(cause.id, event.name, str(n)), cause, now, person_id)
            for n, event in enumerate(events)
        ]

    def _record(self, event: Event, id_: str, cause: Cause, now: datetime, person_id: str) -> Outgoing:
        topic, key = self._address(event, person_id)
        envelope = wrap(event, id_=id_, source=self.source, time=now, extensions=cause.extensions)
        headers, value = encode(envelope)
        return Outgoing(topic=topic, key=key.encode(), value=value, headers=headers)

    def _address(self, event: Event, person_id: str) -> tuple[str, str]:
        if isinstance(event, MessageToSend | SentTimeWanted | SenderHeld):
            return SMS_OUTBOX, self.pseudonyms.phone(event.phone)
        if isinstance(event, _TO_LINE):
            return SMS_INBOX, self.pseudonyms.phone(event.phone)
        if isinstance(event, _TO_CASE):
            return CASE_INBOX, event.person_id
        if event.name in PUBLIC_OUT:
            return event.name, person_id
        raise ValueError(f"nobody receives {event.name}")
