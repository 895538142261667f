"""What the demo says on its handsets: whose they are, and which answers are offered at a press."""

from datetime import UTC, datetime

import pytest

from ops.demo import sample
from ops.demo.answers import quick_answers, sample_account
from ops.demo.captions import Captions
from schemas.ids import CaseId, PersonId, Pseudonyms
from schemas.questions import Details, NoticeKind, QuestionKind
from schemas.values import Language, check_iban
from sms.catalogues import load_texts
from sms.reading.answers import read_answer
from sms.simulator import About, Link, Simulator

TEXTS = load_texts()
NOW = datetime(2021, 7, 15, 6, tzinfo=UTC)
PEOPLE = sample.citizens(NOW)
PSEUDONYMS = Pseudonyms(b"key")
PHONE = "+77010000001"
ACCOUNT = sample_account(PHONE)
MOTHER = Details(iin_tail="0014", until=NOW)
SON = MOTHER.model_copy(update={"iin_tail": "0022"})
OFFER = TEXTS.question(QuestionKind.OFFER, None, MOTHER)


def offered(*texts: str) -> list[str]:
    return [answer.text for answer in quick_answers(PHONE, texts)]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("kind", "account", "answers"),
    [
        (QuestionKind.OFFER, None, ["1", "2", "0"]),
        (QuestionKind.ONE_APPLICATION, None, ["3", "4", "0"]),
        (QuestionKind.ACCOUNT, None, [ACCOUNT, "0"]),
        (QuestionKind.ACCOUNT, "KZ**0100", ["5", ACCOUNT, "0"]),
    ],
)
def test_quick_answers_are_those_of_the_question_and_of_its_explanation(
    language: Language, kind: QuestionKind, account: str | None, answers: list[str]
) -> None:
    details = MOTHER.model_copy(update={"account": account})
    question = TEXTS.question(kind, None if kind is QuestionKind.OFFER else language, details)
    assert offered(question) == answers
    assert offered(question, TEXTS.explanation(kind, language, details)) == answers
    assert offered(OFFER, question) == answers
    read = {read_answer(kind, answer, shown=account) for answer in answers}
    assert len(read - {None}) == len(answers)


def test_an_account_is_put_into_the_field_and_digits_are_sent() -> None:
    question = TEXTS.question(QuestionKind.ACCOUNT, Language.RUSSIAN, MOTHER)
    assert [answer.fills for answer in quick_answers(PHONE, [question])] == [True, False]


def test_a_reminder_leaves_a_question_open_and_an_ending_closes_it() -> None:
    assert offered() == []
    assert offered("something else") == []
    assert offered(OFFER, TEXTS.notice(NoticeKind.REMINDER, Language.KAZAKH, MOTHER)) == ["1", "2", "0"]
    assert offered(OFFER, TEXTS.notice(NoticeKind.NO_REPLY, Language.KAZAKH, MOTHER)) == []


def test_what_a_relative_is_told_on_the_same_phone_closes_nothing() -> None:
    granted = TEXTS.notice(NoticeKind.GRANTED, Language.RUSSIAN, SON)
    assert offered(OFFER, granted) == ["1", "2", "0"]


def test_every_sample_phone_has_a_valid_account_of_its_own() -> None:
    phones = {citizen.phone for citizen in PEOPLE if citizen.phone}
    accounts = {sample_account(phone) for phone in phones}
    assert len(accounts) == len(phones)
    assert {check_iban(account) for account in accounts} == accounts
    assert sample.IBAN not in accounts


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(account_sid="AC1", auth_token="token", sender="+77000000000", inbound_url="http://x")


def on(simulator: Simulator, phone: str | None) -> list[About]:
    handset = simulator.handsets.get(phone or "")
    assert handset
    return list(handset.about)


def test_every_handset_says_whose_it_is(simulator: Simulator) -> None:
    Captions(simulator, PEOPLE, PSEUDONYMS, None).show()
    assert next(iter(simulator.handsets)).phone == PEOPLE[0].phone
    told = {each.caption for handset in simulator.handsets for each in handset.about}
    assert told == {citizen.story for citizen in PEOPLE if citizen.phone}


def test_a_handset_leads_to_the_case_from_its_first_step_on(simulator: Simulator) -> None:
    captions = Captions(simulator, PEOPLE, PSEUDONYMS, "http://127.0.0.1:8090")
    captions.show()
    mother, son = (citizen for citizen in PEOPLE if "shares a phone" in citizen.story)
    captions.stepped(PSEUDONYMS.person(son.iin), CaseId("0b7e1f52"))
    captions.stepped(PersonId("somebody else"), CaseId("1"))
    link = Link(text="case in the console", url="http://127.0.0.1:8090/cases/0b7e1f52")
    assert on(simulator, mother.phone) == [About(caption=mother.story), About(caption=son.story, link=link)]


def test_without_a_console_nothing_leads_there(simulator: Simulator) -> None:
    captions = Captions(simulator, PEOPLE, PSEUDONYMS, None)
    captions.stepped(PSEUDONYMS.person(PEOPLE[0].iin), CaseId("0b7e1f52"))
    assert on(simulator, PEOPLE[0].phone) == [About(caption=PEOPLE[0].story)]
