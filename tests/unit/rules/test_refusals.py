"""A "no" at any question: declined before the consent, withdrawn after it, and taken back within the term."""

from datetime import timedelta

import pytest

from rules.policy import DecisionMode, Policy
from rules.states import State
from schemas.base import Event
from schemas.emaket import DecisionSigned
from schemas.outcomes import BenefitDecided, DecisionDrafted, ProcessEnded
from schemas.questions import (
    AccountGiven,
    Consent,
    Decline,
    NoticeKind,
    NoticeRequested,
    QuestionClosed,
    QuestionKind,
)
from schemas.registry import DisabilityEstablished
from schemas.values import EndReason, Language
from tests.unit.rules.case_desk import (
    ACCOUNT,
    IBAN,
    IIN,
    MINUTE,
    NOON,
    OFFER,
    REGISTERED,
    TERM_ENDS,
    TITLE,
    Desk,
    only,
)

YES, NO = Consent(language=Language.KAZAKH), Decline()


def _told(effects: list[Event]) -> list[NoticeKind]:
    return [effect.kind for effect in effects if isinstance(effect, NoticeRequested)]


def test_a_no_at_the_account_question_withdraws_the_consent(consented: Desk) -> None:
    effects = consented.hears(NO, ACCOUNT, NOON + 2 * MINUTE)
    [ended] = only(effects, ProcessEnded)
    assert isinstance(ended, ProcessEnded)
    assert ended.reason is EndReason.WITHDRAWN
    assert (consented.case.state, consented.case.consent, consented.case.account) == (State.ENDED, None, None)
    assert only(effects, QuestionClosed) == [
        QuestionClosed(question_id=ACCOUNT, phone=REGISTERED.phone or "", closed_at=consented.now),
        QuestionClosed(question_id=OFFER, phone=REGISTERED.phone or "", closed_at=TERM_ENDS),
    ]


def test_a_no_at_the_question_of_one_application_withdraws_the_consent(desk: Desk) -> None:
    established = DisabilityEstablished(
        iin=IIN, certificate_id="C", established_on=NOON.date(), group="2", legal_ground="7", first_time=True
    )
    desk.reads(REGISTERED, established)
    [case] = desk.person.cases.values()
    for answer in (YES, NO):
        current = next(iter(desk.person.cases.values())).question
        assert current is not None
        desk.sent(current.question_id, case_id=case.case_id)
        desk.hears(answer, current.question_id, case_id=case.case_id)
    [case] = desk.person.cases.values()
    assert case.questions[-1].kind is QuestionKind.ONE_APPLICATION
    assert case.reason is EndReason.WITHDRAWN


def test_while_the_offers_term_runs_a_withdrawal_is_told_with_the_way_back(consented: Desk) -> None:
    [notice] = only(consented.hears(NO, ACCOUNT), NoticeRequested)
    assert isinstance(notice, NoticeRequested)
    assert (notice.kind, notice.details.until) == (NoticeKind.DECLINED, TERM_ENDS)
    assert notice.language is Language.RUSSIAN


def test_a_new_yes_within_the_offers_term_is_a_new_consent_of_its_own_day(consented: Desk) -> None:
    consented.hears(NO, ACCOUNT, NOON + 2 * MINUTE)
    later = NOON + timedelta(days=1)
    consented.now = later
    consented.hears(YES, OFFER, later)
    assert consented.case.consent is not None
    assert consented.case.consent.received_at == later
    assert consented.case.state is State.ACCOUNT_ASKED


def test_after_the_offers_term_a_withdrawal_is_final(consented: Desk) -> None:
    # The account question left later, so that its term ends after the offer's.
    consented.now = TERM_ENDS - MINUTE
    consented.reads(REGISTERED.model_copy(update={"phone": "+77471234567", "registered_at": consented.now}))
    consented.sent(consented.case.questions[-1].question_id)
    consented.now = TERM_ENDS + MINUTE
    effects = consented.hears(NO, consented.case.questions[-1].question_id)
    assert _told(effects) == [NoticeKind.WITHDRAWN]
    assert consented.hears(YES, OFFER)
    assert consented.case.reason is EndReason.WITHDRAWN


def test_what_a_withdrawal_is_told_with_depends_on_when_it_came_however_late_it_is_read(
    consented: Desk,
) -> None:
    consented.now = TERM_ENDS + MINUTE
    assert _told(consented.hears(NO, ACCOUNT, TERM_ENDS - MINUTE)) == [NoticeKind.DECLINED]


def test_of_a_yes_and_a_later_no_at_another_question_the_later_counts_in_either_order(
    consented: Desk,
) -> None:
    consented.hears(NO, ACCOUNT, NOON + 3 * MINUTE)
    consented.hears(YES, OFFER, NOON + 2 * MINUTE)
    assert consented.case.reason is EndReason.WITHDRAWN
    consented.hears(YES, OFFER, NOON + 5 * MINUTE)
    consented.hears(NO, consented.case.questions[-1].question_id, NOON + 4 * MINUTE)
    assert consented.case.consent is not None


@pytest.fixture
def drafted() -> tuple[Desk, DecisionDrafted]:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(YES)
    desk.sent(ACCOUNT)
    [draft] = only(desk.hears(AccountGiven(iban=IBAN), ACCOUNT), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    return desk, draft


@pytest.mark.parametrize("after", [MINUTE, timedelta(days=30)])
def test_a_no_while_a_signature_is_awaited_voids_the_draft_whatever_term_is_over(
    drafted: tuple[Desk, DecisionDrafted], after: timedelta
) -> None:
    desk, draft = drafted
    desk.now += after
    desk.hears(NO, ACCOUNT)
    assert (desk.case.reason, desk.case.draft) == (EndReason.WITHDRAWN, None)
    signed = DecisionSigned(decision_id=draft.decision_id, outcome="granted", officer="o", signed_at=desk.now)
    assert only(desk.reads(signed), BenefitDecided) == []


def test_a_no_after_the_decision_gets_the_number_to_call_once(consented: Desk) -> None:
    consented.hears(AccountGiven(iban=IBAN), ACCOUNT)
    assert consented.case.state is State.GRANTED
    effects = consented.hears(NO, ACCOUNT, NOON + 5 * MINUTE)
    assert _told(effects) == [NoticeKind.GRANTED]
    assert consented.case.state is State.GRANTED
    assert _told(consented.hears(NO, ACCOUNT, NOON + 6 * MINUTE)) == []
