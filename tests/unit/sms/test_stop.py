"""STOP is said by a number: new offers on it wait for the next morning, also with quiet hours off."""

from datetime import UTC, datetime

import pytest

from schemas.deadlines import DeadlineElapsed
from schemas.ids import QuestionId, message_id_of
from schemas.messages import MessageToSend
from schemas.questions import (
    Consent,
    Decline,
    QuestionAnswered,
    QuestionClosed,
    QuestionKind,
    QuestionNotUnderstood,
)
from schemas.values import Language
from tests.unit.sms.number import NOON, PHONE, SECOND, Number

MORNING = datetime(2021, 7, 16, 3, tzinfo=UTC)  # 09:00 in Almaty


@pytest.fixture
def number() -> Number:
    """Without quiet hours."""
    return Number(quiet=False)


@pytest.mark.parametrize("text", ["STOP", "стоп", "Стоп!"])
def test_the_person_who_was_asked_declines_and_others_are_not_asked_before_the_morning(
    put: Number, text: str
) -> None:
    put.asks("q2", case="other")
    put.now += SECOND
    [answered] = put.reads(text)
    assert isinstance(answered, QuestionAnswered)
    assert answered.answer == Decline(stop=True)
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + 2 * SECOND))
    assert put.wake is not None
    due, version = put.wake
    assert due == MORNING
    put.now = due
    [offer] = put.hears(DeadlineElapsed(deadline="wake", version=version, due=due))
    assert isinstance(offer, MessageToSend)
    assert offer.message_id == message_id_of(QuestionId("q2"))


def test_an_offer_that_comes_after_the_stop_waits_too(put: Number) -> None:
    put.reads("STOP")
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + SECOND))
    assert put.asks("q2", case="other") == []


def test_a_no_of_the_person_holds_nobody_else(put: Number) -> None:
    put.asks("q2", case="other")
    put.reads("0")
    [offer] = put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + SECOND))
    assert isinstance(offer, MessageToSend)


def test_the_next_question_of_a_consent_is_no_new_offer(put: Number) -> None:
    put.reads("STOP", at=NOON)
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + SECOND))
    account = put.asks("q3", case="third", kind=QuestionKind.ACCOUNT, language=Language.RUSSIAN)
    assert [effect.name for effect in account] == ["sms.outbox.v1"]


def test_a_stop_to_a_number_that_was_asked_nothing_holds_the_offers_that_come() -> None:
    number = Number(quiet=False)
    number.reads("STOP")
    assert number.asks() == []


def test_a_digit_sent_twice_is_explained_once_and_not_counted(put: Number) -> None:
    put.now += SECOND
    [answered] = put.reads("1")
    assert isinstance(answered, QuestionAnswered)
    assert answered.answer == Consent(language=Language.KAZAKH)
    put.asks("q2", kind=QuestionKind.ACCOUNT, language=Language.KAZAKH)
    put.takes("q2")
    put.now += SECOND
    [explanation] = put.reads("1", sid="again")
    assert isinstance(explanation, MessageToSend)
    assert put.line.current is not None
    assert put.line.current.explained == 0
    put.carries(explanation)
    assert put.reads("1", sid="once more") == []
    for number in range(3):
        told, counted = put.reads("что?", sid=f"what {number}")
        assert isinstance(told, QuestionNotUnderstood)
        assert isinstance(counted, MessageToSend)
        put.carries(counted)
    [told] = put.reads("что?", sid="what 4")
    assert isinstance(told, QuestionNotUnderstood)


def test_a_bare_no_between_two_questions_takes_no_consent_back(put: Number) -> None:
    """It may mean what was asked last, and what comes next is not asked yet."""
    put.reads("1")
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + 90 * SECOND))
    put.asks("q2", kind=QuestionKind.ONE_APPLICATION, language=Language.KAZAKH)
    put.takes("q2")
    put.now += SECOND
    put.reads("3")
    put.hears(QuestionClosed(question_id=QuestionId("q2"), phone=PHONE, closed_at=put.now))
    put.now += SECOND
    [told] = put.reads("жоқ")
    assert isinstance(told, QuestionAnswered)
    assert (told.question_id, told.answer) == ("q2", None)
    [told] = put.reads("0")
    assert isinstance(told, QuestionAnswered)
    assert (told.question_id, told.answer) == ("q2", Decline())
    [told] = put.reads("2")
    assert isinstance(told, QuestionAnswered)
    assert (told.question_id, told.answer) == ("q", Consent(language=Language.RUSSIAN))
