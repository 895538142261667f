"""What is handed to the carrier, and what it, its webhooks and the SMS API tell of it."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from schemas.base import Instant
from schemas.ids import MessageId, Sid
from schemas.marks import PersonalText
from schemas.routes import ToCarrier, ToLine

Failure = Literal["permanent", "passing", "ours", "opted_out"]
"""Why a message did not reach its handset.

`permanent`: this number can never get it. `passing`: it may get the same message later. `ours`: our account,
sender or text is the cause. `opted_out`: the number told the carrier that it wants nothing more from us.
"""

DeliveryStatus = Literal[
    "accepted", "queued", "sending", "sent", "delivered", "undelivered", "failed", "canceled"
]
"""How far an accepted message has come, in the SMS API's words. It only climbs; the last four are final.

The API has other words as well, and may get new ones: they do not tell how far it has come.
"""
NOT_DELIVERED: frozenset[DeliveryStatus] = frozenset(("undelivered", "failed", "canceled"))
"""What says that a message will not reach its number."""
_RANKS: Mapping[str, int] = {
    "accepted": 0,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "delivered": 4,
    **dict.fromkeys(NOT_DELIVERED, 4),
}


def climbs(word: str, before: DeliveryStatus) -> bool:
    """Whether a status says that a message has come further than before; the first final one stands."""
    return _RANKS.get(word, -1) > _RANKS[before]


class MessageToSend(ToCarrier):
    """Hand this text to the SMS API. At most one message of a number is with the carrier at a time.

    `offer` says whether it puts an offer, which waits once a day's number of SMS is reached, and `answers`
    whether it answers a text that came, so that it passes those that answer none. Where a message was in
    doubt and an operator has said that it was not sent, `unsent_before` is up to when that is so.
    """

    name: ClassVar[str] = "sms.outbox.v1"

    message_id: MessageId
    text: PersonalText
    attempt: int
    requested_at: Instant
    offer: bool = False
    unsent_before: Instant | None = None
    answers: bool = False


class SentTimeWanted(ToCarrier):
    """Ask the SMS API when it sent the message with this sid. It is only read: a repeat does no harm."""

    name: ClassVar[str] = "message.sent-time-wanted"

    sid: Sid
    attempt: int


class TextPartReceived(ToCarrier):
    """A part of a long text came from this number: `number` of `count`, which share a `reference`.

    It goes to who keeps the parts of the number until all are there. `carrier` is whose reference it is, and
    `received_at` when it brought the part.
    """

    name: ClassVar[str] = "message.part-received"

    text: PersonalText
    carrier: str
    reference: int
    count: int
    number: int
    received_at: Instant


class SenderHeld(ToCarrier):
    """The SMS API has reported a failure for which our own account or sender is the cause: hold the queue.

    `code` is what it reported, `phone` the number of the message that failed so, and `at` when we were told.
    """

    name: ClassVar[str] = "sender.held"

    code: int | None
    at: Instant


class MessageAccepted(ToLine):
    """The SMS API accepted the message under this sid.

    `sent_at` is its own sent time, in whole seconds, where it told one with that. `carrier` is whose API it
    is, like `twilio`, and `sender` the number, short code or messaging service that the message leaves from;
    null where that was not told yet.
    """

    name: ClassVar[str] = "message.accepted"

    message_id: MessageId
    attempt: int
    sid: Sid
    accepted_at: Instant
    sent_at: Instant | None = None
    carrier: str | None = None
    sender: str | None = None


UNKNOWN_CODE = "unknown_code"
"""The reason for deferring a message that was refused with a code that nobody knows: it waits alone."""

DAILY_NUMBER = "daily_number"
"""The reason for deferring an offer for which the day's number of SMS has no place left: it waits alone."""


class MessageDeferred(ToLine):
    """The message was not taken as far as is known; it may be tried again.

    `retry_after_seconds` is real time. `may_have_left` says that the SMS API may have it all the same, and
    `tried_at` since when.
    """

    name: ClassVar[str] = "message.deferred"

    message_id: MessageId
    attempt: int
    reason: str
    retry_after_seconds: float | None
    may_have_left: bool = True
    tried_at: Instant | None = None
    at: Instant


class MessageRejected(ToLine):
    """The SMS API refused the message for good.

    `opted_out`: the number has told the carrier that it wants nothing more; it can be reached all the same.
    """

    name: ClassVar[str] = "message.rejected"

    message_id: MessageId
    attempt: int
    code: int | None
    reason: str
    opted_out: bool = False
    at: Instant


class MessageInDoubt(ToLine):
    """Nobody can tell whether the message was sent; an operator must look.

    `tried_at` is since when the SMS API may have it, where that is known.
    """

    name: ClassVar[str] = "message.in-doubt"

    message_id: MessageId
    attempt: int
    tried_at: Instant | None = None
    at: Instant


class MessageGivenUp(ToLine):
    """The line tells that a message that was in doubt is of no use any more: nobody has to look for it."""

    name: ClassVar[str] = "message.given-up"

    message_id: MessageId
    at: Instant


class SentTimeTold(ToLine):
    """What the SMS API told of when it sent a message.

    `sent_at` is in whole seconds, and null where it did not tell or could not be asked; then it may be asked
    again.
    """

    name: ClassVar[str] = "message.sent-time-told"

    sid: Sid
    attempt: int
    sent_at: Instant | None


class MessageReceived(ToLine):
    """A text came from this number. `received_at` is when the carrier first brought it, as far as we know."""

    name: ClassVar[str] = "message.received"

    text: PersonalText
    sid: Sid
    received_at: Instant


class MessageStatusReported(ToLine):
    """The carrier tells what became of a message. Reports come late, repeated and in any order.

    `status` is the SMS API's word, a `DeliveryStatus` or any other. `failure` is the webhook's reading of the
    error code, and null where the status tells of no failure. Events that were written before there was
    `failure` have `undeliverable` alone, which says that it is permanent. `sent_at` is when the carrier took
    or sent the message, by its own clock, where it tells that with the status.
    """

    name: ClassVar[str] = "message.status"

    sid: Sid
    status: str
    error_code: int | None
    undeliverable: bool = False
    failure: Failure | None = None
    sent_at: Instant | None = None
    at: Instant
