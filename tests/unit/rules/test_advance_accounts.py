"""What a known, closed or given account does to a case."""

import pytest

from rules.policy import DecisionMode, Policy
from rules.states import State
from schemas.ids import Sid
from schemas.outcomes import BenefitDecided, DecisionDrafted, DraftVoided
from schemas.questions import (
    AccountConfirmed,
    AccountGiven,
    Consent,
    Decline,
    QuestionAsked,
    QuestionClosed,
    QuestionKind,
    Together,
)
from schemas.statecorp import AccountKnown
from schemas.values import Language
from tests.unit.rules.case_desk import (
    ACCOUNT,
    DISABILITY,
    IBAN,
    IIN,
    MINUTE,
    PHONE,
    REGISTERED,
    TITLE,
    Desk,
    notes,
    only,
)


def test_an_account_that_is_closed_before_the_decision_is_asked_for_anew() -> None:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.reads(REGISTERED, TITLE, AccountKnown(iin=IIN, iban=IBAN))
    desk.sent()
    desk.hears(Consent(language=Language.RUSSIAN))
    desk.sent(ACCOUNT)
    desk.now += MINUTE
    [draft] = only(desk.hears(AccountConfirmed(), ACCOUNT), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    effects = desk.reads(AccountKnown(iin=IIN, iban=None))
    [voided] = only(effects, DraftVoided)
    assert isinstance(voided, DraftVoided)
    assert (voided.decision_id, voided.reason) == (draft.decision_id, "account_closed")
    [asked] = only(effects, QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert (asked.kind, asked.details.account) == (QuestionKind.ACCOUNT, None)
    assert (desk.case.account, [answer.meaning for answer in desk.case.answers]) == (None, ["consent_ru"])


def test_an_account_that_is_closed_while_it_is_shown_is_asked_for_anew() -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE, AccountKnown(iin=IIN, iban=IBAN))
    desk.sent()
    desk.hears(Consent(language=Language.RUSSIAN))
    desk.sent(ACCOUNT)
    desk.now += MINUTE
    effects = desk.reads(AccountKnown(iin=IIN, iban=None))
    [asked], [closed] = only(effects, QuestionAsked), only(effects, QuestionClosed)
    assert isinstance(asked, QuestionAsked)
    assert isinstance(closed, QuestionClosed)
    assert (asked.details.account, closed.question_id) == (None, ACCOUNT)
    desk.now += MINUTE
    assert only(desk.hears(AccountConfirmed(), ACCOUNT), BenefitDecided) == []


def test_an_account_of_which_nothing_is_closed_stays(consented: Desk) -> None:
    assert consented.reads(AccountKnown(iin=IIN, iban=None)) == []
    # The account question has left without it, and nobody has named it.
    assert consented.reads(AccountKnown(iin=IIN, iban=IBAN), AccountKnown(iin=IIN, iban=None)) == []
    consented.hears(AccountGiven(iban=IBAN), ACCOUNT)
    assert consented.case.state is State.GRANTED
    assert consented.reads(AccountKnown(iin=IIN, iban=IBAN), AccountKnown(iin=IIN, iban=None)) == []
    assert consented.case.state is State.GRANTED


def test_an_account_that_becomes_known_again_closes_none() -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE, AccountKnown(iin=IIN, iban=IBAN))
    desk.answers(Consent(language=Language.RUSSIAN))
    desk.leaves()
    other = "KZ" + IBAN[2:-1] + "9"
    for iban in (IBAN, other):
        assert desk.reads(AccountKnown.model_construct(iin=IIN, iban=iban)) == []
    assert desk.case.questions[-1].account == IBAN


OTHER_IBAN = "KZ75125KZT1001300335"


@pytest.mark.parametrize("later", [None, OTHER_IBAN])
@pytest.mark.parametrize("older", [IBAN, None])
def test_of_two_words_on_an_account_the_later_one_holds_in_whatever_order_they_are_read(
    later: str | None, older: str | None
) -> None:
    """The older may be a dead letter that was sent back."""
    desk = Desk()
    desk.reads(REGISTERED)
    desk.now += 2 * MINUTE
    desk.reads(AccountKnown(iin=IIN, iban=later), at=desk.now - MINUTE)
    known = desk.person
    assert desk.reads(AccountKnown(iin=IIN, iban=older), at=desk.now - 2 * MINUTE) == []
    assert (desk.person, desk.remarks) == (known, ("a newer record of the account is known already",))
    desk.reads(AccountKnown(iin=IIN, iban=IBAN), at=desk.now - MINUTE)
    assert desk.person.account == IBAN


def test_a_word_on_an_account_that_is_dated_ahead_does_not_outlive_the_next() -> None:
    """Clocks differ: what is dated later than it came, happened when it came."""
    desk = Desk()
    desk.reads(REGISTERED)
    desk.reads(AccountKnown(iin=IIN, iban=IBAN), at=desk.now + 10 * MINUTE)
    desk.now += MINUTE
    desk.reads(AccountKnown(iin=IIN, iban=None))
    assert desk.person.account is None


def test_an_account_that_was_stored_without_its_time_gives_way_to_any() -> None:
    desk = Desk()
    desk.person = desk.person.with_(account=IBAN)
    desk.reads(AccountKnown(iin=IIN, iban=None), at=desk.now - MINUTE)
    assert desk.person.account is None


def test_an_account_that_is_closed_before_the_choice_leaves_the_choice_as_it_was_asked() -> None:
    """It had been confirmed under an earlier consent; what is asked now shows no account."""
    desk = Desk()
    desk.reads(REGISTERED, DISABILITY, AccountKnown(iin=IIN, iban=IBAN))
    offer = desk.last.questions[0].question_id
    for answer in (Consent(language=Language.KAZAKH), Together()):
        desk.answers(answer)
    desk.leaves()
    account = desk.last.questions[-1].question_id
    desk.now += MINUTE
    desk.answers(Decline())
    desk.now += MINUTE
    desk.hears(Consent(language=Language.KAZAKH), offer, case_id=desk.last.case_id)
    desk.leaves()
    desk.now += MINUTE
    effects = desk.hears(AccountConfirmed(), account, case_id=desk.last.case_id)
    assert notes(effects) == ["account_before_choice"]
    case = desk.last
    assert (case.account, case.account_source, case.account_at) == (IBAN, "confirmed", desk.now)
    assert notes(desk.hears(AccountConfirmed(), account, case_id=case.case_id)) == ["answered_already"]
    effects = desk.reads(AccountKnown(iin=IIN, iban=None))
    assert [effect.name for effect in effects] == ["case.advanced.v1"]
    assert (desk.last.state, desk.last.account) == (State.CHOICE_SENT, None)
    assert (desk.last.account_source, desk.last.account_at) == (None, None)


def test_an_account_closes_its_question_at_once_and_not_at_its_term(consented: Desk) -> None:
    consented.now += MINUTE
    effects = consented.hears(AccountGiven(iban=IBAN), ACCOUNT)
    assert only(effects, QuestionClosed) == [
        QuestionClosed(question_id=ACCOUNT, phone=PHONE, closed_at=consented.now, closed_by=Sid("IN2"))
    ]
