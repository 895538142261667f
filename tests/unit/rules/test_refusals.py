"""A "no" at any question: declined before the consent, withdrawn after it, and taken back within the term."""

from datetime import timedelta

import pytest

from rules.policy import DecisionMode, Policy, TermPolicy
from rules.signatures import UnfitSignatureError
from rules.states import State
from schemas.base import Event
from schemas.emaket import DecisionSigned
from schemas.ids import Sid, question_id_of
from schemas.outcomes import BenefitDecided, DecisionDrafted, DraftVoided, ProcessEnded
from schemas.questions import (
    AccountGiven,
    Consent,
    Decline,
    NoticeKind,
    NoticeRequested,
    QuestionAsked,
    QuestionClosed,
    QuestionKind,
    QuestionSentTime,
    Separately,
    Together,
)
from schemas.registry import DisabilityEstablished, EntitlementRestored, EntitlementRevoked
from schemas.values import EndReason, Language, Scheme
from tests.unit.rules.case_desk import (
    ACCOUNT,
    DISABILITY,
    IBAN,
    IIN,
    MINUTE,
    NOON,
    OFFER,
    OTHER,
    PERSON,
    PHONE,
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
    consented.now = NOON + 9 * MINUTE
    effects = consented.hears(NO, ACCOUNT, NOON + 2 * MINUTE)
    [ended] = only(effects, ProcessEnded)
    assert isinstance(ended, ProcessEnded)
    assert ended.reason is EndReason.WITHDRAWN
    assert (consented.case.state, consented.case.consent, consented.case.account) == (State.ENDED, None, None)
    assert only(effects, QuestionClosed) == [
        QuestionClosed(question_id=ACCOUNT, phone=PHONE, closed_at=NOON + 2 * MINUTE, closed_by=Sid("IN2")),
        QuestionClosed(question_id=OFFER, phone=PHONE, closed_at=TERM_ENDS, closed_by=Sid("IN2")),
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
    consented.reads(
        QuestionSentTime(
            question_id=ACCOUNT,
            case_id=consented.case.case_id,
            person_id=PERSON,
            message_id=consented.case.questions[-1].message_id,
            sent_at=TERM_ENDS - MINUTE,
        )
    )
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
    effects = desk.hears(NO, ACCOUNT)
    assert only(effects, DraftVoided) == [
        DraftVoided(decision_id=draft.decision_id, case_id=draft.case_id, reason="withdrawn")
    ]
    assert (desk.case.reason, desk.case.draft) == (EndReason.WITHDRAWN, None)
    signed = DecisionSigned(decision_id=draft.decision_id, outcome="granted", officer="o", signed_at=desk.now)
    with pytest.raises(UnfitSignatureError, match="no draft with it awaits a signature"):
        desk.reads(signed)


def test_a_yes_from_before_the_no_to_a_draft_is_read_after_it_and_changes_nothing(
    drafted: tuple[Desk, DecisionDrafted],
) -> None:
    desk, _ = drafted
    desk.now += 10 * MINUTE
    desk.hears(NO, ACCOUNT)
    desk.hears(YES, OFFER, desk.now - MINUTE)
    assert (desk.case.reason, desk.case.consent) == (EndReason.WITHDRAWN, None)
    desk.hears(YES, OFFER, desk.now + MINUTE)
    assert desk.case.consent is not None


@pytest.mark.parametrize("undone", ["refused", "revoked in error"])
def test_what_was_chosen_under_an_earlier_consent_is_no_choice_under_the_one_of_now(
    undone: str,
) -> None:
    desk = Desk()
    desk.reads(REGISTERED, DISABILITY)
    [case] = desk.person.cases.values()
    first = case.questions[0].question_id
    desk.sent(first, case_id=case.case_id)
    desk.hears(YES, first, case_id=case.case_id, at=NOON + MINUTE)
    choice = desk.person.cases[case.case_id].questions[-1].question_id
    desk.sent(choice, case_id=case.case_id)
    desk.now = NOON + 3 * MINUTE
    if undone == "refused":
        desk.hears(NO, choice, case_id=case.case_id)
    else:
        for event in (EntitlementRevoked, EntitlementRestored):
            desk.now += MINUTE
            desk.reads(event(iin=IIN, record_id="C"))
        first = desk.person.cases[case.case_id].questions[-1].question_id
        desk.sent(first, case_id=case.case_id)
    desk.now += MINUTE
    desk.hears(YES, first, case_id=case.case_id)
    asked = desk.person.cases[case.case_id].questions[-1].question_id
    assert asked != choice
    # The choice was written under the first consent, and its webhook was slow.
    desk.hears(Together(), choice, NOON + 2 * MINUTE, case_id=case.case_id)
    after = desk.person.cases[case.case_id]
    assert (after.state, after.scheme) == (State.CHOICE_ASKED, None)
    desk.sent(asked, case_id=case.case_id)
    desk.hears(Separately(), asked, case_id=case.case_id)
    assert desk.person.cases[case.case_id].scheme is Scheme.STANDALONE


def test_a_choice_is_made_anew_after_a_consent_was_taken_back() -> None:
    desk = Desk()
    desk.reads(REGISTERED, DISABILITY)
    [case_id] = desk.person.cases
    offer = desk.person.cases[case_id].questions[0].question_id
    desk.sent(offer, case_id=case_id)
    desk.hears(YES, offer, case_id=case_id)
    choice = desk.person.cases[case_id].questions[-1].question_id
    desk.sent(choice, case_id=case_id)
    desk.hears(Together(), choice, case_id=case_id)
    account = desk.person.cases[case_id].questions[-1].question_id
    desk.sent(account, case_id=case_id)
    desk.now += MINUTE
    desk.hears(NO, account, case_id=case_id)
    desk.now += MINUTE
    desk.hears(YES, offer, case_id=case_id)
    assert desk.person.cases[case_id].state is State.CHOICE_ASKED


@pytest.mark.parametrize("mode", list(DecisionMode))
def test_an_account_that_comes_before_the_choice_made_anew_is_kept_and_nothing_is_asked_twice(
    mode: DecisionMode,
) -> None:
    desk = Desk(Policy(decision_mode=mode))
    desk.reads(REGISTERED, DISABILITY)
    [case_id] = desk.person.cases
    offer, choice, account, again = (question_id_of(case_id, n) for n in range(4))
    desk.sent(offer, case_id=case_id)
    desk.hears(YES, offer, case_id=case_id)
    desk.sent(choice, case_id=case_id)
    desk.hears(Together(), choice, case_id=case_id)
    desk.sent(account, case_id=case_id)
    desk.now += MINUTE
    desk.hears(NO, account, case_id=case_id)
    desk.now += MINUTE
    desk.hears(YES, offer, case_id=case_id)
    desk.sent(again, case_id=case_id)
    desk.now += MINUTE
    effects = desk.hears(AccountGiven(iban=IBAN), account, case_id=case_id)
    assert only(effects, QuestionAsked) == []
    decided = desk.hears(Separately(), again, case_id=case_id)
    kind = BenefitDecided if mode is DecisionMode.AUTO else DecisionDrafted
    [decision] = only(decided, kind)
    assert isinstance(decision, BenefitDecided | DecisionDrafted)
    assert (decision.iban, decision.scheme) == (IBAN, Scheme.STANDALONE)


def test_a_no_after_the_decision_gets_the_number_to_call_once(consented: Desk) -> None:
    consented.hears(AccountGiven(iban=IBAN), ACCOUNT)
    assert consented.case.state is State.GRANTED
    effects = consented.hears(NO, ACCOUNT, NOON + 5 * MINUTE)
    assert _told(effects) == [NoticeKind.GRANTED]
    assert consented.case.state is State.GRANTED
    assert _told(consented.hears(NO, ACCOUNT, NOON + 6 * MINUTE)) == []


def test_a_no_to_an_offer_of_before_closes_the_one_of_now_as_well(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.now += 5 * MINUTE
    changed_at = desk.now
    desk.reads(REGISTERED.model_copy(update={"phone": OTHER, "registered_at": changed_at}))
    again = desk.case.questions[-1].question_id
    desk.now += MINUTE
    effects = desk.hears(NO, OFFER, NOON + MINUTE)
    [ended] = only(effects, ProcessEnded)
    assert isinstance(ended, ProcessEnded)
    assert (ended.reason, ended.ended_at) == (EndReason.DECLINED, NOON + MINUTE)
    assert only(effects, QuestionClosed) == [
        QuestionClosed(question_id=OFFER, phone=PHONE, closed_at=changed_at),
        QuestionClosed(question_id=again, phone=OTHER, closed_at=desk.now),
    ]


def test_a_withdrawal_closes_the_question_that_was_answered_the_open_one_and_the_offer() -> None:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER, term=TermPolicy.EXCLUSIVE))
    desk.reads(REGISTERED, DISABILITY)
    for answer in (YES, Together(), AccountGiven(iban=IBAN)):
        desk.answers(answer)
    offer, choice, account = (question.question_id for question in desk.last.questions)
    said_at = NOON + MINUTE
    desk.now += 5 * MINUTE
    effects = desk.hears(NO, choice, said_at, case_id=desk.last.case_id)
    [ended] = only(effects, ProcessEnded)
    assert isinstance(ended, ProcessEnded)
    assert (ended.reason, ended.ended_at) == (EndReason.WITHDRAWN, said_at)
    closed = [(each.question_id, each.closed_at) for each in effects if isinstance(each, QuestionClosed)]
    assert closed == [(choice, said_at), (account, said_at), (offer, TERM_ENDS)]


def test_at_the_very_end_of_the_offers_term_a_withdrawal_is_final(
    drafted: tuple[Desk, DecisionDrafted],
) -> None:
    desk, _ = drafted
    ends = desk.case.questions[0].term_ends
    assert ends
    desk.now = ends
    effects = desk.hears(NO, ACCOUNT)
    assert _told(effects) == [NoticeKind.WITHDRAWN]
    closed = [each.closed_at for each in effects if isinstance(each, QuestionClosed)]
    assert closed == [ends, ends]
