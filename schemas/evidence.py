"""What a decision rests on, in the parts of which a dispute asks (R2, R7, R8, R33).

Digests are SHA-256 in lower-case hex: of records as they came, and of texts in UTF-8. What is null was not
kept yet when it happened.
"""

from datetime import date
from typing import Literal

from pydantic import ConfigDict, Field

from schemas.base import Instant, Model
from schemas.ids import MessageId, QuestionId, Sid
from schemas.marks import PersonalText
from schemas.values import Language

Meaning = Literal["consent_kk", "consent_ru", "together", "separately", "account_confirmed", "account_given"]
"""What an answer said."""


class SourceEvidence(Model):
    """The registry's event from which the right arose, and the record that it is about."""

    event: str
    time: Instant
    id: str
    source: str
    sha256: str
    record: Literal["title", "disability"]
    record_id: str
    record_date: date | None


class NumberEvidence(Model):
    """The number that consented, by pseudonym, and since when the portal had it as the person's own (R2)."""

    phone_id: str | None
    registered_at: Instant | None
    event_sha256: str | None


class QuestionEvidence(Model):
    """A question that was answered, exactly as it was sent. `language` is null where it was in both."""

    question_id: QuestionId
    kind: Literal["offer", "one_application", "account"]
    phone_id: str | None
    language: Language | None
    text: PersonalText
    sha256: str
    text_version: str | None
    sent_at: Instant
    term_ends: Instant | None
    message_id: MessageId


class AnswerEvidence(Model):
    """An answer that counted, exactly as it was received."""

    question_id: QuestionId
    meaning: Meaning
    phone_id: str | None
    text: PersonalText
    sha256: str
    received_at: Instant
    message_id: Sid


class ConsentEvidence(Model):
    """A consent: when it was given, in which answer, and to which wording."""

    given: Literal[True] = True
    at: Instant
    question_id: QuestionId
    message_id: Sid
    text_version: str | None
    text_sha256: str


class SenderEvidence(Model):
    """Who the offer came from: the carrier, and the number, short code or service."""

    model_config = ConfigDict(populate_by_name=True)

    carrier: str | None
    from_: str | None = Field(alias="from")


class Evidence(Model):
    """The evidence of a case. One digit gives both consents, but each is a fact of its own (R3, R8)."""

    source: SourceEvidence
    number: NumberEvidence
    questions: tuple[QuestionEvidence, ...]
    answers: tuple[AnswerEvidence, ...]
    consent_to_service: ConsentEvidence
    consent_to_data: ConsentEvidence
    sender: SenderEvidence
