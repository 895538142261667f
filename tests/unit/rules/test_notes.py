"""What the log says of what changed nothing, or of why a case went on: each note in its own words."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from rules.policy import DecisionMode, DisabilityPath, Policy, TermPolicy
from rules.rule_sets import Permissions
from rules.states import State
from schemas.base import Event
from schemas.emaket import HearingRecorded, TermExtended
from schemas.ids import CaseId, DecisionId, MessageId, QuestionId, Sid
from schemas.operators import OperatorActed
from schemas.outcomes import DecisionDrafted
from schemas.portal import PhoneRegistered
from schemas.questions import (
    AccountConfirmed,
    AccountGiven,
    Answer,
    Consent,
    Decline,
    QuestionAsked,
    QuestionNotReached,
    QuestionNotUnderstood,
    QuestionSentTime,
    QuestionUndeliverable,
    Together,
)
from schemas.registry import (
    DeathAnnulled,
    DeathRegistered,
    EntitlementRestored,
    EntitlementRevoked,
    TitleAwarded,
)
from schemas.statecorp import AccountKnown, BenefitRecorded
from schemas.values import EndReason, Language
from tests.unit.rules.case_desk import (
    ACCOUNT,
    CASE,
    DISABILITY,
    IBAN,
    IIN,
    MINUTE,
    NOON,
    OFFER,
    OTHER,
    PERSON,
    REGISTERED,
    TERM_ENDS,
    TITLE,
    Desk,
    notes,
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


# What came too late, or twice, or to somebody else: the case stays where it was.


def a_yes_after_the_decision() -> list[Event]:
    return granted().hears(YES)


def a_no_after_the_decision() -> list[Event]:
    return granted().hears(NO)


def a_no_from_a_number_that_was_left_after_the_decision() -> list[Event]:
    desk = granted()
    desk.reads(moved(desk))
    return desk.hears(NO, ACCOUNT)


def a_yes_twice() -> list[Event]:
    return consented().hears(YES)


def a_no_twice() -> list[Event]:
    return refused_to().hears(NO)


def a_yes_of_before_the_no() -> list[Event]:
    return refused_to().hears(YES, at=NOON - MINUTE)


def a_late_yes() -> list[Event]:
    return over().hears(YES)


def a_yes_from_a_number_that_was_left() -> list[Event]:
    desk = offered()
    desk.reads(moved(desk))
    return desk.hears(YES)


def an_account_for_a_consent_that_was_taken_back() -> list[Event]:
    desk = consented()
    desk.hears(NO, ACCOUNT)
    return desk.hears(PAY_HERE, ACCOUNT)


def a_confirmation_of_what_was_not_shown() -> list[Event]:
    return consented().hears(AccountConfirmed(), ACCOUNT)


def sent_twice() -> list[Event]:
    return offered().leaves()


def another_sending_failed() -> list[Event]:
    return offered().reads(failed(message="another"))


def a_sending_failed_twice() -> list[Event]:
    desk = offered()
    desk.reads(failed())
    return desk.reads(failed())


def a_sending_failed_that_was_answered() -> list[Event]:
    return consented().reads(failed())


def a_sending_failed_after_the_decision() -> list[Event]:
    return granted().reads(failed(ACCOUNT))


def a_sending_failed_whose_question_was_refused() -> list[Event]:
    return refused_to().reads(failed())


def undeliverable_though_answered() -> list[Event]:
    return consented().reads(lost())


def undeliverable_after_the_decision() -> list[Event]:
    return granted().reads(lost(ACCOUNT))


def undeliverable_after_another_question_has_run_out() -> list[Event]:
    desk = consented()
    desk.rings("term")
    return desk.reads(lost())


def a_death_after_the_end() -> list[Event]:
    return refused_to().reads(DEAD)


def a_death_after_a_death() -> list[Event]:
    desk = offered()
    return [*desk.reads(DEAD)[:1], *desk.reads(DEAD)]


def a_death_after_the_decision() -> list[Event]:
    return granted().reads(DEAD)


def a_revocation_after_the_end() -> list[Event]:
    return refused_to().reads(REVOKED)


def a_revocation_after_the_decision() -> list[Event]:
    return granted().reads(REVOKED)


def a_second_revocation_after_the_decision() -> list[Event]:
    desk = granted()
    desk.reads(REVOKED)
    return desk.reads(REVOKED)


def a_restoration_of_what_ended_otherwise() -> list[Event]:
    desk = refused_to()
    desk.reads(REVOKED)
    desk.now += MINUTE
    return desk.reads(RESTORED)


def its_own_application_on_record() -> list[Event]:
    return consented().reads(recorded("applied", case_id=CASE))


def an_application_that_may_be_its_own() -> list[Event]:
    return consented().reads(recorded("applied", NOON.date()))


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (a_yes_after_the_decision, ["answered_after_decision"]),
        (a_no_after_the_decision, ["declined_after_decision"]),
        (a_no_from_a_number_that_was_left_after_the_decision, ["answered_after_decision"]),
        (a_yes_twice, ["answered_already"]),
        (a_no_twice, ["answered_already"]),
        (a_yes_of_before_the_no, ["answered_anew_before"]),
        (a_late_yes, ["answered_late"]),
        (a_yes_from_a_number_that_was_left, ["answered_from_a_former_number"]),
        (an_account_for_a_consent_that_was_taken_back, ["answered_without_consent"]),
        (a_confirmation_of_what_was_not_shown, ["answered_already"]),
        (sent_twice, ["sent_already"]),
        (another_sending_failed, ["not_reached_before"]),
        (a_sending_failed_twice, ["not_reached_before"]),
        (a_sending_failed_that_was_answered, ["not_reached_after_closing"]),
        (a_sending_failed_after_the_decision, ["not_reached_after_closing"]),
        (a_sending_failed_whose_question_was_refused, ["not_reached_after_closing"]),
        (undeliverable_though_answered, ["undeliverable_after_closing"]),
        (undeliverable_after_the_decision, ["undeliverable_after_closing"]),
        (undeliverable_after_another_question_has_run_out, ["undeliverable_after_closing"]),
        (a_death_after_the_end, ["deceased_after_end"]),
        (a_death_after_a_death, ["deceased"]),
        (a_death_after_the_decision, ["deceased_after_decision", "questioned_died_before_decision"]),
        (a_revocation_after_the_end, ["revoked_after_end"]),
        (a_revocation_after_the_decision, ["revoked_after_decision", "questioned_revoked"]),
        (a_second_revocation_after_the_decision, ["revoked_after_decision"]),
        (a_restoration_of_what_ended_otherwise, ["restored"]),
        (its_own_application_on_record, ["own_application_recorded"]),
        (an_application_that_may_be_its_own, ["application_recorded_later"]),
    ],
)
def test_what_moves_no_case_is_noted_as_what_it_was(
    what: Callable[[], list[Event]], expected: list[str]
) -> None:
    effects = what()
    assert notes(effects) == expected
    assert only(effects, QuestionAsked) == []


# Why a case goes on, or begins anew.


def revoked_in_error() -> list[Event]:
    desk = consented()
    desk.reads(REVOKED)
    desk.now += MINUTE
    return desk.reads(RESTORED)


def dead_in_error() -> list[Event]:
    desk = offered()
    desk.reads(DEAD)
    desk.now += MINUTE
    return desk.reads(DeathAnnulled(iin=IIN))


def a_failed_sending() -> list[Event]:
    return offered().reads(failed())


def a_failed_sending_that_ended_the_case() -> list[Event]:
    return over().reads(failed())


def a_text_that_nobody_understands() -> list[Event]:
    return offered().reads(misread(OFFER, NOON))


def a_consent_that_came_after_the_number_was_left() -> list[Event]:
    desk = consented()
    desk.now += MINUTE
    return desk.reads(PhoneRegistered(iin=IIN, phone=OTHER, registered_at=NOON))


def a_consent_of_before_the_number_was_left() -> list[Event]:
    desk = consented()
    return desk.reads(moved(desk))


def an_account_that_came_after_the_number_was_left() -> list[Event]:
    desk, _ = drafted()
    desk.now += MINUTE
    return desk.reads(PhoneRegistered(iin=IIN, phone=OTHER, registered_at=NOON + MINUTE))


def a_choice_that_came_after_the_number_was_left() -> list[Event]:
    desk = consented(DISABILITY)
    desk.now += MINUTE
    desk.answers(Together())
    return desk.reads(PhoneRegistered(iin=IIN, phone=OTHER, registered_at=NOON + 2 * MINUTE))


def a_record_of_the_benefit_before_the_account() -> list[Event]:
    return consented().reads(recorded())


def a_record_of_the_benefit_before_the_signature() -> list[Event]:
    return drafted()[0].reads(recorded())


def a_closed_account() -> list[Event]:
    desk = Desk()
    desk.reads(REGISTERED, TITLE, AccountKnown(iin=IIN, iban=IBAN))
    desk.answers(YES)
    desk.leaves()
    return desk.reads(AccountKnown(iin=IIN, iban=None))


def the_first_case_comes_to_its_end() -> list[Event]:
    desk = offered()
    desk.reads(SECOND_TITLE)
    return desk.hears(NO)


def a_second_right() -> list[Event]:
    return offered().reads(SECOND_TITLE)


def a_hearing_without_objections() -> list[Event]:
    desk, draft = drafted()
    desk.now += timedelta(days=1)
    return desk.reads(
        HearingRecorded(decision_id=draft, held_on=date(2021, 7, 23), objection=False, officer="o")
    )


def an_intended_refusal() -> list[Event]:
    desk, draft = drafted()
    return desk.reads(acted("intend_refusal", "decision", draft, refusal_ground=1))


def an_invitation() -> list[Event]:
    desk = Desk(Policy(disability_path=DisabilityPath.INVITE))
    return desk.reads(REGISTERED, DISABILITY)


def a_draft_in_auto() -> list[Event]:
    desk = consented()
    desk.reads(recorded("applied", NOON.date()))
    return desk.answers(PAY_HERE)


def a_draft() -> list[Event]:
    return consented(decision_mode=DecisionMode.OFFICER).answers(PAY_HERE)


def a_refusal_is_drafted_before_any_account() -> list[Event]:
    return consented(decision_mode=DecisionMode.OFFICER).reads(recorded())


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (revoked_in_error, [None]),
        (dead_in_error, ["death_annulled", None]),
        (a_failed_sending, ["not_reached"]),
        (a_failed_sending_that_ended_the_case, ["not_reached", None]),
        (a_text_that_nobody_understands, ["not_understood"]),
        (a_consent_that_came_after_the_number_was_left, ["consent_undone", None]),
        (a_consent_of_before_the_number_was_left, ["consent_of_former_number", None]),
        (an_account_that_came_after_the_number_was_left, ["account_undone", None]),
        (a_choice_that_came_after_the_number_was_left, ["choice_undone", "consent_of_former_number", None]),
        (a_record_of_the_benefit_before_the_account, ["refused_at_once", None]),
        (
            a_record_of_the_benefit_before_the_signature,
            ["draft_voided_benefit_recorded", "drafted_again"],
        ),
        (a_closed_account, ["account_closed", None]),
        (the_first_case_comes_to_its_end, ["declined", "turn_came", None]),
        (a_second_right, [None, "queued"]),
        (a_hearing_without_objections, ["hearing_held"]),
        (an_intended_refusal, ["refusal_intended"]),
        (an_invitation, [None, "barred_invited", "manual_route"]),
        (a_draft_in_auto, ["for_officer"]),
        (a_draft, [None]),
        (a_refusal_is_drafted_before_any_account, ["refused_at_once", "refusal_intended"]),
    ],
)
def test_what_moves_a_case_is_noted_as_why(what: Callable[[], list[Event]], expected: list[str]) -> None:
    assert notes(what()) == expected


# What an ending bears of an answer that comes in time, but after it.


def ended_by(reason: EndReason) -> Desk:
    desk = offered()
    desk.now += 5 * MINUTE
    if reason is EndReason.ANOTHER_GROUND:
        desk.reads(SECOND_TITLE)
        desk.person = desk.person.with_(
            cases={**desk.person.cases, CASE: desk.case.with_(state=State.ENDED, reason=reason)}
        )
    elif reason is EndReason.MANUAL_ROUTE:
        desk.reads(acted("manual_route", "case", CASE))
    else:
        facts = {
            EndReason.DECEASED: DEAD,
            EndReason.REVOKED: REVOKED,
            EndReason.ALREADY_RECEIVING: recorded(),
        }
        desk.reads(facts[reason])
    return desk


@pytest.mark.parametrize("answer", [YES, NO])
@pytest.mark.parametrize(
    "reason",
    [
        EndReason.DECEASED,
        EndReason.REVOKED,
        EndReason.ALREADY_RECEIVING,
        EndReason.ANOTHER_GROUND,
        EndReason.MANUAL_ROUTE,
    ],
)
def test_no_answer_takes_these_endings_back_though_it_was_in_time(reason: EndReason, answer: Answer) -> None:
    desk = ended_by(reason)
    effects = desk.hears(answer, at=NOON + MINUTE)
    assert notes(effects)[0] == f"answered_after_{reason}"
    assert (desk.case.state, desk.case.reason, desk.case.consent) == (State.ENDED, reason, None)


def test_a_late_yes_takes_no_ending_back_though_the_application_on_record_may_be_its_own() -> None:
    desk = offered()
    desk.reads(recorded("applied", NOON.date()))
    assert desk.case.reason is EndReason.ALREADY_RECEIVING
    desk.now = TERM_ENDS + MINUTE
    assert notes(desk.hears(YES)) == ["answered_after_already_receiving"]


def test_an_account_takes_no_ending_back_though_the_application_on_record_may_be_its_own() -> None:
    desk = consented()
    desk.hears(NO)
    desk.now += MINUTE
    ended = desk.case.with_(reason=EndReason.ALREADY_RECEIVING)
    desk.person = desk.person.with_(cases={CASE: ended})
    assert notes(desk.hears(PAY_HERE, ACCOUNT)) == ["answered_after_already_receiving"]


# What is about no case at all is remarked, and no step is told.


UNKNOWN = QuestionId("unknown")


def not_understood_at_the_offer_after_the_consent(desk: Desk) -> Event:
    desk.answers(YES)
    desk.leaves()
    return misread(OFFER, NOON)


def not_understood_after_the_decision(desk: Desk) -> Event:
    desk.answers(YES)
    desk.answers(PAY_HERE)
    return misread(ACCOUNT, NOON)


def not_understood_at_what_has_not_left(desk: Desk) -> Event:
    desk.answers(YES)
    return misread(ACCOUNT, NOON)


def sent_later_that_did_not_reach(desk: Desk) -> Event:
    desk.reads(failed())
    return QuestionSentTime(
        question_id=OFFER, case_id=CASE, person_id=PERSON, sent_at=NOON + timedelta(days=1)
    )


def sent_later_by_another_message(_: Desk) -> Event:
    return QuestionSentTime(
        question_id=OFFER,
        case_id=CASE,
        person_id=PERSON,
        message_id=MessageId("another"),
        sent_at=NOON + MINUTE,
    )


def a_death_annulled_before(desk: Desk) -> Event:
    desk.reads(DeathAnnulled(iin=IIN))
    return DEAD


def the_manual_way_again(desk: Desk) -> Event:
    desk.reads(acted("manual_route", "case", CASE))
    return acted("manual_route", "case", CASE)


@pytest.mark.parametrize(
    ("what", "remark"),
    [
        (
            lambda _: misread(UNKNOWN, NOON),
            "a text was not understood at a question that no case asked",
        ),
        (
            lambda _: misread(OFFER, NOON, CaseId("unknown")),
            "a text was not understood at a question that no case asked",
        ),
        (
            not_understood_at_the_offer_after_the_consent,
            "a text was not understood when that did not matter any more",
        ),
        (
            not_understood_after_the_decision,
            "a text was not understood when that did not matter any more",
        ),
        (
            not_understood_at_what_has_not_left,
            "a text was not understood when that did not matter any more",
        ),
        (lambda _: failed(UNKNOWN), "a question did not reach that no case asked"),
        (sent_later_that_did_not_reach, "a sent time came of a question that has not left"),
        (
            sent_later_by_another_message,
            "a sent time came of another sending than the one that starts the term",
        ),
        (a_death_annulled_before, "a death was registered that was annulled afterwards"),
        (the_manual_way_again, "the case goes the manual way already"),
    ],
)
def test_what_is_about_no_case_is_remarked(what: Callable[[Desk], Event], remark: str) -> None:
    desk = offered()
    fact = what(desk)
    before = desk.person
    assert desk.reads(fact) == []
    assert desk.remarks == (remark,)
    assert desk.person == before


def test_what_an_officer_says_twice_is_remarked() -> None:
    desk, draft = drafted()
    desk.now += timedelta(days=7)
    intended = acted("intend_refusal", "decision", draft, refusal_ground=2)
    extended = TermExtended(decision_id=draft, until=date(2021, 8, 20), reason="a check", officer="o")
    desk.reads(intended)
    desk.now += timedelta(days=7)
    held = HearingRecorded(decision_id=draft, held_on=desk.now.date(), objection=True, officer="o")
    for said, remark in (
        (intended, "the person was told of this intention already"),
        (extended, "the term was extended so already"),
        (held, "a hearing was recorded again"),
    ):
        desk.reads(said)
        before = desk.person
        assert desk.reads(said) == []
        assert desk.remarks == (remark,)
        assert desk.person == before


def test_a_case_that_waits_for_another_and_for_rules_says_so() -> None:
    """The first case ends when no rules are in force any more: the second's turn came, and it waits again."""
    desk = Desk(Policy(term=TermPolicy.EXCLUSIVE, allowed=Permissions()))
    desk.now = datetime(2023, 6, 30, 6, tzinfo=UTC)
    desk.reads(REGISTERED, TITLE)
    desk.leaves()
    desk.reads(SECOND_TITLE)
    desk.now += timedelta(days=1)
    assert notes(desk.hears(NO, at=desk.now)) == ["declined", "turn_came", "rules_awaited"]
    assert desk.last.rules_at == datetime(2023, 7, 2, 3, tzinfo=UTC)
