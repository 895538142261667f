"""A text of which a later read copy tells that it was received earlier, on the line alone."""

from datetime import timedelta

import pytest

from schemas.ids import QuestionId
from schemas.questions import Consent, QuestionAnswered, QuestionClosed
from schemas.values import Language
from tests.unit.sms.number import NOON, PHONE, SECOND, Number

HELD = NOON + 30 * SECOND


def closes(number: Number, name: str, after: timedelta) -> None:
    number.hears(QuestionClosed(question_id=QuestionId(name), phone=PHONE, closed_at=NOON + after))


@pytest.fixture
def leaving(put: Number) -> Number:
    """The first offer has been put, is over in an hour, and another person's is with the carrier."""
    closes(put, "q", timedelta(hours=1))
    put.now = HELD
    put.asks("q2", case="other")
    return put


def test_a_text_that_waits_to_be_read_is_read_as_of_the_earlier_instant(leaving: Number) -> None:
    """By its call it would answer what is just being put, whose message may have left by then."""
    leaving.now = HELD + 5 * SECOND
    assert leaving.reads("1", HELD + 4 * SECOND, sid="IN") == []
    assert leaving.reads("1", NOON + 20 * SECOND, sid="IN") == []
    [held] = leaving.line.held_texts
    assert held.received_at == NOON + 20 * SECOND
    answers = [each for each in leaving.takes("q2") if isinstance(each, QuestionAnswered)]
    [answered] = answers
    assert (answered.question_id, answered.received_at) == ("q", NOON + 20 * SECOND)
    assert answered.answer == Consent(language=Language.KAZAKH)


def test_without_the_earlier_copy_the_text_answers_what_is_just_being_put(leaving: Number) -> None:
    leaving.now = HELD + 5 * SECOND
    leaving.reads("1", HELD + 4 * SECOND, sid="IN")
    [answered] = [each for each in leaving.takes("q2") if isinstance(each, QuestionAnswered)]
    assert answered.question_id == "q2"


def test_of_a_text_that_was_read_before_its_instant_was_kept_an_earlier_copy_changes_nothing(
    put: Number,
) -> None:
    """Lines that are stored from before know the sids of their texts, and no more."""
    put.now += 10 * SECOND
    put.reads("1", sid="IN")
    put.line = put.line.with_(taken=())
    before = put.line
    assert put.reads("1", NOON + SECOND, sid="IN") == []
    assert put.line == before
