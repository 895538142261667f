"""What the log says of what changed nothing, or of why a case went on: each note in its own words."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from rules.policy import DecisionMode, DisabilityPath, Policy, TermPolicy
from rules.rule_sets import Permissions
from schemas.base import Event
from schemas.emaket import HearingRecorded
from schemas.portal import PhoneRegistered
from schemas.questions import AccountConfirmed, QuestionAsked, Together
from schemas.registry import DeathAnnulled
from schemas.statecorp import AccountKnown
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
    REGISTERED,
    TITLE,
    Desk,
    notes,
    only,
)
from tests.unit.rules.noted_desk import (
    DEAD,
    NO,
    PAY_HERE,
    RESTORED,
    REVOKED,
    SECOND_TITLE,
    YES,
    acted,
    consented,
    drafted,
    failed,
    granted,
    lost,
    misread,
    moved,
    offered,
    over,
    recorded,
    refused_to,
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
    return refused_to().hears(YES, at=NOON - MINUTE, message="IN-before")


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
