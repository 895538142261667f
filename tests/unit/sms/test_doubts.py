"""A message in doubt, and what an operator says of it: sent, or not sent."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from schemas.base import Event
from schemas.ids import MessageId, QuestionId, message_id_of
from schemas.messages import (
    MessageDeferred,
    MessageGivenUp,
    MessageInDoubt,
    MessageRejected,
    MessageToSend,
)
from schemas.operators import ActObject, OperatorActed
from schemas.questions import NoticeKind, QuestionAnswered, QuestionClosed, QuestionSent
from schemas.turned import RefusedEventError
from sms.conversation.line import Line
from tests.unit.sms.number import NOON, PHONE, SECOND, Number, accepted, notice

OFFER = message_id_of(QuestionId("q"))
MINUTE = timedelta(minutes=1)


def acted(act: str, message_id: str = OFFER, **details: str) -> OperatorActed:
    return OperatorActed(
        act=act,
        object=ActObject(kind="message", id=message_id),
        phone_id="0" * 64,
        details=dict(details),
        reason="the carrier's own console was asked",
        operator="operator-3",
    )


def sent(at: datetime) -> OperatorActed:
    return acted("sent", sent_at=at.isoformat())


def doubt(attempt: int = 1, at: datetime = NOON, message_id: str = OFFER) -> MessageInDoubt:
    return MessageInDoubt(
        message_id=MessageId(message_id), phone=PHONE, attempt=attempt, tried_at=NOON, at=at
    )


@pytest.fixture
def in_doubt(number: Number) -> Number:
    """An offer that was handed over at noon, and a second later nobody could tell whether it left."""
    number.asks()
    number.now = NOON + SECOND
    number.hears(doubt(at=number.now))
    return number


def test_a_line_says_since_when_a_message_is_in_doubt(in_doubt: Number) -> None:
    [message] = in_doubt.line.messages
    assert message.doubted_at == NOON + SECOND


def test_sent_begins_the_term_when_the_operator_says_that_it_was(in_doubt: Number) -> None:
    in_doubt.now = NOON + timedelta(hours=5)
    [told] = in_doubt.hears(sent(NOON + 2 * MINUTE))
    assert isinstance(told, QuestionSent)
    assert (told.sent_at, told.message_id) == (NOON + 2 * MINUTE, OFFER)
    assert (told.carrier, told.sender) == (None, None)
    assert in_doubt.line.messages == ()
    assert in_doubt.line.deliveries == ()
    assert in_doubt.line.current
    assert in_doubt.line.current.put_at == NOON + 2 * MINUTE


def test_a_text_that_waited_for_the_doubt_to_end_is_the_answer(in_doubt: Number) -> None:
    in_doubt.now = NOON + 4 * MINUTE
    assert in_doubt.reads("1") == []
    in_doubt.now = NOON + timedelta(hours=5)
    effects = in_doubt.hears(sent(NOON + 2 * MINUTE))
    assert [type(effect) for effect in effects] == [QuestionSent, QuestionAnswered]


@pytest.mark.parametrize("said_at", [NOON - MINUTE, NOON + 6 * MINUTE])
def test_a_time_before_the_first_try_or_in_the_future_is_refused(in_doubt: Number, said_at: datetime) -> None:
    in_doubt.now = NOON + 5 * MINUTE
    before = in_doubt.line
    with pytest.raises(RefusedEventError, match=r"details\.sent_at"):
        in_doubt.hears(sent(said_at))
    assert in_doubt.line == before


def test_a_time_by_the_minute_may_begin_before_the_first_try(number: Number) -> None:
    number.now = NOON + 30 * SECOND
    number.asks()
    number.hears(doubt().model_copy(update={"tried_at": number.now}))
    number.now = NOON + 5 * MINUTE
    [told] = number.hears(sent(NOON))
    assert isinstance(told, QuestionSent)
    assert told.sent_at == NOON + 30 * SECOND


@pytest.mark.parametrize("details", [{}, {"sent_at": "yesterday"}, {"sent_at": "2021-07-15 12:00"}])
def test_what_is_no_time_is_refused(in_doubt: Number, details: dict[str, str]) -> None:
    with pytest.raises(RefusedEventError, match=r"details\.sent_at: a time is written"):
        in_doubt.hears(acted("sent", **details))


def test_what_the_carrier_tells_later_of_what_was_said_to_be_sent_changes_nothing(in_doubt: Number) -> None:
    in_doubt.now = NOON + 10 * MINUTE
    assert len(in_doubt.hears(notice(NoticeKind.GRANTED))) == 1
    in_doubt.hears(sent(NOON + MINUTE))
    notices = [message.message_id for message in in_doubt.line.messages]
    assert notices == ["n"]
    before = in_doubt.line
    for event in (
        accepted(OFFER, NOON + MINUTE),
        doubt(attempt=2),
        MessageRejected(message_id=OFFER, phone=PHONE, attempt=2, code=1, reason="", at=NOON),
    ):
        assert in_doubt.hears(event) == []
        assert in_doubt.line == before


def test_not_sent_is_sent_again_at_once_and_says_up_to_when_it_was_not(in_doubt: Number) -> None:
    in_doubt.now = NOON + 5 * MINUTE - SECOND
    [handed] = in_doubt.hears(acted("not_sent"))
    assert isinstance(handed, MessageToSend)
    assert (handed.message_id, handed.attempt) == (OFFER, 2)
    assert handed.unsent_before == NOON + SECOND
    [message] = in_doubt.line.messages
    assert (message.doubted_at, message.tried_at) == (None, in_doubt.now)
    [told] = in_doubt.takes(attempt=2)
    assert isinstance(told, QuestionSent)
    assert told.sent_at == in_doubt.now


def test_not_sent_said_once_more_changes_nothing(in_doubt: Number) -> None:
    in_doubt.hears(acted("not_sent"))
    before = in_doubt.line
    assert in_doubt.hears(acted("not_sent")) == []
    assert in_doubt.line == before
    assert in_doubt.remarks == ("an operator said once more that a message was not sent",)


def test_not_sent_while_the_carrier_tries_again_waits_for_that_attempt(in_doubt: Number) -> None:
    in_doubt.now = NOON + timedelta(hours=1)
    [handed] = in_doubt.hears(notice(NoticeKind.REMINDER, question_id="q")) or in_doubt.hears(
        notice(NoticeKind.GRANTED, "n2", case="other")
    )
    assert isinstance(handed, MessageToSend)
    assert (handed.message_id, handed.attempt) == (OFFER, 2)
    assert in_doubt.hears(acted("not_sent")) == []
    in_doubt.now += SECOND
    in_doubt.hears(doubt(attempt=2, at=in_doubt.now))
    [message] = [each for each in in_doubt.line.messages if each.message_id == OFFER]
    assert message.unsent_before == NOON + SECOND


def test_what_was_given_back_unsent_after_all_is_no_doubt_any_more(in_doubt: Number) -> None:
    in_doubt.hears(acted("not_sent"))
    in_doubt.hears(
        MessageDeferred(
            message_id=OFFER,
            phone=PHONE,
            attempt=2,
            reason="busy",
            retry_after_seconds=1,
            may_have_left=False,
            at=in_doubt.now,
        )
    )
    [message] = in_doubt.line.messages
    assert (message.doubted_at, message.unsent_before) == (None, None)
    with pytest.raises(RefusedEventError, match="in doubt"):
        in_doubt.hears(acted("not_sent"))


def _nothing(number: Number) -> None:
    del number


def _handed(number: Number) -> None:
    number.asks()


def _put(number: Number) -> None:
    number.asks()
    number.takes()


def _given_back(number: Number) -> None:
    number.asks()
    number.hears(
        MessageDeferred(
            message_id=OFFER, phone=PHONE, attempt=1, reason="lost", retry_after_seconds=9, at=NOON
        )
    )


@pytest.mark.parametrize("act", ["sent", "not_sent"])
@pytest.mark.parametrize("before", [_nothing, _handed, _put, _given_back])
def test_an_act_on_what_is_not_in_doubt_is_refused(
    number: Number, before: Callable[[Number], None], act: str
) -> None:
    before(number)
    known: Line = number.line
    with pytest.raises(RefusedEventError, match="object: no message with this id is in doubt"):
        number.hears(acted(act, sent_at=NOON.isoformat()))
    assert number.line == known


def test_sent_said_twice_is_refused_the_second_time_and_changes_nothing(in_doubt: Number) -> None:
    in_doubt.hears(sent(NOON))
    before = in_doubt.line
    with pytest.raises(RefusedEventError):
        in_doubt.hears(sent(NOON))
    assert in_doubt.line == before


def test_an_act_that_a_line_does_not_know_changes_nothing(in_doubt: Number) -> None:
    before = in_doubt.line
    assert in_doubt.hears(acted("framed")) == []
    assert in_doubt.line == before
    assert in_doubt.remarks == ("an operator did what this line does not know",)


def test_a_doubt_about_what_is_of_no_use_any_more_is_said_to_be_over(in_doubt: Number) -> None:
    closed = QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + MINUTE)
    effects: list[Event] = in_doubt.hears(closed)
    assert effects == [MessageGivenUp(message_id=OFFER, phone=PHONE, at=in_doubt.now)]
    assert in_doubt.hears(effects[0]) == []
    assert in_doubt.remarks == ()


def test_what_is_sent_again_because_it_did_not_reach_is_in_no_doubt(in_doubt: Number) -> None:
    in_doubt.hears(acted("not_sent"))
    in_doubt.takes(attempt=2)
    assert all(each.message is None or each.message.doubted_at is None for each in in_doubt.line.deliveries)
