"""The carrier and its SMS API: accepts, loses its own answer, gives back, refuses, dies, and finds again.

It keeps a journal as the real one does (sms/sending/dispatcher.py), so that no message is sent twice. What
the API took, and when it sent that, is the truth against which everything else is checked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from ops.simulation.desk_model import PLAIN, Inbox
from schemas.base import Event
from schemas.ids import MessageId, Sid, derived_id
from schemas.messages import (
    MessageAccepted,
    MessageDeferred,
    MessageInDoubt,
    MessageRejected,
    MessageToSend,
    SenderHeld,
    SentTimeTold,
    SentTimeWanted,
)
from streams.events import Cause, Effects
from streams.records import Outgoing

STALE = timedelta(seconds=60)
_SENDER = "+77010000000"
_REFUSALS = {"reject": (30005, False), "opt_out": (21610, True)}

_Report = MessageAccepted | MessageDeferred | MessageInDoubt | MessageRejected


@dataclass(frozen=True, slots=True)
class Sms:
    """A message that the API took at this instant.

    `requested` is when it was handed over first, or first after it last came back surely unsent. `sent_at` is
    when the API truly sends it, which it tells in whole seconds.
    """

    sid: Sid
    message: MessageToSend
    requested: datetime
    at: datetime
    sent_at: datetime

    @property
    def told_at(self) -> datetime:
        """When it was sent, as the API tells it."""
        return self.sent_at.replace(microsecond=0)


@dataclass(slots=True)
class _Entry:
    requested: datetime
    tried_at: datetime | None = None
    attempt: int = 0
    called_at: datetime | None = None
    report: _Report | None = None
    open: bool = False

    def hear(self, message: MessageToSend) -> None:
        """An operator may have said that what was tried before the doubt did not leave."""
        unsent = message.unsent_before
        if unsent and self.open and self.report and self.called_at and self.called_at <= unsent:
            self.open, self.tried_at, self.requested = False, None, message.requested_at


class Carrier:
    """Takes messages for each number in their order. `taken` hears of every SMS that leaves.

    `held` is how long the API takes to send what it took.
    """

    def __init__(self, taken: Callable[[Sms], None], held: timedelta) -> None:
        self._effects = Effects("urn:jardem:carrier", PLAIN)
        self.inboxes: dict[str, Inbox] = {}
        self.api: list[Sms] = []
        self._journal: dict[MessageId, _Entry] = {}
        self._taken = taken
        self._held = held

    def deliver(self, phone: str, sent: Outgoing, now: datetime) -> Event | None:
        """Put a message, an inquiry or a hold into the outbox, and tell what it is."""
        inbox = self.inboxes.setdefault(phone, Inbox())
        inbox.post(sent, now)
        return inbox.records[-1].data

    def waiting(self) -> list[str]:
        """The numbers for which a message waits."""
        return [phone for phone, inbox in self.inboxes.items() if inbox.waiting]

    def carry(self, phone: str, outcome: str, now: datetime) -> list[tuple[Event, Outgoing]]:
        """Take the next message, inquiry or hold of a number; return the report and its record, if any."""
        inbox = self.inboxes[phone]
        message = inbox.records[inbox.done].data
        if isinstance(message, SenderHeld):
            # The real carrier rests for a while. How long a message waits is up to the actions here.
            inbox.done += 1
            return []
        if isinstance(message, SentTimeWanted):
            if outcome == "die":
                return []
            inbox.done += 1
            told = self._told(message, now if outcome == "accept" else None)
            return self._reports(told.sid, told, now)
        if not isinstance(message, MessageToSend):
            raise TypeError(f"{message} is nothing to send")
        entry = self._journal.setdefault(message.message_id, _Entry(message.requested_at))
        entry.hear(message)
        report = self._known(entry, message, outcome, now) or self._try(entry, message, outcome, now)
        if report is None:
            return []
        inbox.done += 1
        entry.report, entry.attempt = report, message.attempt
        return self._reports(report.message_id, report, now)

    def _reports(
        self, about: MessageId | Sid, report: _Report | SentTimeTold, now: datetime
    ) -> list[tuple[Event, Outgoing]]:
        """The same report of the same attempt has the same id, whichever record asked for it."""
        cause = Cause(derived_id(about, str(report.attempt)))
        return [(report, sent) for sent in self._effects.outgoing([report], cause, now)]

    def _told(self, wanted: SentTimeWanted, now: datetime | None) -> SentTimeTold:
        """What the API tells of a message's sending now; nothing where it can't be asked."""
        sent = [sms for sms in self.api if now and sms.sid == wanted.sid and sms.sent_at <= now]
        return SentTimeTold(
            sid=wanted.sid,
            phone=wanted.phone,
            attempt=wanted.attempt,
            sent_at=sent[0].told_at if sent else None,
        )

    def truly(self, message_id: MessageId) -> Sms | None:
        """The SMS that the API took for a message, if it took one."""
        return next((sms for sms in self.api if sms.message.message_id == message_id), None)

    def _known(self, entry: _Entry, message: MessageToSend, outcome: str, now: datetime) -> _Report | None:
        final = isinstance(entry.report, MessageAccepted | MessageRejected)
        if entry.report and (final or message.attempt <= entry.attempt):
            return entry.report
        if entry.open and outcome == "doubt":
            # The API cannot be asked whether it has the message.
            return MessageInDoubt(**_names(message), tried_at=entry.tried_at, at=now)
        if entry.open:
            found = self.truly(message.message_id)
            if found:
                return self._accepted(message, found)
        return None

    def _try(self, entry: _Entry, message: MessageToSend, outcome: str, now: datetime) -> _Report | None:
        # Whatever was tried before is not with the API, or it would have been found there.
        entry.requested = entry.requested if entry.open else message.requested_at
        entry.open = False
        if now - message.requested_at > STALE:
            return self._deferred(message, "stale", now)
        if outcome == "defer":
            return self._deferred(message, "busy", now)
        if outcome in _REFUSALS:
            code, opted_out = _REFUSALS[outcome]
            return MessageRejected(**_names(message), code=code, reason=outcome, opted_out=opted_out, at=now)
        entry.open = outcome in ("lose", "doubt", "die")
        entry.tried_at = entry.tried_at or now
        # A call comes after all that an operator has said to be unsent, though it be at the same instant.
        unsent = message.unsent_before
        entry.called_at = max(now, unsent + timedelta(microseconds=1)) if unsent else now
        if outcome == "doubt":
            return MessageInDoubt(**_names(message), tried_at=entry.tried_at, at=now)
        sms = Sms(Sid(f"SM{len(self.api)}"), message, entry.requested, now, now + self._held)
        self.api.append(sms)
        self._taken(sms)
        if outcome == "die":
            entry.report = None
            return None
        lost = outcome == "lose"
        return self._deferred(message, "lost", now, entry.tried_at) if lost else self._accepted(message, sms)

    def _deferred(
        self, message: MessageToSend, reason: str, now: datetime, tried_at: datetime | None = None
    ) -> _Report:
        return MessageDeferred(
            **_names(message),
            reason=reason,
            retry_after_seconds=None,
            may_have_left=tried_at is not None,
            tried_at=tried_at,
            at=now,
        )

    def _accepted(self, message: MessageToSend, sms: Sms) -> _Report:
        return MessageAccepted(
            **_names(message), sid=sms.sid, accepted_at=sms.at, carrier="simulation", sender=_SENDER
        )


class _Names(TypedDict):
    message_id: MessageId
    phone: str
    attempt: int


def _names(message: MessageToSend) -> _Names:
    return {"message_id": message.message_id, "phone": message.phone, "attempt": message.attempt}
