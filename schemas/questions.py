"""What is asked of a person and told them, and what became of it: between the case desk and the SMS desk."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Instant, Model
from schemas.ids import CaseId, MessageId, PersonId, QuestionId, Sid
from schemas.marks import PersonalText
from schemas.routes import ToCase, ToLine
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
    REFUSED_1 = "refused_1"
    REFUSED_2 = "refused_2"
    REFUSED_3 = "refused_3"
    REFUSED_BY_OFFICER = "refused_by_officer"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    NO_REPLY = "no_reply"
    NOT_UNDERSTOOD = "not_understood"
    ANSWERED_LATE = "answered_late"
    ALREADY_RECEIVING = "already_receiving"
    ANOTHER_GROUND = "another_ground"
    REVOKED = "revoked"
    MANUAL_ROUTE = "manual_route"
    HEARING = "hearing"
    TERM_EXTENDED = "term_extended"
    REMINDER = "reminder"


class Consent(Model):
    """I agree, go on in this language (R3, R8)."""

    kind: Literal["consent"] = "consent"
    language: Language


class Decline(Model):
    """No. `stop`: in a word that also means that nothing more may be sent to this number."""

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


Route = Literal["state_corporation", "provider"]
"""Where a person applies who goes the ordinary way, as texts name it."""


class Details(Model):
    """What the texts of a question or a notice need to know."""

    iin_tail: PersonalText = ""
    account: PersonalText | None = None
    route: Route = "state_corporation"
    until: Instant | None = None


class QuestionAsked(ToLine):
    """Ask the person this question on this number. Without a language it is asked in both.

    `prompted_at` is when the carrier received the citizen's text on this number that the question answers:
    quiet hours do not hold an answer that follows at once.
    """

    name: ClassVar[str] = "question.asked"

    question_id: QuestionId
    case_id: CaseId
    person_id: PersonId
    kind: QuestionKind
    language: Language | None
    details: Details
    prompted_at: Instant | None = None


class QuestionClosed(ToLine):
    """The question awaits no answer any longer: answers received from `closed_at` on are not its answers.

    `closed_by` is the text whose answer closed it, if one did: that one counted.
    """

    name: ClassVar[str] = "question.closed"

    question_id: QuestionId
    closed_at: Instant
    closed_by: Sid | None = None


class NoticeRequested(ToLine):
    """Tell the person this. `question_id` names the question that a reminder belongs to.

    `prompted_at` is when the carrier received the text that the notice answers, if it answers one.
    """

    name: ClassVar[str] = "notice.requested"

    notice_id: MessageId
    case_id: CaseId
    person_id: PersonId
    kind: NoticeKind
    language: Language | None
    details: Details
    prompted_at: Instant | None = None
    question_id: QuestionId | None = None


class PersonWithdrawn(ToLine):
    """Send nothing more for this person on this number: they died, or the number is no longer theirs."""

    name: ClassVar[str] = "person.withdrawn"

    person_id: PersonId
    at: Instant


class CasePurged(ToLine):
    """Forget what was asked and told on this number for the case: its retention is over (R34).

    `phone` says where to send it, and is not written: who is told to forget a number must not be told it
    again. What is read has it empty; the record's key is the number's pseudonym.
    """

    name: ClassVar[str] = "case.purged"

    phone: Phone = Field("", exclude=True)
    case_id: CaseId


class QuestionSent(ToCase):
    """The question left at `sent_at`, and from then on its term runs (R6).

    That is when the carrier accepted it, or its own sent time where it told a later one with that. `text` is
    as it left, of the version `text_version` of the texts, and without a `language` in both. `sender` is the
    number, short code or messaging service that it left from, by this `carrier`. Null stands for "not known"
    in what was written before there were these fields.
    """

    name: ClassVar[str] = "question.sent"

    question_id: QuestionId
    case_id: CaseId
    message_id: MessageId
    text: PersonalText
    text_version: str | None = None
    language: Language | None = None
    carrier: str | None = None
    sender: str | None = None
    sent_at: Instant


class QuestionSentTime(ToCase):
    """The carrier told afterwards that it sent the question at `sent_at`, as `message_id` if that is known.

    The term starts then, if that is later than the acceptance (R6).
    """

    name: ClassVar[str] = "question.sent-time"

    question_id: QuestionId
    case_id: CaseId
    message_id: MessageId | None = None
    sent_at: Instant


class QuestionAnswered(ToCase):
    """An answer came to this question. `answer` is null where a late text could not be understood.

    `received_at` is when the carrier received it; that alone decides whether it was in time (R6).
    """

    name: ClassVar[str] = "question.answered"

    question_id: QuestionId
    case_id: CaseId
    answer: Answer | None
    text: PersonalText
    message_id: Sid
    received_at: Instant


class QuestionNotUnderstood(ToCase):
    """A text came to this question that could not be understood. What it says stays with the line.

    Whoever answered, but was never understood, has not been silent (R6).
    """

    name: ClassVar[str] = "question.not-understood"

    question_id: QuestionId
    case_id: CaseId
    message_id: Sid
    received_at: Instant


class QuestionNotAnswered(ToCase):
    """A text that was told as an answer to this question, and was too late for it, is none (R6).

    It had come at `received_at`, as the carrier tells by now, before the question was put or after another.
    """

    name: ClassVar[str] = "question.not-answered"

    question_id: QuestionId
    case_id: CaseId
    message_id: Sid
    received_at: Instant


class QuestionNotReached(ToCase):
    """The sending of this question that was accepted as `message_id` has not reached the number.

    It started no term (R6). Another sending follows while the question waits for its answer.
    """

    name: ClassVar[str] = "question.not-reached"

    question_id: QuestionId
    case_id: CaseId
    message_id: MessageId
    code: int | None
    at: Instant


class QuestionUndeliverable(ToCase):
    """The question can't reach the number. `opted_out`: because its holder wants nothing from our sender."""

    name: ClassVar[str] = "question.undeliverable"

    question_id: QuestionId
    case_id: CaseId
    code: int | None
    opted_out: bool = False
    at: Instant
