"""Turns the events that the cores emit into records.

Their topic, their key, and an id derived from the cause.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.cloudevents import encode, wrap
from schemas.ids import Pseudonyms
from schemas.received import derived_id
from schemas.routes import Effect, PublicOut, ToCarrier, ToCase, ToLine
from streams.records import Outgoing
from streams.topics import CASE_INBOX, SMS_INBOX, SMS_OUTBOX


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
        self, events: Iterable[Effect], cause: Cause, now: datetime, *, person_id: str = ""
    ) -> list[Outgoing]:
        """The records of these effects. The same cause and the same effects give the same ids.

        Public events are keyed by `person_id`, the person they are about.
        """
        return [
            self._record(event, derived_id(cause.id, event.name, str(n)), cause, now, person_id)
            for n, event in enumerate(events)
        ]

    def _record(self, event: Effect, id_: str, cause: Cause, now: datetime, person_id: str) -> Outgoing:
        topic, key = self._address(event, person_id)
        envelope = wrap(event, id_=id_, source=self.source, time=now, extensions=cause.extensions)
        headers, value = encode(envelope)
        return Outgoing(topic=topic, key=key.encode(), value=value, headers=headers)

    def _address(self, event: Effect, person_id: str) -> tuple[str, str]:
        match event:
            case ToCarrier():
                return SMS_OUTBOX, self.pseudonyms.phone(event.phone)
            case ToLine():
                return SMS_INBOX, self.pseudonyms.phone(event.phone)
            case ToCase():
                return CASE_INBOX, event.person_id
            case PublicOut():
                return event.name, person_id
