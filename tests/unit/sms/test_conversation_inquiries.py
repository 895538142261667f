"""When the conversation asks the SMS API for a sent time, how often, and what it tells the case."""

from datetime import datetime, timedelta

import pytest

from schemas.base import Event
from schemas.deadlines import DeadlineElapsed
from schemas.ids import CaseId, MessageId, PersonId, QuestionId, Sid, message_id_of
from schemas.messages import (
    MessageStatusReported,
    MessageToSend,
    SentTimeTold,
    SentTimeWanted,
)
from schemas.questions import (
    NoticeKind,
    QuestionClosed,
    QuestionSent,
    QuestionSentTime,
    QuestionUndeliverable,
)
from sms.conversation.line import Line
from tests.unit.sms.number import NOON, PHONE, SECOND, Number, accepted, deferred, notice, status

SID = Sid(f"SM-{message_id_of(QuestionId('q'))}")
FORGOTTEN = NOON + timedelta(hours=72)
"""When the text of what was sent at noon is forgotten: that is all that is waited for then."""
WANTED = SentTimeWanted(sid=SID, phone=PHONE, attempt=1)


def told(sent_at: datetime | None, attempt: int = 1, sid: Sid = SID) -> SentTimeTold:
    return SentTimeTold(sid=sid, phone=PHONE, attempt=attempt, sent_at=sent_at)


def reported(name: str, at: datetime) -> MessageStatusReported:
    return MessageStatusReported(phone=PHONE, sid=SID, status=name, error_code=None, at=at)


def woken(number: Number) -> list[Event]:
    wake = number.wake
    assert wake
    number.now = wake[0]
    return number.hears(DeadlineElapsed(deadline="wake", version=wake[1], due=wake[0]))


@pytest.fixture
def asking(put: Number) -> Number:
    """The same, an hour later: the offer is reported to have been sent, and its sent time is asked for."""
    put.now += timedelta(hours=1)
    assert put.hears(reported("sent", put.now)) == [WANTED]
    return put


@pytest.mark.parametrize("name", ["sent", "delivered"])
def test_the_first_status_of_a_question_that_left_asks_for_its_sent_time(put: Number, name: str) -> None:
    assert put.hears(status(SID, "queued")) == []
    assert put.hears(status(SID, name)) == [WANTED]
    assert put.hears(status(SID, "delivered")) == []
    assert put.wake is None


@pytest.mark.parametrize("name", ["queued", "sending", "unheard of"])
def test_a_question_that_has_not_left_is_not_asked_for(put: Number, name: str) -> None:
    assert put.hears(status(SID, name)) == []


def test_one_that_can_not_be_delivered_ever_is_not_asked_for(put: Number) -> None:
    effects = put.hears(status(SID, "undelivered", undeliverable=True))
    assert [type(effect) for effect in effects] == [QuestionUndeliverable]


def test_a_notice_is_not_asked_for(put: Number) -> None:
    put.hears(notice(NoticeKind.DECLINED))
    put.hears(accepted(MessageId("n"), NOON, sid="SM-n"))
    assert put.hears(status(Sid("SM-n"), "delivered")) == []


def test_a_status_that_overtook_the_acceptance_asks_with_it() -> None:
    number = Number()
    number.asks()
    number.hears(status(SID, "delivered"))
    sent, wanted = number.takes()
    assert isinstance(sent, QuestionSent)
    assert wanted == WANTED


@pytest.mark.parametrize(
    ("with_it", "starts"),
    [
        (NOON + 3 * SECOND, NOON + 3 * SECOND),
        (NOON, NOON + SECOND / 2),
        (NOON - timedelta(days=1), NOON + SECOND / 2),
    ],
)
def test_a_sent_time_that_comes_with_the_acceptance_is_used_and_nobody_is_asked(
    with_it: datetime, starts: datetime
) -> None:
    number = Number()
    number.asks()
    taken = accepted(message_id_of(QuestionId("q")), NOON + SECOND / 2)
    [sent] = number.hears(taken.model_copy(update={"sent_at": with_it}))
    assert isinstance(sent, QuestionSent)
    assert sent.sent_at == starts
    assert number.hears(status(SID, "sent")) == []


def test_the_case_is_told_once_when_its_question_was_sent(asking: Number) -> None:
    sent_at = NOON + timedelta(minutes=59)
    assert asking.hears(told(sent_at)) == [
        QuestionSentTime(
            question_id=QuestionId("q"),
            case_id=CaseId("case"),
            person_id=PersonId("person of case"),
            message_id=message_id_of(QuestionId("q")),
            sent_at=sent_at,
        )
    ]
    assert asking.line.deliveries[0].told
    for again in (told(sent_at), told(None), told(sent_at, attempt=2), told(sent_at, sid=Sid("SM-other"))):
        before = asking.line
        assert asking.hears(again) == []
        assert asking.remarks == ("a sent time came that nobody waits for",)
        assert asking.line == before
    assert asking.hears(reported("delivered", asking.now)) == []


def test_no_sent_time_is_later_than_the_report_that_it_was_sent(asking: Number) -> None:
    """The SMS API's clock may run ahead of ours, for as long as asking takes and longer."""
    left_by = asking.now
    asking.hears(told(None))
    woken(asking)
    [question] = asking.hears(told(asking.now, attempt=2))
    assert isinstance(question, QuestionSentTime)
    assert question.sent_at == left_by < asking.now


def test_a_question_that_is_closed_is_told_of_all_the_same(put: Number) -> None:
    """Its term may have run out while the SMS API still held it back."""
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + SECOND))
    put.now = NOON + timedelta(days=5)
    assert put.hears(reported("sent", put.now)) == [WANTED]
    [question] = put.hears(told(put.now))
    assert isinstance(question, QuestionSentTime)
    assert question.question_id == "q"


def test_a_question_that_the_line_has_forgotten_is_not_told_of(asking: Number) -> None:
    asking.line = asking.line.model_copy(update={"current": None})
    assert asking.hears(told(NOON)) == []
    assert asking.remarks == ("a sent time came of a question that the line has forgotten",)
    assert asking.line.deliveries[0].inquiry is None


def test_what_is_not_told_is_asked_for_later_and_later_and_given_up() -> None:
    number = Number(time_scale=2.0)
    number.asks()
    number.takes()
    number.hears(status(SID, "sent"))
    delays = []
    for attempt in range(1, 7):
        began = number.now
        assert number.hears(told(None, attempt)) == []
        [wanted] = woken(number)
        assert wanted == SentTimeWanted(sid=SID, phone=PHONE, attempt=attempt + 1)
        delays.append((number.now - began).total_seconds())
    assert delays == [2 * 15 * 4**n for n in range(6)]
    assert number.hears(told(None, 7)) == []
    assert number.remarks == ("a sent time was asked for in vain: the acceptance stands",)
    assert number.line.deliveries[0].inquiry is None
    assert number.wake
    assert number.wake[0] == FORGOTTEN
    assert number.hears(status(SID, "delivered")) == []


def test_a_sent_time_is_told_in_the_end(asking: Number) -> None:
    for attempt in (1, 2):
        asking.hears(told(None, attempt))
        woken(asking)
    [question] = asking.hears(told(NOON + SECOND, 3))
    assert isinstance(question, QuestionSentTime)
    assert asking.wake
    assert asking.wake[0] == FORGOTTEN


def test_quiet_hours_hold_no_inquiry(put: Number) -> None:
    put.now = NOON + timedelta(hours=12)
    assert put.hears(reported("sent", put.now)) == [WANTED]


def test_the_line_is_woken_for_whatever_comes_first(asking: Number) -> None:
    """An inquiry waits beside the messages, and neither wakes the line for the other."""
    asking.hears(told(None))
    inquiry = asking.now + 15 * SECOND
    assert asking.wake == (inquiry, 2)
    [sent] = asking.hears(notice(NoticeKind.GRANTED, case="another"))
    assert isinstance(sent, MessageToSend)
    assert asking.wake == (inquiry, 2)
    asking.hears(deferred(MessageId("n"), after=5.0))
    assert asking.wake == (asking.now + 5 * SECOND, 3)
    [again] = woken(asking)
    assert isinstance(again, MessageToSend)
    assert asking.wake == (inquiry, 4)
    [wanted] = woken(asking)
    assert isinstance(wanted, SentTimeWanted)


def test_two_questions_are_asked_for_each_on_its_own(asking: Number) -> None:
    asking.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=asking.now))
    asking.asks("q2", case="another")
    asking.takes("q2")
    second = Sid(f"SM-{message_id_of(QuestionId('q2'))}")
    assert asking.hears(status(second, "sent")) == [SentTimeWanted(sid=second, phone=PHONE, attempt=1)]
    asking.hears(told(None))
    [question] = asking.hears(told(NOON, sid=second))
    assert isinstance(question, QuestionSentTime)
    assert (question.question_id, question.case_id) == ("q2", "another")
    [first, _] = asking.line.deliveries
    assert first.inquiry
    assert first.inquiry.next_at == asking.now + 15 * SECOND


def test_an_inquiry_survives_the_table_and_a_line_of_before_has_none(asking: Number) -> None:
    written = asking.line.model_dump_json(exclude_defaults=True)
    assert Line.model_validate_json(written) == asking.line
    old = Line.model_validate_json(
        '{"phone": "+77011234567", "deliveries": [{"sid": "SM1", "status": "sent", "asked": "q"}]}'
    )
    assert old.deliveries[0].inquiry is None


def receipt(at: datetime, sent_at: datetime | None) -> MessageStatusReported:
    return reported("delivered", at).with_(sent_at=sent_at)


def moved(put: Number, effects: list[Event]) -> datetime:
    [effect] = effects
    assert isinstance(effect, QuestionSentTime)
    assert put.line.deliveries[0].told
    return effect.sent_at


def test_a_sent_time_that_comes_with_the_report_is_not_asked_for(put: Number) -> None:
    submitted = NOON + timedelta(minutes=5)
    assert moved(put, put.hears(receipt(NOON + timedelta(hours=1), submitted))) == submitted
    assert put.hears(receipt(NOON + timedelta(hours=2), submitted + SECOND)) == []


def test_a_sent_time_is_never_after_the_report_that_tells_it(put: Number) -> None:
    at = NOON + timedelta(hours=1)
    assert moved(put, put.hears(receipt(at, at + timedelta(hours=5)))) == at


def test_a_sent_time_that_overtook_the_acceptance_is_told_with_it() -> None:
    number = Number()
    number.asks()
    submitted = NOON + timedelta(minutes=5)
    assert number.hears(receipt(NOON + timedelta(minutes=6), submitted)) == []
    effects = number.takes()
    assert [type(effect) for effect in effects] == [QuestionSent, QuestionSentTime]
    assert moved(number, effects[1:]) == submitted


def test_a_report_without_a_sent_time_is_asked_for_as_ever(put: Number) -> None:
    assert put.hears(receipt(NOON + timedelta(hours=1), None)) == [WANTED]


def test_a_failure_starts_no_term_whatever_submit_date_it_bears(put: Number) -> None:
    failed = reported("undelivered", NOON + timedelta(hours=1)).with_(
        sent_at=NOON + timedelta(minutes=5), failure="passing"
    )
    assert QuestionSentTime not in [type(effect) for effect in put.hears(failed)]
