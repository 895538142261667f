"""A message that was accepted and did not reach its number is sent again; whose fault it is decides how."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schemas.base import Event
from schemas.deadlines import DeadlineElapsed
from schemas.ids import CaseId, MessageId, PersonId, QuestionId, message_id_of, resent_id_of
from schemas.messages import (
    UNKNOWN_CODE,
    MessageDeferred,
    MessageRejected,
    MessageStatusReported,
    MessageToSend,
    SenderHeld,
)
from schemas.questions import (
    Details,
    NoticeKind,
    NoticeRequested,
    QuestionClosed,
    QuestionNotReached,
    QuestionSent,
    QuestionUndeliverable,
)
from tests.unit.sms.number import NOON, PHONE, SECOND, Number, accepted, notice

FIRST = message_id_of(QuestionId("q"))
SECOND_ID = resent_id_of(FIRST)
HOUR = timedelta(hours=1)


@pytest.fixture
def number() -> Number:
    """Without quiet hours."""
    return Number(quiet=False)


def failed(
    sid: str = f"SM-{FIRST}", failure: str | None = "passing", name: str = "undelivered"
) -> MessageStatusReported:
    return MessageStatusReported.model_validate(
        {
            "phone": PHONE,
            "sid": sid,
            "status": name,
            "error_code": 30003,
            "failure": failure,
            "undeliverable": failure == "permanent",
            "at": NOON + SECOND,
        }
    )


def wakes(number: Number) -> list[Event]:
    """The line is woken when it wanted to be."""
    due = number.wake
    assert due is not None
    number.now = due[0]
    return number.hears(DeadlineElapsed(deadline="wake", version=due[1], due=due[0]))


def sends_until_it_gives_up(number: Number, failure: str = "passing") -> tuple[list[datetime], Event]:
    """Every sending fails. When each began, and what is told in the end."""
    begun = [NOON]
    effects = number.hears(failed(failure=failure))
    while number.wake:
        sent = [effect for effect in wakes(number) if isinstance(effect, MessageToSend)]
        for message in sent:
            begun.append(number.now)
            number.hears(accepted(message.message_id, number.now))
            effects = number.hears(failed(f"SM-{message.message_id}", failure))
        assert len(begun) < 100
    return begun, effects[-1]


@pytest.mark.parametrize("name", ["undelivered", "failed", "canceled"])
@pytest.mark.parametrize("failure", ["passing", None])
def test_a_question_that_did_not_reach_is_told_to_its_case_and_sent_again(
    put: Number, name: str, failure: str | None
) -> None:
    [told] = put.hears(failed(failure=failure, name=name))
    assert told == QuestionNotReached(
        question_id=QuestionId("q"),
        case_id=CaseId("case"),
        person_id=PersonId("person of case"),
        message_id=FIRST,
        code=30003,
        at=NOON + SECOND,
    )
    [again] = wakes(put)
    assert isinstance(again, MessageToSend)
    assert (again.message_id, again.attempt) == (SECOND_ID, 1)
    assert put.now == NOON + timedelta(minutes=15)
    [sent] = put.hears(accepted(SECOND_ID, put.now))
    assert isinstance(sent, QuestionSent)
    assert (sent.message_id, sent.sent_at, sent.text) == (SECOND_ID, put.now, again.text)


def test_it_is_tried_later_and_later_until_72_hours_after_the_first_try(put: Number) -> None:
    begun, told = sends_until_it_gives_up(put)
    assert isinstance(told, QuestionUndeliverable)
    assert not told.opted_out
    gaps = [after - before for before, after in itertools.pairwise(begun)]
    assert gaps[:4] == [timedelta(minutes=15), HOUR, 4 * HOUR, 8 * HOUR]
    assert begun[-1] == NOON + 72 * HOUR
    assert put.line.messages == ()


def test_the_hours_for_which_it_is_tried_are_the_policys(put: Number) -> None:
    put.policy = replace(put.policy, keep_trying=2 * HOUR)
    begun, _ = sends_until_it_gives_up(put)
    assert begun[-1] == NOON + 2 * HOUR


def test_a_fault_of_ours_holds_the_sender_and_is_never_the_citizens(put: Number) -> None:
    effects = put.hears(failed(failure="ours"))
    assert effects[0] == SenderHeld(phone=PHONE, code=30003, at=NOON + SECOND)
    for _ in range(30):
        [message] = [effect for effect in wakes(put) if isinstance(effect, MessageToSend)]
        put.hears(accepted(message.message_id, put.now))
        effects = put.hears(failed(f"SM-{message.message_id}", "ours"))
        assert not any(isinstance(effect, QuestionUndeliverable) for effect in effects)
    assert put.now > NOON + 72 * HOUR


def test_the_time_in_which_the_fault_was_ours_is_none_of_the_72_hours(put: Number) -> None:
    sid, sent = f"SM-{FIRST}", put.now
    while put.now < NOON + 96 * HOUR:
        put.hears(failed(sid, "ours"))
        [message] = [effect for effect in wakes(put) if isinstance(effect, MessageToSend)]
        sent, sid = put.now, f"SM-{message.message_id}"
        put.hears(accepted(message.message_id, put.now))
    told = put.hears(failed(sid))
    assert [type(effect) for effect in told] == [QuestionNotReached]
    tried = [sent]
    while not any(isinstance(effect, QuestionUndeliverable) for effect in told):
        [message] = [effect for effect in wakes(put) if isinstance(effect, MessageToSend)]
        tried.append(put.now)
        put.hears(accepted(message.message_id, put.now))
        told = put.hears(failed(f"SM-{message.message_id}"))
    assert tried[-1] - tried[0] == 72 * HOUR


def test_what_can_never_reach_is_undeliverable_at_once(put: Number) -> None:
    [told] = put.hears(failed(failure="permanent"))
    assert isinstance(told, QuestionUndeliverable)
    assert put.wake is None


def test_in_quiet_hours_nothing_is_sent_again() -> None:
    number = Number()
    number.now = datetime(2021, 7, 15, 14, 59, tzinfo=UTC)  # 20:59 in Almaty
    number.asks()
    number.takes()
    number.hears(failed())
    assert wakes(number) == []
    [again] = wakes(number)
    assert isinstance(again, MessageToSend)
    assert number.now == datetime(2021, 7, 16, 3, tzinfo=UTC)


def test_a_text_from_the_number_shows_that_the_handset_is_on(put: Number) -> None:
    put.hears(failed())
    put.now += SECOND
    effects = put.reads("кто это?")
    assert SECOND_ID in [effect.message_id for effect in effects if isinstance(effect, MessageToSend)]


def test_an_answer_ends_the_sending_again(put: Number) -> None:
    put.hears(failed())
    put.reads("1")
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + 2 * SECOND))
    assert put.line.messages == ()


def test_what_failed_after_its_answer_is_told_to_nobody(put: Number) -> None:
    put.reads("1")
    assert put.hears(failed()) == []
    assert put.wake is None


def test_what_failed_after_its_closing_is_told_and_not_sent_again(put: Number) -> None:
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + SECOND))
    [told] = put.hears(failed())
    assert isinstance(told, QuestionNotReached)
    assert put.wake is None


def test_a_text_of_before_the_second_sending_answers_the_question(put: Number) -> None:
    put.hears(failed())
    [message] = wakes(put)
    assert isinstance(message, MessageToSend)
    effects = put.reads("1", at=NOON + HOUR)
    assert [effect.name for effect in effects] == ["question.answered"]


def test_a_notice_that_did_not_reach_is_sent_again_too(put: Number) -> None:
    put.hears(notice(NoticeKind.GRANTED))
    put.hears(accepted(MessageId("n"), NOON))
    assert put.hears(failed("SM-n")) == []
    [again] = wakes(put)
    assert isinstance(again, MessageToSend)
    assert again.message_id == resent_id_of(MessageId("n"))


def test_a_notice_that_can_never_reach_is_not_sent_again(put: Number) -> None:
    put.hears(notice(NoticeKind.GRANTED))
    put.hears(accepted(MessageId("n"), NOON))
    assert put.hears(failed("SM-n", "permanent")) == []
    assert put.remarks == ("a message did not reach its number, and is not sent again",)
    assert put.line.messages == ()
    assert put.wake == (NOON + timedelta(hours=72), 1), "when the text of the offer is forgotten"


def test_a_notice_is_given_up_after_the_hours(put: Number) -> None:
    put.hears(notice(NoticeKind.GRANTED))
    put.hears(accepted(MessageId("n"), NOON))
    put.now = NOON + 73 * HOUR
    assert put.hears(failed("SM-n")) == []
    assert put.wake is None


def test_a_delivered_message_keeps_nothing_to_be_sent_again(put: Number) -> None:
    put.hears(failed(name="delivered", failure=None))
    assert put.line.deliveries[0].message is None


def test_others_pass_a_message_that_waits_for_its_handset(put: Number) -> None:
    put.hears(failed())
    [passing] = put.hears(notice(NoticeKind.REVOKED, case="other"))
    assert isinstance(passing, MessageToSend)
    assert passing.message_id == "n"


def test_a_refusal_with_an_unknown_code_holds_only_its_message() -> None:
    number = Number(quiet=False)
    number.hears(notice(NoticeKind.REVOKED))
    unknown = MessageDeferred(
        message_id=MessageId("n"),
        phone=PHONE,
        attempt=1,
        reason=UNKNOWN_CODE,
        retry_after_seconds=60,
        at=NOON,
    )
    number.hears(unknown)
    [passing] = number.hears(notice(NoticeKind.REVOKED, "n2", case="other"))
    assert isinstance(passing, MessageToSend)
    assert passing.message_id == "n2"


# The number wants nothing from our sender.


def opted_out(message_id: MessageId = FIRST) -> MessageRejected:
    return MessageRejected(
        message_id=message_id, phone=PHONE, attempt=1, code=21610, reason="", opted_out=True, at=NOON
    )


def test_an_opt_out_at_the_carrier_is_no_undeliverable_and_is_asked_again_in_the_morning() -> None:
    number = Number(quiet=False)
    number.asks()
    assert number.hears(opted_out()) == []
    [again] = wakes(number)
    assert isinstance(again, MessageToSend)
    assert (again.message_id, number.now) == (SECOND_ID, datetime(2021, 7, 16, 3, tzinfo=UTC))


def test_who_opted_out_for_72_hours_is_told_to_be_out_of_reach() -> None:
    number = Number(quiet=False)
    number.asks()
    message_id, effects = FIRST, number.hears(opted_out())
    while number.wake:
        [message] = [effect for effect in wakes(number) if isinstance(effect, MessageToSend)]
        message_id = message.message_id
        effects = number.hears(opted_out(message_id))
    [told] = effects
    assert isinstance(told, QuestionUndeliverable)
    assert told.opted_out
    assert number.now == datetime(2021, 7, 18, 3, tzinfo=UTC)  # the last morning of the 72 hours


def test_a_notice_to_who_opted_out_is_dropped() -> None:
    number = Number(quiet=False)
    number.hears(notice(NoticeKind.DECLINED))
    assert number.hears(opted_out(MessageId("n"))) == []
    assert number.line.messages == ()


def _reminder() -> NoticeRequested:
    until = NOON + timedelta(days=3, hours=12)
    details = Details(iin_tail="0015", until=until)
    return notice(NoticeKind.REMINDER, "reminder", question_id="q", details=details)


@pytest.mark.parametrize("first", [FIRST, "reminder"])
def test_a_reminder_is_not_sent_again_where_the_question_did_not_reach_either(
    put: Number, first: str
) -> None:
    put.now += timedelta(days=2)
    [reminder] = put.hears(_reminder())
    assert isinstance(reminder, MessageToSend)
    put.carries(reminder)
    for name in (first, "reminder" if first == FIRST else FIRST):
        put.hears(failed(f"SM-{name}"))
    assert [(message.asks, message.notice) for message in put.line.messages] == [(True, None)]


def test_no_reminder_goes_out_of_a_question_that_is_to_be_put_again(put: Number) -> None:
    put.now += timedelta(days=2)
    put.hears(failed())
    assert put.hears(_reminder()) == []
    assert put.remarks == ("a reminder came for a question that has not reached its number",)
    assert [message.asks for message in put.line.messages] == [True]
