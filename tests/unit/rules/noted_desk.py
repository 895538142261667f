"""A desk in each state of a case, and the facts whose notes are looked at."""

from datetime import date, datetime

from rules.policy import DecisionMode, Policy, TermPolicy
from schemas.base import Event
from schemas.ids import CaseId, DecisionId, MessageId, QuestionId, Sid
from schemas.operators import OperatorActed
from schemas.outcomes import DecisionDrafted
from schemas.portal import PhoneRegistered
from schemas.questions import (
    AccountGiven,
    Consent,
    Decline,
    QuestionNotReached,
    QuestionNotUnderstood,
    QuestionUndeliverable,
)
from schemas.registry import DeathRegistered, EntitlementRestored, EntitlementRevoked, TitleAwarded
from schemas.statecorp import BenefitRecorded
from schemas.values import Language
from tests.unit.rules.case_desk import (
    CASE,
    IBAN,
    IIN,
    MINUTE,
    NOON,
    OFFER,
    OTHER,
    PERSON,
    REGISTERED,
    TITLE,
    Desk,
    only,
)

YES, NO = Consent(language=Language.KAZAKH), Decline()
PAY_HERE = AccountGiven(iban=IBAN)
REVOKED = EntitlementRevoked(iin=IIN, record_id="A")
RESTORED = EntitlementRestored(iin=IIN, record_id="A")
DEAD = DeathRegistered(iin=IIN, died_on=date(2021, 7, 22))
SECOND_TITLE = TitleAwarded(iin=IIN, title="hero_of_labour", award_id="B", awarded_on=date(2021, 7, 19))


def offered(right: Event = TITLE, **policies: object) -> Desk:
    desk = Desk(Policy(**({"term": TermPolicy.EXCLUSIVE} | policies)))  # type: ignore[arg-type]
    desk.reads(REGISTERED, right)
    desk.leaves()
    return desk


def consented(right: Event = TITLE, **policies: object) -> Desk:
    desk = offered(right, **policies)
    desk.answers(YES)
    desk.leaves()
    desk.now += MINUTE
    return desk


def granted() -> Desk:
    desk = consented()
    desk.answers(PAY_HERE)
    desk.now += MINUTE
    return desk


def drafted() -> tuple[Desk, DecisionId]:
    desk = consented(decision_mode=DecisionMode.OFFICER)
    [draft] = only(desk.answers(PAY_HERE), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    desk.now += MINUTE
    return desk, draft.decision_id


def over() -> Desk:
    """The offer's term has run out without an answer."""
    desk = offered()
    desk.rings("term")
    return desk


def refused_to() -> Desk:
    desk = offered()
    desk.answers(NO)
    desk.now += MINUTE
    return desk


def moved(desk: Desk, phone: str | None = OTHER) -> PhoneRegistered:
    desk.now += MINUTE
    return PhoneRegistered(iin=IIN, phone=phone, registered_at=desk.now)


def recorded(status: str = "paid", day: date = date(2021, 7, 1), **more: object) -> BenefitRecorded:
    return BenefitRecorded.model_validate(
        {"iin": IIN, "benefit": "special_state_benefit", "status": status, "recorded_on": day, **more}
    )


def failed(question_id: QuestionId = OFFER, message: str = "m") -> QuestionNotReached:
    return QuestionNotReached(
        question_id=question_id,
        case_id=CASE,
        person_id=PERSON,
        message_id=MessageId(message),
        code=30003,
        at=NOON,
    )


def lost(question_id: QuestionId = OFFER) -> QuestionUndeliverable:
    return QuestionUndeliverable(question_id=question_id, case_id=CASE, person_id=PERSON, code=30005, at=NOON)


def misread(question_id: QuestionId, at: datetime, case_id: CaseId = CASE) -> QuestionNotUnderstood:
    return QuestionNotUnderstood(
        question_id=question_id, case_id=case_id, person_id=PERSON, message_id=Sid("IN"), received_at=at
    )


def acted(act: str, kind: str, id_: str, **details: object) -> OperatorActed:
    return OperatorActed.model_validate(
        {
            "act": act,
            "object": {"kind": kind, "id": id_},
            "person_id": "0" * 64,
            "details": details,
            "reason": "so it was said",
            "operator": "operator-3",
        }
    )
