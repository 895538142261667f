"""The consent, what it is worth, and the account."""

from datetime import date, timedelta

import pytest

from ops.simulation.scenario import IBANS
from rules.policy import DecisionMode
from rules.states import State
from schemas.canonical import text_digest
from schemas.ids import Pseudonyms
from schemas.outcomes import DraftVoided
from schemas.questions import (
    AccountConfirmed,
    AccountGiven,
    Decline,
    QuestionAsked,
    QuestionKind,
    Separately,
    Together,
)
from schemas.statecorp import AccountKnown
from schemas.values import EndReason, Scheme
from tests.simulation.town import Town
from tests.unit.every_rule.story import (
    DISABILITY,
    PAY_HERE,
    SENDER,
    YES,
    Story,
    almaty,
    decisions,
    documents,
    drafted,
    endings,
    notes,
    questioned,
)
from tests.unit.rules.case_desk import IBAN, IIN, MINUTE, OTHER, PHONE, REGISTERED, TITLE, only

KNOWN = AccountKnown(iin=IIN, iban=IBANS[1])
MOVED = REGISTERED.model_copy(update={"phone": OTHER})


def test_r4_after_the_consent_a_second_sms_asks_to_confirm_or_to_give_the_account() -> None:
    """A known account is shown, masked, and confirmed; where none is known one is given."""
    town = Town()
    town.learns("account", "phone0", "title")
    town.learns("phone1", "title", person=1)
    for phone, answer, iban in ((PHONE, "5", IBANS[1]), (OTHER, IBANS[0], IBANS[0])):
        town.reads("2", phone)
        before = len(town.decisions())
        assert ("KZ**0335" in town.texts(phone)[-1]) is (answer == "5")
        assert town.told(phone) == ["offer", "account"]
        town.reads(answer, phone)
        assert [each.iban for each in town.decisions()[before:]] == [iban]


def test_r5_the_application_date_is_the_day_on_which_the_consent_was_given() -> None:
    """Not the day of the award, of the account or of the decision: the local day of the consent."""
    story = Story().offered()
    story.answers(YES, almaty(7, 22, 23, 59))
    story.now = almaty(7, 24, 12)
    [decided] = decisions(story.answers(PAY_HERE))
    assert decided.application_date == date(2021, 7, 22)


def test_r8_the_consent_to_the_use_of_data_is_asked_for_and_kept_as_a_fact_of_its_own() -> None:
    """The offer asks for it in both languages, and the evidence names it beside the other consent."""
    town = Town()
    town.learns("phone0", "title")
    town.reads("1")
    town.reads(IBANS[0])
    offer, evidence = town.texts()[0], town.decisions()[0].evidence
    assert "деректерімді пайдалануға" in offer
    assert "согласие, и на использование данных" in offer
    assert evidence.consent_to_data.given
    assert evidence.consent_to_data.text_sha256 == text_digest(offer)
    assert evidence.consent_to_data.at == evidence.answers[0].received_at


def test_r33_the_subject_and_the_content_of_the_will_can_be_shown() -> None:
    """The evidence says whose number it was and since when, what was asked, and what was answered to it."""
    story = Story().consented()
    story.now += MINUTE
    [decided] = decisions(story.answers(PAY_HERE))
    evidence, phone_id = decided.evidence, Pseudonyms(b"").phone(PHONE)
    assert (evidence.number.phone_id, evidence.number.registered_at) == (phone_id, REGISTERED.registered_at)
    assert [each.text for each in evidence.questions] == ["the text of offer", "the text of account"]
    told = [(each.meaning, each.text, each.phone_id, each.received_at) for each in evidence.answers]
    assert told == [
        ("consent_kk", "as written", phone_id, story.now - MINUTE),
        ("account_given", "as written", phone_id, story.now),
    ]


def test_r34_a_consent_can_be_withdrawn() -> None:
    """Until an officer has signed, a "no" takes the consent back, and the draft is void."""
    story, _ = drafted()
    effects = story.answers(Decline())
    assert [each.reason for each in endings(effects)] == [EndReason.WITHDRAWN]
    assert len(only(effects, DraftVoided)) == 1
    assert story.last.consent is None


@pytest.mark.parametrize("text", ["0", "стоп", "STOP", "БАС ТАРТАМЫН", "отказываюсь"])
@pytest.mark.parametrize(("right", "question"), [("disability", "one_application"), ("title", "account")])
def test_d5_a_no_is_heard_at_every_question(right: str, question: str, text: str) -> None:
    """After the consent it withdraws, whatever is asked by then, and is not taken for a bad answer."""
    town = Town()
    town.learns("phone0", right)
    town.reads("2")
    assert town.told() == ["offer", question]
    town.reads(text)
    assert town.case(right).reason is EndReason.WITHDRAWN


def test_d6_a_digit_sent_twice_decides_nothing_that_nobody_read() -> None:
    """Each digit means one thing: "1" again is explained once, and is not held against the person."""
    town = Town()
    town.learns("account", "phone0", "disability")
    for _ in range(4):
        town.reads("1")
    assert town.told() == ["offer", "one_application", "explanation"]
    assert (town.case("disability").scheme, town.case("disability").account) == (None, None)
    town.passes(days=5)
    assert [each.reason for each in town.endings()] == [EndReason.NO_REPLY]


def test_d7_a_consent_from_a_number_that_was_taken_away_is_undone() -> None:
    """What came after the portal had taken the number away does not count, with all that rests on it."""
    story = Story(DecisionMode.OFFICER).offered()
    taken_away = story.now + MINUTE
    story.now += 5 * MINUTE
    story.answers(YES)
    story.answers(PAY_HERE)
    effects = story.reads(MOVED.model_copy(update={"registered_at": taken_away}))
    assert len(only(effects, DraftVoided)) == 1
    [asked] = only(effects, QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert (asked.kind, asked.phone, story.last.consent) == (QuestionKind.OFFER, OTHER, None)


def test_d7_a_choice_and_an_account_from_a_number_that_was_taken_away_are_undone_too() -> None:
    """The consent of before stands; what was chosen and given afterwards is asked for again, in its order."""
    story = Story(DecisionMode.OFFICER).consented(DISABILITY)
    taken_away = story.now + MINUTE
    story.now += 2 * MINUTE
    story.answers(Together())
    story.answers(PAY_HERE)
    effects = story.reads(MOVED.model_copy(update={"registered_at": taken_away}))
    assert len(only(effects, DraftVoided)) == 1
    [asked] = only(effects, QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert (asked.kind, asked.phone) == (QuestionKind.ONE_APPLICATION, OTHER)
    assert (story.last.scheme, story.last.account) == (None, None)
    story.answers(Separately())
    assert [each.meaning for each in story.last.answers] == ["consent_kk", "separately"]


def test_d7_a_grant_on_such_a_consent_is_questioned() -> None:
    """After a decision nothing is undone by a machine: an officer looks at it."""
    story = Story().consented()
    story.answers(PAY_HERE)
    story.now += MINUTE
    assert questioned(story.reads(MOVED)) == ["number_not_registered_at_consent"]
    assert story.last.state is State.GRANTED


def test_d8_a_consent_lives_on_its_number() -> None:
    """Who gets another number before the account is given begins with the offer; no old day is revived."""
    story = Story().consented()
    story.now += MINUTE
    story.reads(REGISTERED.model_copy(update={"phone": None, "registered_at": story.now}))
    story.now += timedelta(days=365)
    effects = story.reads(MOVED.model_copy(update={"registered_at": story.now}))
    [asked] = only(effects, QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert (asked.kind, story.last.consent) == (QuestionKind.OFFER, None)
    assert "consent_of_former_number" in notes(effects)


def test_d12_the_evidence_would_carry_a_dispute() -> None:
    """It names records and their digests, every wording with its version, both consents, and the sender."""
    story = Story().consented(DISABILITY)
    story.answers(Together())
    [decided] = decisions(story.answers(PAY_HERE))
    evidence = decided.evidence
    source = evidence.source
    assert (source.record, source.record_id, source.record_date) == ("disability", "C", date(2021, 7, 19))
    assert evidence.number.event_sha256 == source.sha256 == "d" * 64
    assert [each.kind for each in evidence.questions] == ["offer", "one_application", "account"]
    assert {each.text_version for each in evidence.questions} == {"1"}
    assert [each.meaning for each in evidence.answers] == ["consent_kk", "together", "account_given"]
    assert evidence.consent_to_service == evidence.consent_to_data
    assert (evidence.sender.carrier, evidence.sender.from_) == ("twilio", SENDER)


@pytest.mark.parametrize(
    ("known", "answer", "source"),
    [(True, AccountConfirmed(), "confirmed"), (True, PAY_HERE, "given"), (False, PAY_HERE, "given")],
)
def test_d27_a_decision_says_where_its_account_comes_from(
    *, known: bool, answer: AccountConfirmed | AccountGiven, source: str
) -> None:
    """The payer verifies whose it is, and has to know whether we showed it or the person wrote it."""
    story = Story()
    if known:
        story.reads(KNOWN)
    story.consented()
    [decided] = decisions(story.answers(answer))
    assert decided.account_source == source
    assert decided.iban == (IBAN if source == "given" else IBANS[1])


def test_d27_an_account_that_is_closed_before_it_is_confirmed_is_asked_again() -> None:
    """Nobody can confirm an account that is closed by then."""
    story = Story()
    story.reads(KNOWN)
    story.consented().leaves()
    shown = story.last.question
    assert shown
    story.now += MINUTE
    effects = story.reads(KNOWN.model_copy(update={"iban": None}))
    [asked] = only(effects, QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert (asked.kind, asked.details.account) == (QuestionKind.ACCOUNT, None)
    assert "account_closed" in notes(effects)
    assert decisions(story.hears(AccountConfirmed(), shown.question_id, story.now - MINUTE)) == []
    [decided] = decisions(story.answers(PAY_HERE))
    assert (decided.iban, decided.account_source) == (IBAN, "given")


def test_d27_an_account_that_is_closed_before_the_signature_voids_the_draft() -> None:
    """Nothing is granted to an account that is closed: it is asked for again."""
    story = Story(DecisionMode.OFFICER)
    story.reads(KNOWN)
    story.consented().answers(AccountConfirmed())
    assert story.last.draft
    effects = story.reads(KNOWN.model_copy(update={"iban": None}))
    [voided] = only(effects, DraftVoided)
    assert isinstance(voided, DraftVoided)
    assert voided.reason == "account_closed"
    assert len(only(effects, QuestionAsked)) == 1
    assert story.last.account is None


def test_d14_who_chose_one_application_and_then_fell_silent_is_not_lost() -> None:
    """The ending keeps the choice and the consent's day, for the other benefit."""
    story = Story().consented(DISABILITY)
    story.answers(Together())
    story.leaves()
    [ended] = endings(story.rings("term"))
    assert (ended.reason, ended.scheme, ended.consented_on) == (
        EndReason.NO_REPLY,
        Scheme.ONE_APPLICATION,
        date(2021, 7, 22),
    )


def test_r11_the_cabinet_shows_that_the_consent_was_accepted() -> None:
    """Once the consent counts, the personal cabinet gets a document that says so, and no other does."""
    story = Story().offered()
    assert [each.kind for each in documents(story.answers(YES))] == ["accepted"]
    assert [each.kind for each in documents(Story().offered().answers(Decline()))] == ["ended"]


def test_r24_a_date_of_registration_and_a_date_of_the_result_are_given() -> None:
    """As the coupon of an application does, the document says when it was registered and when it is due."""
    [accepted] = documents(Story().offered(TITLE).answers(YES, almaty(7, 22, 23, 30)))
    assert accepted.kind == "accepted"
    assert (accepted.application_date, accepted.decision_due) == (date(2021, 7, 22), date(2021, 8, 3))
