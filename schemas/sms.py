"""What travels between the case desk, the SMS desk, the carrier and the webhooks, in that order."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Event, Instant, Model
from schemas.values import Iban, Language, Phone


class QuestionKind(StrEnum):
    """What a question asks for."""

    OFFER = "offer"
    ONE_APPLICATION = "one_application"
    ACCOUNT = "account"


class NoticeKind(StrEnum):
    """What a notice tells. A notice awaits no answer."""

    GRANTED = "granted"
    REFUSED = "refused"
    REFUSED_BY_OFFICER = "refused_by_officer"
    DECLINED = "declined"
    NO_REPLY = "no_reply"
    ANSWERED_LATE = "answered_late"
    ALREADY_RECEIVING = "already_receiving"
    REVOKED = "revoked"
    REMINDER = "reminder"
    WITHDRAWN = "withdrawn"


class Consent(Model):
    """I agree, go on in this language (R3, R8)."""

    kind: Literal["consent"] = "consent"
    language: Language


class Decline(Model):
    """No. `stop`: in words that a number says to whoever writes to it, else the person asked says it."""

    kind: Literal["decline"] = "decline"
    stop: bool = False


class Together(Model):
    """One application, together with the disability allowance (R7)."""

    kind: Literal["together"] = "together"


class Separately(Model):
    """This benefit on its own (R7)."""

    kind: Literal["separately"] = "separately"


class AccountConfirmed(Model):
    """The account shown is the right one (R4)."""

    kind: Literal["account_confirmed"] = "account_confirmed"


class AccountGiven(Model):
    """Pay to this account (R4)."""

    kind: Literal["account_given"] = "account_given"
    iban: Iban


Answer = Annotated[
    Consent | Decline | Together | Separately | AccountConfirmed | AccountGiven, Field(discriminator="kind")
]


class Details(Model):
    """What the texts of a question or a notice need to know."""

    iin_tail: str = ""
    account: str | None = None
    route: Literal["state_corporation", "provider"] = "state_corporation"
    until: Instant | None = None


class QuestionAsked(Event):
    """Ask the person this question on this number. Without a language it is asked in both.

    `prompted_at` is when the carrier received the citizen's text on this number that the question answers:
    quiet hours do not hold an answer that follows at once.
    """

    name: ClassVar[str] = "question.asked"

    question_id: str
    case_id: str
    person_id: str
    phone: Phone
    kind: QuestionKind
    language: Language | None
    details: Details
    prompted_at: Instant | None = None


class QuestionClosed(Event):
    """The question awaits no answer any longer: answers received from `closed_at` on are not its answers."""

    name: ClassVar[str] = "question.closed"

    question_id: str
    phone: Phone
    closed_at: Instant


class NoticeRequested(Event):
    """Tell the person this. `question_id` names the question that a reminder belongs to.

    `prompted_at` is when the carrier received the text that the notice answers, if it answers one.
    """

    name: ClassVar[str] = "notice.requested"

    notice_id: str
    case_id: str
    person_id: str
    phone: Phone
    kind: NoticeKind
    language: Language | None
    details: Details
    prompted_at: Instant | None = None
    question_id: str | None = None


class PersonWithdrawn(Event):
    """Send nothing more for this person on this number: they died, or the number is no longer theirs."""

    name: ClassVar[str] = "person.withdrawn"

    person_id: str
    phone: Phone
    at: Instant


class QuestionSent(Event):
    """The question left at `sent_at`, and from then on its term runs (R6).

    That is when the carrier accepted it, or its own sent time where it told a later one with that.
    """

    name: ClassVar[str] = "question.sent"

    question_id: str
    case_id: str
    person_id: str
    message_id: str
    text: str
    sent_at: Instant


class QuestionSentTime(Event):
    """The carrier told afterwards that it sent the question at `sent_at`.

    The term starts then, if that is later than the acceptance (R6).
    """

    name: ClassVar[str] = "question.sent-time"

    question_id: str
    case_id: str
    person_id: str
    sent_at: Instant


class QuestionAnswered(Event):
    """An answer came to this question. `answer` is null where a late text could not be understood.

    `received_at` is when the carrier received it; that alone decides whether it was in time (R6).
    """

    name: ClassVar[str] = "question.answered"

    question_id: str
    case_id: str
    person_id: str
    answer: Answer | None
    text: str
    message_id: str
    received_at: Instant


class QuestionUndeliverable(Event):
    """The question can't reach the number."""

    name: ClassVar[str] = "question.undeliverable"

    question_id: str
    case_id: str
    person_id: str
    code: int | None
    at: Instant


class MessageToSend(Event):
    """Hand this text to the SMS API. At most one message of a number is with the carrier at a time."""

    name: ClassVar[str] = "sms.outbox.v1"

    message_id: str
    phone: Phone
    text: str
    attempt: int
    requested_at: Instant


class SentTimeWanted(Event):
    """Ask the SMS API when it sent the message with this sid. It is only read: a repeat does no harm."""

    name: ClassVar[str] = "message.sent-time-wanted"

    sid: str
    phone: Phone
    attempt: int


class MessageAccepted(Event):
    """The SMS API accepted the message under this sid.

    `sent_at` is its own sent time, in whole seconds, where it told one with that.
    """

    name: ClassVar[str] = "message.accepted"

    message_id: str
    phone: Phone
    attempt: int
    sid: str
    accepted_at: Instant
    sent_at: Instant | None = None


class MessageDeferred(Event):
    """The message was not sent; it may be tried again. `retry_after_seconds` is real time."""

    name: ClassVar[str] = "message.deferred"

    message_id: str
    phone: Phone
    attempt: int
    reason: str
    retry_after_seconds: float | None
    at: Instant


class MessageRejected(Event):
    """The SMS API refused the message for good."""

    name: ClassVar[str] = "message.rejected"

    message_id: str
    phone: Phone
    attempt: int
    code: int | None
    reason: str
    at: Instant


class MessageInDoubt(Event):
    """Nobody can tell whether the message was sent; an operator must look."""

    name: ClassVar[str] = "message.in-doubt"

    message_id: str
    phone: Phone
    attempt: int
    at: Instant


class SentTimeTold(Event):
    """What the SMS API told of when it sent a message.

    `sent_at` is in whole seconds, and null where it did not tell or could not be asked; then it may be asked
    again.
    """

    name: ClassVar[str] = "message.sent-time-told"

    sid: str
    phone: Phone
    attempt: int
    sent_at: Instant | None


class MessageReceived(Event):
    """A text came from this number. `received_at` is when the carrier first brought it, as far as we know."""

    name: ClassVar[str] = "message.received"

    phone: Phone
    text: str
    sid: str
    received_at: Instant


class MessageStatusReported(Event):
    """The carrier tells what became of a message. Reports come late, repeated and in any order.

    `undeliverable` is the webhook's reading of the error code: this message can't reach this number, ever. A
    passing failure is not that.
    """

    name: ClassVar[str] = "message.status"

    phone: Phone
    sid: str
    status: str
    error_code: int | None
    undeliverable: bool = False
    at: Instant


class DeadlineElapsed(Event):
    """A deadline's instant has come. Whether it still matters is for the desk to decide.

    `deadline` names what was waited for, `version` which setting of it.
    """

    name: ClassVar[str] = "deadline.elapsed"

    deadline: str
    version: int
    due: Instant
