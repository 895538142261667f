"""What can be read of a person as they stand: one of each event, and more where it matters what it says."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rules.deadlines import deadlines
from schemas.base import Event
from schemas.deadlines import DeadlineElapsed
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.ids import SERVICE, MessageId, Sid
from schemas.operators import ActObject, OperatorActed
from schemas.portal import PhoneRegistered
from schemas.questions import (
    AccountConfirmed,
    AccountGiven,
    Answer,
    Consent,
    Decline,
    QuestionAnswered,
    QuestionKind,
    QuestionNotAnswered,
    QuestionNotReached,
    QuestionNotUnderstood,
    QuestionSent,
    QuestionSentTime,
    QuestionUndeliverable,
    Separately,
    Together,
)
from schemas.registry import (
    DeathAnnulled,
    DeathRegistered,
    DisabilityEstablished,
    EntitlementRestored,
    EntitlementRevoked,
    TitleAwarded,
)
from schemas.statecorp import AccountKnown, BenefitRecorded
from schemas.values import Language
from tests.unit.rules.case_desk import IBAN, IIN, MINUTE, NOON, OTHER, PERSON, PHONE, on_case
from tests.unit.rules.watched_desk import Watched

CERTIFICATE = DisabilityEstablished(
    iin=IIN,
    certificate_id="B",
    established_on=date(2021, 7, 19),
    group="2",
    legal_ground="7",
    first_time=True,
)
SECOND = TitleAwarded(iin=IIN, title="hero_of_labour", award_id="C", awarded_on=date(2021, 7, 19))
LAST_DAY = datetime(2023, 6, 30, 6, tzinfo=UTC)
YES = Consent(language=Language.KAZAKH)
REGISTERED = PhoneRegistered(iin=IIN, phone=PHONE, registered_at=NOON)
TITLE = TitleAwarded(iin=IIN, title="peoples_hero", award_id="A", awarded_on=date(2021, 7, 19))
PAID = BenefitRecorded(iin=IIN, benefit="special_state_benefit", status="paid", recorded_on=NOON.date())
APPLIED = PAID.model_copy(update={"status": "applied"})
GIVEN = AccountGiven(iban=IBAN)
_ANSWERS: dict[QuestionKind, tuple[Answer | None, ...]] = {
    QuestionKind.OFFER: (YES, Decline(), None),
    QuestionKind.ONE_APPLICATION: (Together(), Separately(), Decline(), None),
    QuestionKind.ACCOUNT: (AccountConfirmed(), AccountGiven(iban=IBAN), Decline(stop=True), None),
}


def events(desk: Watched) -> Iterator[Event]:
    """One of each that can be read now, and more where it matters what it says."""
    day, status = desk.now.date(), ("applied", "paid", "ended")
    yield from (TITLE, CERTIFICATE, SECOND, SECOND.model_copy(update={"posthumous": True}))
    yield CERTIFICATE.model_copy(update={"legal_capacity": "guardian"})
    for record in ("A", "B"):
        yield EntitlementRevoked(iin=IIN, record_id=record)
        yield EntitlementRestored(iin=IIN, record_id=record)
    for died_on in (day, day - timedelta(days=40)):
        yield DeathRegistered(iin=IIN, died_on=died_on)
    yield DeathAnnulled(iin=IIN)
    for phone in (PHONE, OTHER, "+79161234567", None):
        for ago in (timedelta(0), 3 * MINUTE, timedelta(days=2)):
            yield PhoneRegistered(iin=IIN, phone=phone, registered_at=desk.now - ago)
    for case_id in (None, *desk.person.cases):
        yield from (PAID.model_copy(update={"status": each, "case_id": case_id}) for each in status)
    yield APPLIED.model_copy(update={"recorded_on": day})
    yield from (AccountKnown(iin=IIN, iban=iban) for iban in (IBAN, None))
    yield from of_questions(desk)
    yield from of_drafts(desk)
    for case_id in desk.person.cases:
        yield from (on_case(act, case_id) for act in ("manual_route", "hold", "resume", "note"))
    yield DeadlineElapsed(deadline=SERVICE, version=desk.service.revision, due=desk.now)
    for wait in deadlines(desk.person, desk.policy):
        yield DeadlineElapsed(deadline=wait.name, version=wait.version, due=wait.at)


def of_questions(desk: Watched) -> Iterator[Event]:
    for case in desk.person.cases.values():
        for question in case.questions[-3:]:
            about: dict[str, Any] = {
                "question_id": question.question_id,
                "case_id": case.case_id,
                "person_id": PERSON,
            }
            sid = question.message_id or MessageId("m")
            yield QuestionSent(**about, message_id=MessageId("m"), text="the text", sent_at=desk.now)
            yield QuestionSentTime(**about, message_id=sid, sent_at=desk.now + timedelta(days=1))
            yield QuestionNotReached(**about, message_id=sid, code=1, at=desk.now)
            yield QuestionUndeliverable(**about, code=1, at=desk.now)
            for text in ("IN", "IN2"):
                of_before = (question.sent_at or desk.now) - timedelta(hours=1)
                yield QuestionNotAnswered(**about, message_id=Sid(text), received_at=of_before)
            for received_at in (desk.now, desk.now - 2 * MINUTE, question.sent_at):
                if received_at:
                    yield QuestionNotUnderstood(**about, message_id=Sid("IN"), received_at=received_at)
                    yield from (
                        QuestionAnswered(
                            **about, answer=answer, text="x", message_id=Sid("IN2"), received_at=received_at
                        )
                        for answer in _ANSWERS[question.kind]
                    )


def of_drafts(desk: Watched) -> Iterator[Event]:
    for case in desk.person.cases.values():
        known = case.draft or case.decision
        if known is None:
            continue
        id_, day = known.decision_id, desk.now.date()
        for outcome, ground in (("granted", None), ("refused", 1), ("refused", 4)):
            yield DecisionSigned.model_validate(
                {
                    "decision_id": id_,
                    "outcome": outcome,
                    "refusal_ground": ground,
                    "officer": "o",
                    "signed_at": desk.now,
                }
            )
        yield HearingRecorded(decision_id=id_, held_on=day, objection=True, officer="o")
        yield TermExtended(decision_id=id_, until=day + timedelta(days=25), reason="r", officer="o")
        for ground in (1, 4):
            yield OperatorActed(
                act="intend_refusal",
                object=ActObject(kind="decision", id=id_),
                person_id="0" * 64,
                details={"refusal_ground": ground},
                reason="r",
                operator="o",
            )
