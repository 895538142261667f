"""What is shown of a case when it is disputed: whole, whatever was kept of it, and by its names."""

from datetime import timedelta

import pytest

from rules.evidence import MOST_QUESTIONS, evidence, evidence_so_far, meaning_of
from rules.policy import DecisionMode, Policy
from schemas.canonical import canonical, data_of, text_digest
from schemas.emaket import DecisionSigned
from schemas.ids import Pseudonyms
from schemas.outcomes import BenefitDecided
from schemas.portal import PhoneRegistered
from schemas.questions import AccountConfirmed, AccountGiven, Answer, Consent, Decline, Separately, Together
from schemas.registry import DisabilityEstablished
from schemas.values import Language
from tests.unit.rules.case_desk import (
    IBAN,
    IIN,
    NOON,
    PHONE,
    REGISTERED,
    SENDER,
    TERM_ENDS,
    TITLE,
    Desk,
    only,
)

YES = Consent(language=Language.RUSSIAN)


@pytest.fixture
def asked(desk: Desk) -> Desk:
    desk.reads(REGISTERED, TITLE)
    desk.leaves()
    return desk


def test_before_a_consent_it_is_what_has_left(asked: Desk) -> None:
    number = asked.policy.pseudonyms.phone(PHONE)
    [question] = asked.case.questions
    text = "the text of offer"
    assert evidence_so_far(asked.case, asked.policy.stand_ins(IIN)) == {
        "source": {
            "event": "registry.title-awarded.v1",
            "id": "e2",
            "source": "urn:test",
            "time": "2021-07-22T06:00:00Z",
            "sha256": "d" * 64,
            "record": "title",
            "record_id": "A",
            "record_date": "2021-07-19",
        },
        "number": {"phone_id": number, "registered_at": "2021-07-22T06:00:00Z", "event_sha256": "d" * 64},
        "questions": [
            {
                "question_id": question.question_id,
                "kind": "offer",
                "phone_id": number,
                "language": None,
                "text": text,
                "sha256": text_digest(text),
                "text_version": "1",
                "sent_at": "2021-07-22T06:00:00Z",
                "term_ends": "2021-07-25T18:00:00Z",
                "message_id": "m",
            }
        ],
        "answers": [],
        "consent_to_service": None,
        "consent_to_data": None,
        "sender": {"carrier": "twilio", "from": SENDER},
    }
    assert question.term_ends == TERM_ENDS


def test_after_a_consent_it_says_which_words_were_answered_in_which_language(asked: Desk) -> None:
    asked.answers(YES)
    asked.reads()
    case = asked.case
    in_russian = case.questions[0].with_(language=Language.RUSSIAN)
    consent = case.consent
    assert consent
    shown = evidence(
        case.with_(questions=(in_russian, *case.questions[1:])), consent, asked.policy.stand_ins(IIN)
    )
    assert (shown.questions[0].language, shown.consent_to_service.text_version) == (Language.RUSSIAN, "1")
    assert evidence_so_far(case, asked.policy.stand_ins(IIN)) == data_of(
        evidence(case, consent, asked.policy.stand_ins(IIN))
    )


@pytest.mark.parametrize(
    ("award_id", "told"),
    [
        ("A-2021-17", "A-2021-17"),
        ("0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11", "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11"),
        ("850101-300015", Pseudonyms(b"a key").id("850101-300015", IIN)),
    ],
)
def test_a_records_id_that_has_room_for_an_iin_stands_as_ids_do(award_id: str, told: str) -> None:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER, pseudonyms=Pseudonyms(b"a key")))
    desk.reads(REGISTERED, TITLE.model_copy(update={"award_id": award_id}))
    desk.leaves()
    before = evidence_so_far(desk.last, desk.policy.stand_ins(IIN))
    assert before is not None
    assert before["source"]["record_id"] == told
    for answer in (YES, AccountGiven(iban=IBAN)):
        desk.answers(answer)
    case = desk.last
    assert case.draft
    assert case.draft.evidence.source.record_id == told
    assert case.record_id == award_id


def test_a_draft_of_before_is_decided_as_it_was_drafted() -> None:
    """Its officer signs these bytes: a draft keeps the record's id as it was shown."""
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.reads(REGISTERED, TITLE.model_copy(update={"award_id": "850101-300015"}))
    for answer in (YES, AccountGiven(iban=IBAN)):
        desk.answers(answer)
    case, draft = desk.last, desk.last.draft
    assert draft
    source = draft.evidence.source.with_(record_id=case.record_id)
    shown = draft.with_(evidence=draft.evidence.with_(source=source))
    desk.person = desk.person.with_(cases={case.case_id: case.with_(draft=shown)})
    signed = DecisionSigned(
        decision_id=shown.decision_id, outcome="granted", officer="officer-7", signed_at=desk.now
    )
    [decided] = only(desk.reads(signed), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert decided.evidence == shown.evidence


def test_a_case_that_is_asked_without_end_tells_the_last_of_it(desk: Desk) -> None:
    """Seed 90000086 of the simulation: consent and lost phone, again and again, in one document."""
    desk.reads(REGISTERED, TITLE)
    for number in range(1, 200):
        desk.leaves()
        question = desk.case.question
        told = evidence_so_far(desk.case, desk.policy.stand_ins(IIN))
        assert told is not None
        assert question is not None
        assert len(canonical(told)) < 100_000
        assert len(told["questions"]) == min(number, MOST_QUESTIONS)
        assert told["questions"][-1]["question_id"] == question.question_id
        desk.answers(YES)
        desk.now += timedelta(minutes=1)
        desk.reads(PhoneRegistered(iin=IIN, phone=None, registered_at=desk.now))
        desk.now += timedelta(minutes=1)
        desk.reads(PhoneRegistered(iin=IIN, phone=PHONE, registered_at=desk.now))


def test_the_consent_that_counts_is_told_whatever_came_after(asked: Desk) -> None:
    asked.answers(YES)
    case, consent = asked.case, asked.case.consent
    assert consent
    offer, account = case.questions[0], case.questions[-1]
    many = [
        account.with_(question_id=f"q{n}", sent_at=NOON, text="the text", message_id="m") for n in range(200)
    ]
    answers = [case.answers[0].with_(question_id=each.question_id, received_at=asked.now) for each in many]
    case = case.with_(questions=(offer, *many), answers=(*case.answers, *answers))
    shown = evidence(case, consent, asked.policy.stand_ins(IIN))
    kept = [f"q{n}" for n in range(200 - MOST_QUESTIONS + 1, 200)]
    assert [each.question_id for each in shown.questions] == [offer.question_id, *kept]
    assert [each.question_id for each in shown.answers] == [offer.question_id, *kept]
    assert shown.consent_to_service.text_sha256 == text_digest(offer.text or "")


@pytest.mark.parametrize("language", list(Language))
def test_a_consent_of_which_the_answer_was_not_kept_is_the_answer(asked: Desk, language: Language) -> None:
    """As releases of before have stored it."""
    asked.answers(Consent(language=language))
    case, consent = asked.case, asked.case.consent
    assert consent
    assert case.answers != ()
    before = case.with_(answers=())
    stand_ins = asked.policy.stand_ins(IIN)
    assert evidence(before, consent, stand_ins) == evidence(case, consent, stand_ins)


@pytest.mark.parametrize(
    ("right", "event"),
    [
        (TITLE, "registry.title-awarded.v1"),
        (
            DisabilityEstablished(
                iin=IIN,
                certificate_id="C",
                established_on=NOON.date(),
                group="2",
                legal_ground="7",
                first_time=True,
            ),
            "registry.disability-established.v1",
        ),
    ],
)
def test_an_event_whose_name_was_not_kept_is_known_by_its_record(
    desk: Desk, right: DisabilityEstablished, event: str
) -> None:
    desk.reads(REGISTERED, right)
    desk.answers(YES)
    case = desk.last
    assert case.consent
    unnamed = case.with_(source=case.source.with_(event=None))
    assert evidence(unnamed, case.consent, desk.policy.stand_ins(IIN)).source.event == event


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (Consent(language=Language.KAZAKH), "consent_kk"),
        (YES, "consent_ru"),
        (Decline(), None),
        (Together(), "together"),
        (Separately(), "separately"),
        (AccountConfirmed(), "account_confirmed"),
        (AccountGiven(iban=IBAN), "account_given"),
    ],
)
def test_a_no_is_no_evidence_of_a_will(answer: Answer, meaning: str | None) -> None:
    assert meaning_of(answer) == meaning
