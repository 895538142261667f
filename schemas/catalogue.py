"""Which model belongs to which event name."""

from schemas.base import Event
from schemas.emaket import DecisionSigned
from schemas.outcomes import BenefitDecided, CaseAdvanced, DecisionDrafted, ProcessEnded
from schemas.portal import PhoneRegistered
from schemas.registry import DeathRegistered, DisabilityEstablished, EntitlementRevoked, TitleAwarded
from schemas.sms import (
    DeadlineElapsed,
    MessageAccepted,
    MessageDeferred,
    MessageInDoubt,
    MessageReceived,
    MessageRejected,
    MessageStatusReported,
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
from schemas.statecorp import AccountKnown, BenefitRecorded


def _by_name(*models: type[Event]) -> dict[str, type[Event]]:
    return {model.name: model for model in models}


PUBLIC_IN = _by_name(
    TitleAwarded,
    DisabilityEstablished,
    EntitlementRevoked,
    DeathRegistered,
    PhoneRegistered,
    BenefitRecorded,
    AccountKnown,
    DecisionSigned,
)
"""The public events that come in, by topic."""

PUBLIC_OUT = _by_name(BenefitDecided, DecisionDrafted, ProcessEnded, CaseAdvanced)
"""The public events that go out, by topic."""

CASE_INBOX = PUBLIC_IN | _by_name(
    QuestionSent, QuestionSentTime, QuestionAnswered, QuestionUndeliverable, DeadlineElapsed
)
"""What the case desk understands, by event name."""

SMS_INBOX = _by_name(
    QuestionAsked,
    QuestionClosed,
    NoticeRequested,
    PersonWithdrawn,
    MessageAccepted,
    MessageDeferred,
    MessageRejected,
    MessageInDoubt,
    SentTimeTold,
    MessageReceived,
    MessageStatusReported,
    DeadlineElapsed,
)
"""What the SMS desk understands, by event name."""

SMS_OUTBOX = _by_name(MessageToSend, SentTimeWanted, SenderHeld)
"""What the carrier understands, by event name."""
