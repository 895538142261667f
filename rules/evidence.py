"""The evidence of a case: what is shown when a decision, or an ending, is disputed (R2, R7, R8, R33)."""

from collections.abc import Sequence
from typing import Any

from rules.person import Case, ConsentGiven, Counted, Question, Source
from rules.policy import StandIns
from schemas.canonical import data_of, text_digest
from schemas.evidence import (
    AnswerEvidence,
    ConsentEvidence,
    Evidence,
    Meaning,
    NumberEvidence,
    QuestionEvidence,
    SenderEvidence,
    SourceEvidence,
)
from schemas.questions import Answer, Consent, Decline
from schemas.values import Language

_EVENTS = {"award": "registry.title-awarded.v1", "certificate": "registry.disability-established.v1"}

MOST_QUESTIONS = 50
"""A case that is asked again and again tells the last of its questions: each consent before has a document of
its own, and what tells of all of them would one day be larger than a record may be.
"""


def evidence(case: Case, consent: ConsentGiven, stand_ins: StandIns) -> Evidence:
    """What a case with this consent rests on. Raises `ValueError` where its offer has never left.

    Of the questions those that were answered, in the order of their sending: the consent's, and the last.
    """
    offer = case.find(consent.question_id)
    if offer is None:
        raise ValueError("no consent without the offer that it answers")
    answered = {answer.question_id for answer in case.answers} | {offer.question_id}
    asked = _told([question for question in case.questions if question.question_id in answered], offer)
    told = {question.question_id for question in asked}
    given = _consent(consent, offer)
    return Evidence(
        source=_source(case, case.source, stand_ins),
        number=_number(offer, stand_ins),
        questions=tuple(_question(question, stand_ins) for question in asked),
        answers=tuple(
            _answer(case, answer, stand_ins)
            for answer in _answers(case, consent)
            if answer.question_id in told
        ),
        consent_to_service=given,
        consent_to_data=given,
        sender=SenderEvidence(carrier=offer.carrier, from_=offer.sender),
    )


def evidence_so_far(case: Case, stand_ins: StandIns) -> dict[str, Any] | None:
    """The evidence of a case in whatever state; None where nothing was asked.

    Without a consent there are the last questions that have left, and no more.
    """
    if case.consent:
        return data_of(evidence(case, case.consent, stand_ins))
    asked = [question for question in case.questions if question.sent_at]
    if not asked:
        return None
    last = asked[-1]
    return {
        "source": data_of(_source(case, case.source, stand_ins)),
        "number": data_of(_number(last, stand_ins)),
        "questions": [data_of(_question(question, stand_ins)) for question in _told(asked, last)],
        "answers": [],
        "consent_to_service": None,
        "consent_to_data": None,
        "sender": data_of(SenderEvidence(carrier=last.carrier, from_=last.sender)),
    }


def _told(asked: Sequence[Question], kept: Question) -> Sequence[Question]:
    """Of very many questions the last, and this one in any case."""
    last = asked[-MOST_QUESTIONS:]
    return last if kept in last else (kept, *last[1:])


def meaning_of(answer: Answer) -> Meaning | None:
    """What an answer says; None for a "no", which is no evidence of a will to receive anything."""
    match answer:
        case Consent():
            return _consent_in(answer.language)
        case Decline():
            return None
        case _:
            return answer.kind


def _consent_in(language: Language) -> Meaning:
    return "consent_kk" if language is Language.KAZAKH else "consent_ru"


def _answers(case: Case, consent: ConsentGiven) -> Sequence[Counted]:
    """The answers that counted, in the order of their receipt.

    Those of before were not kept one by one, but for the consent.
    """
    if any(answer.question_id == consent.question_id for answer in case.answers):
        return sorted(case.answers, key=lambda answer: answer.received_at)
    own = Counted(
        question_id=consent.question_id,
        meaning=_consent_in(consent.language),
        text=consent.text,
        received_at=consent.received_at,
        message_id=consent.message_id,
    )
    return (own, *case.answers)


def _source(case: Case, source: Source, stand_ins: StandIns) -> SourceEvidence:
    return SourceEvidence(
        event=source.event or _EVENTS[case.record],
        time=source.time,
        id=source.id,
        source=source.source,
        sha256=source.sha256,
        record="title" if case.record == "award" else "disability",
        record_id=stand_ins.record_id(case.record_id),
        record_date=source.record_date,
    )


def _number(question: Question, stand_ins: StandIns) -> NumberEvidence:
    return NumberEvidence(
        phone_id=stand_ins.phone_id(question.phone),
        registered_at=question.phone_registered_at,
        event_sha256=question.phone_event_sha256,
    )


def _question(question: Question, stand_ins: StandIns) -> QuestionEvidence:
    if question.sent_at is None or question.text is None or question.message_id is None:
        raise ValueError("no answer to a question that has not left")
    return QuestionEvidence(
        question_id=question.question_id,
        kind=question.kind.value,
        phone_id=stand_ins.phone_id(question.phone),
        language=question.language,
        text=question.text,
        sha256=text_digest(question.text),
        text_version=question.text_version,
        sent_at=question.sent_at,
        term_ends=question.term_ends,
        message_id=question.message_id,
    )


def _answer(case: Case, answer: Counted, stand_ins: StandIns) -> AnswerEvidence:
    question = case.find(answer.question_id)
    return AnswerEvidence(
        question_id=answer.question_id,
        meaning=answer.meaning,
        phone_id=stand_ins.phone_id(question.phone) if question else None,
        text=answer.text,
        sha256=text_digest(answer.text),
        received_at=answer.received_at,
        message_id=answer.message_id,
    )


def _consent(consent: ConsentGiven, offer: Question) -> ConsentEvidence:
    return ConsentEvidence(
        at=consent.received_at,
        question_id=offer.question_id,
        message_id=consent.message_id,
        text_version=offer.text_version,
        text_sha256=text_digest(offer.text or ""),
    )
