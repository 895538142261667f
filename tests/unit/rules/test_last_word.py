"""Which "yes" or "no" is the last, where the list of the SMS API tells of an earlier instant (R6)."""

from datetime import timedelta

import pytest

from rules.policy import DecisionMode, Policy
from rules.states import State
from schemas.questions import AccountGiven, Consent, Decline
from schemas.registry import EntitlementRestored, EntitlementRevoked
from schemas.values import EndReason, Language
from tests.unit.rules.case_desk import ACCOUNT, IBAN, MINUTE, NOON, OFFER, REGISTERED, TITLE, Desk

YES, NO = Consent(language=Language.KAZAKH), Decline()


def test_what_was_not_the_last_word_moves_without_a_word(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(NO, OFFER, NOON + 5 * MINUTE, message="no")
    desk.hears(YES, OFFER, NOON + 10 * MINUTE, message="yes")
    desk.hears(YES, OFFER, NOON + 12 * MINUTE, message="yes again")
    steps = desk.case.step
    assert desk.hears(YES, OFFER, NOON + MINUTE, message="yes") == []
    assert (desk.case.step, desk.case.reason) == (steps, None)
    assert desk.case.consent is not None


@pytest.mark.parametrize(("after", "stands"), [(2.9, True), (3, False)])
def test_within_three_seconds_the_order_is_that_of_the_reading(
    desk: Desk, after: float, *, stands: bool
) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(NO, OFFER, NOON + MINUTE + timedelta(seconds=after), message="no")
    desk.hears(YES, OFFER, NOON + 10 * MINUTE, message="yes")
    desk.hears(YES, OFFER, NOON + MINUTE, message="yes")
    assert (desk.case.consent is not None) is stands


def test_of_words_of_one_instant_the_one_that_was_read_last_is_the_last(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    for answer, message in ((NO, "no"), (NO, "no again"), (YES, "yes")):
        desk.hears(answer, OFFER, NOON + 10 * MINUTE, message=message)
    steps = desk.case.step
    assert desk.hears(NO, OFFER, NOON + MINUTE, message="no again") == []
    assert desk.case.consent is not None
    assert (desk.case.step, desk.case.reason) == (steps, None)


def test_a_no_on_a_number_that_was_not_the_registered_one_then_is_no_last_word(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(NO, OFFER, NOON + 5 * MINUTE, message="no")
    desk.hears(YES, OFFER, NOON + 10 * MINUTE, message="yes")
    desk.now = NOON + 20 * MINUTE
    desk.reads(REGISTERED.model_copy(update={"phone": None, "registered_at": NOON + 3 * MINUTE}))
    assert desk.case.reason is EndReason.PHONE_NOT_REGISTERED
    steps = desk.case.step
    assert desk.hears(YES, OFFER, NOON + MINUTE, message="yes") == []
    assert (desk.case.step, desk.case.reason) == (steps, EndReason.PHONE_NOT_REGISTERED)


def test_a_consent_of_before_a_revocation_in_error_is_no_last_word(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(YES, OFFER, NOON + 5 * MINUTE, message="yes")
    desk.now = NOON + 10 * MINUTE
    revoked = {"iin": TITLE.iin, "record": "title", "record_id": TITLE.award_id}
    desk.reads(EntitlementRevoked.model_validate(revoked | {"reason": "in error"}))
    desk.now = NOON + 11 * MINUTE
    desk.reads(EntitlementRestored.model_validate(revoked))
    again = desk.case.questions[-1].question_id
    desk.sent(again)
    desk.hears(NO, again, NOON + 20 * MINUTE, message="no")
    desk.hears(NO, again, NOON + MINUTE, message="no")
    assert (desk.case.reason, desk.case.consent) == (EndReason.DECLINED, None)


def test_a_no_that_voided_a_draft_when_the_term_was_over_stands_before_the_consent() -> None:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(YES, OFFER, NOON + 5 * MINUTE, message="yes")
    desk.sent(ACCOUNT)
    desk.hears(AccountGiven(iban=IBAN), ACCOUNT, NOON + 6 * MINUTE, message="account")
    assert desk.case.state is State.AWAITING_SIGNATURE
    desk.now = NOON + timedelta(days=5)
    desk.hears(NO, OFFER, desk.now, message="no")
    assert desk.case.reason is EndReason.WITHDRAWN
    desk.hears(NO, OFFER, NOON + MINUTE, message="no")
    consent = desk.case.consent
    assert consent is not None
    assert consent.received_at == NOON + 5 * MINUTE
