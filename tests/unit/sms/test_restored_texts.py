"""After a restore: texts that come before the questions that they answer were asked again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from schemas.ids import QuestionId, Sid, message_id_of
from schemas.messages import MessageAccepted
from schemas.questions import QuestionAnswered, QuestionClosed, QuestionKind, QuestionNotUnderstood
from sms.conversation.texts_received import Restored
from tests.unit.sms.number import NOON, PHONE, SECOND, Number, accepted

HOUR = timedelta(hours=1)
IBAN = "KZ86125KZT5004100100"


@pytest.fixture
def number() -> Number:
    """What is asked and sent at noon left at noon already; the service is restored half an hour later."""
    number = Number(quiet=False)
    number.policy = replace(number.policy, restored=Restored(NOON, NOON + HOUR))
    number.now = NOON + HOUR / 2
    return number


def taken(name: str, at: datetime) -> MessageAccepted:
    """The carrier has found a question's message, which left at this instant."""
    return accepted(message_id_of(QuestionId(name)), at)


def answered(events: Sequence[object]) -> list[tuple[str, str]]:
    return [(each.question_id, each.text) for each in events if isinstance(each, QuestionAnswered)]


def test_answers_wait_for_their_questions_each_for_its_own(number: Number) -> None:
    assert number.reads("1", NOON + 10 * SECOND) == []
    assert number.reads(IBAN, NOON + 30 * SECOND) == []
    number.asks("offer")
    assert answered(number.hears(taken("offer", NOON))) == [("offer", "1")]
    number.asks("account", kind=QuestionKind.ACCOUNT)
    found = number.hears(
        accepted(message_id_of(QuestionId("account")), NOON + 20 * SECOND, attempt=1, sid="S2")
    )
    assert answered(found) == [("account", IBAN)]
    assert number.line.held_texts == ()


def test_a_second_offers_answer_is_not_taken_for_the_first_ones(number: Number) -> None:
    number.asks("one")
    number.hears(taken("one", NOON))
    assert answered(number.reads("1", NOON + 10 * SECOND)) == [("one", "1")]
    assert number.reads("2", NOON + 30 * SECOND, sid="IN-2") == []
    number.asks("two", case="another")
    closed = QuestionClosed(question_id=QuestionId("one"), phone=PHONE, closed_at=NOON + 12 * SECOND)
    assert answered(number.hears(closed)) == []
    assert answered(number.hears(taken("two", NOON + 20 * SECOND))) == [("two", "2")]


def test_what_nothing_has_asked_for_is_read_when_the_time_is_over(number: Number) -> None:
    number.asks("offer")
    number.hears(taken("offer", NOON))
    assert number.reads("what is this", NOON + 10 * SECOND) == []
    assert number.wake is not None
    assert number.wake[0] == NOON + HOUR
    number.now = NOON + HOUR
    found = number.reads("1", NOON + HOUR)
    assert [type(each) for each in found if isinstance(each, QuestionNotUnderstood)] == [
        QuestionNotUnderstood
    ]
    assert answered(found) == [("offer", "1")]
    assert number.line.held_texts == ()


def test_what_comes_when_the_time_is_over_is_read_at_once(number: Number) -> None:
    number.now = NOON + 2 * HOUR
    number.asks("offer")
    number.takes("offer")
    assert any(isinstance(each, QuestionNotUnderstood) for each in number.reads("what is this"))


def test_stop_is_obeyed_at_once_and_declines_what_is_asked_again(number: Number) -> None:
    number.reads("STOP", NOON + 10 * SECOND, sid=Sid("IN-STOP"))
    assert number.line.stopped_until is not None
    assert len(number.line.held_texts) == 1
