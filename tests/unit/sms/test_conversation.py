"""What the conversation does with questions, and with what the carrier reports."""

from datetime import timedelta

import pytest

from schemas.base import Event
from schemas.deadlines import DeadlineElapsed
from schemas.ids import CaseId, MessageId, PersonId, QuestionId, Sid, message_id_of
from schemas.messages import MessageInDoubt, MessageRejected, MessageToSend
from schemas.questions import (
    AccountConfirmed,
    Consent,
    Details,
    NoticeKind,
    QuestionAnswered,
    QuestionClosed,
    QuestionKind,
    QuestionSent,
    QuestionUndeliverable,
)
from schemas.registry import EntitlementRevoked
from schemas.values import Language
from sms.catalogues import load_texts
from tests.unit.sms.number import NOON, PHONE, SECOND, SENDER, Number, accepted, deferred, notice, status

TEXTS = load_texts()


def test_a_question_becomes_a_message_with_its_exact_text(number: Number) -> None:
    assert number.asks() == [
        MessageToSend(
            message_id=message_id_of(QuestionId("q")),
            phone=PHONE,
            text=TEXTS.question(QuestionKind.OFFER, None, Details(iin_tail="0015")),
            attempt=1,
            requested_at=NOON,
            offer=True,
        )
    ]


def test_the_sending_is_told_with_text_and_instant(number: Number) -> None:
    number.asks()
    number.now += SECOND
    assert number.takes() == [
        QuestionSent(
            question_id=QuestionId("q"),
            case_id=CaseId("case"),
            person_id=PersonId("person of case"),
            message_id=message_id_of(QuestionId("q")),
            text=TEXTS.question(QuestionKind.OFFER, None, Details(iin_tail="0015")),
            text_version="1",
            language=None,
            carrier="twilio",
            sender=SENDER,
            sent_at=NOON + SECOND,
        )
    ]
    assert number.line.current
    assert number.line.current.put_at == NOON
    [delivery] = number.line.deliveries
    assert (delivery.sid, delivery.asked) == (f"SM-{message_id_of(QuestionId('q'))}", "q")
    assert delivery.message_id == message_id_of(QuestionId("q"))
    assert delivery.message is not None


def test_an_answer_is_told_with_its_text_and_when_it_was_received(put: Number) -> None:
    put.now += 5 * SECOND
    assert put.reads("R 1", NOON + SECOND) == [
        QuestionAnswered(
            question_id=QuestionId("q"),
            case_id=CaseId("case"),
            person_id=PersonId("person of case"),
            answer=Consent(language=Language.KAZAKH),
            text="R 1",
            message_id=Sid("IN-R 1"),
            received_at=NOON + SECOND,
        )
    ]
    assert put.line.current
    assert put.line.current.answered


def test_a_known_account_is_confirmed_where_it_was_shown(number: Number) -> None:
    number.asks(kind=QuestionKind.ACCOUNT, details=Details(account="KZ**0100"))
    number.takes()
    [answer] = number.reads("5")
    assert isinstance(answer, QuestionAnswered)
    assert answer.answer == AccountConfirmed()


def test_what_does_not_concern_a_line_is_remarked(number: Number) -> None:
    assert number.hears(EntitlementRevoked(iin="850101300015", record_id="A")) == []
    assert number.remarks == ("registry.entitlement-revoked.v1 is nothing that a line waits for",)


def test_a_question_that_is_known_is_not_put_again(put: Number) -> None:
    before = put.line
    assert put.asks() == []
    assert put.line == before
    assert put.remarks == ("the question is known already",)


@pytest.mark.parametrize(
    ("event", "remark"),
    [
        (accepted(MessageId("other"), NOON), "a message was accepted that is not with the carrier"),
        (deferred(MessageId("other")), "a message was deferred that is not with the carrier"),
        (
            deferred(message_id_of(QuestionId("q")), attempt=2),
            "a message was deferred that is not with the carrier",
        ),
        (
            MessageInDoubt(message_id=MessageId("other"), phone=PHONE, attempt=1, at=NOON),
            "a message is in doubt that is not with the carrier",
        ),
        (
            MessageInDoubt(message_id=message_id_of(QuestionId("q")), phone=PHONE, attempt=2, at=NOON),
            "a message is in doubt that is not with the carrier",
        ),
        (
            MessageRejected(
                message_id=MessageId("other"), phone=PHONE, attempt=1, code=1, reason="", at=NOON
            ),
            "a message was rejected that is not with the carrier",
        ),
        (
            QuestionClosed(question_id=QuestionId("other"), phone=PHONE, closed_at=NOON),
            "a question was closed that this line does not know",
        ),
        (notice(NoticeKind.REMINDER, question_id="other"), "a reminder came for a question that is not open"),
    ],
)
def test_reports_of_what_is_not_there_change_nothing(number: Number, event: Event, remark: str) -> None:
    number.asks()
    before = number.line
    assert number.hears(event) == []
    assert number.line == before
    assert number.remarks == (remark,)


@pytest.mark.parametrize(
    "event",
    [deferred(MessageId("q")), MessageInDoubt(message_id=MessageId("q"), phone=PHONE, attempt=1, at=NOON)],
)
def test_reports_change_nothing_where_nothing_is_with_the_carrier(put: Number, event: Event) -> None:
    before = put.line
    assert put.hears(event) == []
    assert put.line == before


def test_a_status_of_nothing_known_is_remarked(put: Number) -> None:
    put.hears(status(Sid("SM-unknown"), "delivered"))
    assert put.remarks == ("a status came for an unknown message",)
    assert put.line.early == ()


def test_early_statuses_are_read_with_the_report_and_only_those_of_its_sid(number: Number) -> None:
    number.asks()
    number.hears(status(Sid("SM-other"), "failed"))
    number.hears(status(Sid("SM-1"), "undelivered", undeliverable=True))
    effects = number.hears(accepted(message_id_of(QuestionId("q")), NOON, sid="SM-1"))
    assert [type(effect) for effect in effects] == [QuestionSent, QuestionUndeliverable]
    assert number.line.deliveries[0].status == "undelivered"
    assert number.line.early == (), "no message is left that the other one could be of"


def test_early_statuses_are_kept_between_two_tries(number: Number) -> None:
    number.asks()
    number.hears(deferred(message_id_of(QuestionId("q"))))
    number.hears(status(Sid("SM-1"), "delivered"))
    assert [report.sid for report in number.line.early] == ["SM-1"]
    number.now += 5 * SECOND
    number.hears(status(Sid("SM-other"), "failed"))
    number.asks("q2", case="another")
    number.hears(accepted(message_id_of(QuestionId("q")), number.now, sid="SM-1"))
    assert number.line.deliveries[0].status == "delivered"


def test_undeliverable_is_told_with_code_and_instant(put: Number) -> None:
    [effect] = put.hears(status(put.line.deliveries[0].sid, "failed", undeliverable=True))
    assert effect == QuestionUndeliverable(
        question_id=QuestionId("q"),
        case_id=CaseId("case"),
        person_id=PersonId("person of case"),
        code=30005,
        at=NOON + SECOND,
    )


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        ("queued", "accepted", "queued"),
        ("sending", "queued", "sending"),
        ("sent", "sending", "sent"),
        ("sent", "delivered", "delivered"),
        ("delivered", "sent", "delivered"),
        ("delivered", "failed", "delivered"),
        ("failed", "delivered", "failed"),
        ("undelivered", "failed", "undelivered"),
        ("accepted", "unheard of", "accepted"),
    ],
)
def test_statuses_only_climb(put: Number, first: str, second: str, stands: str) -> None:
    sid = put.line.deliveries[0].sid
    put.hears(status(sid, first))
    put.hears(status(sid, second))
    assert put.line.deliveries[0].status == stands


def test_each_status_belongs_to_its_own_message(put: Number) -> None:
    put.hears(notice(NoticeKind.DECLINED))
    put.hears(accepted(MessageId("n"), NOON, sid="SM-n"))
    put.hears(status(Sid("SM-n"), "delivered"))
    assert [delivery.status for delivery in put.line.deliveries] == ["accepted", "delivered"]


def test_a_rejected_notice_is_remarked_and_gone(put: Number) -> None:
    put.hears(notice(NoticeKind.GRANTED))
    rejected = MessageRejected(message_id=MessageId("n"), phone=PHONE, attempt=1, code=1, reason="", at=NOON)
    assert put.hears(rejected) == []
    assert put.remarks == ("a notice was rejected by the carrier",)
    assert put.line.messages == ()


def test_a_rejected_question_is_undeliverable_with_its_code(number: Number) -> None:
    number.asks()
    rejected = MessageRejected(
        message_id=message_id_of(QuestionId("q")), phone=PHONE, attempt=1, code=21610, reason="", at=NOON
    )
    assert number.hears(rejected) == [
        QuestionUndeliverable(
            question_id=QuestionId("q"),
            case_id=CaseId("case"),
            person_id=PersonId("person of case"),
            code=21610,
            at=NOON,
        )
    ]


@pytest.mark.parametrize(
    ("attempt", "after", "delay"),
    [
        (1, None, 5),
        (2, None, 10),
        (3, None, 20),
        (6, None, 160),
        (7, None, 300),
        (8, None, 300),
        (2000, None, 300),
        (1, 0.0, 0),
        (3, 42.5, 42.5),
        (9, 1000.0, 1000),
    ],
)
def test_a_deferred_message_is_tried_again_later_and_later(
    attempt: int, after: float | None, delay: float
) -> None:
    number = Number(time_scale=2.0)
    number.asks()
    [message] = number.line.messages
    number.line = number.line.model_copy(
        update={"messages": (message.model_copy(update={"attempt": attempt}),)}
    )
    effects = number.hears(deferred(message.message_id, attempt, after))
    if delay == 0:
        [sent] = effects
        assert isinstance(sent, MessageToSend)
        assert sent.attempt == attempt + 1
        return
    assert effects == []
    wake = number.wake
    assert wake
    assert wake[0] == NOON + timedelta(seconds=2 * delay)
    number.now = wake[0]
    [sent] = number.hears(DeadlineElapsed(deadline="wake", version=wake[1], due=wake[0]))
    assert isinstance(sent, MessageToSend)
    assert (sent.attempt, sent.requested_at) == (attempt + 1, wake[0])
    assert number.wake is None


def test_a_lagging_clock_does_not_lose_the_waking(number: Number) -> None:
    number.asks()
    number.hears(deferred(message_id_of(QuestionId("q"))))
    wake = number.wake
    assert wake
    number.now = wake[0] - SECOND
    assert number.hears(DeadlineElapsed(deadline="wake", version=wake[1], due=wake[0]))


def test_a_message_taken_though_the_line_forgot_to_have_handed_it_over_is_taken(number: Number) -> None:
    number.now = NOON + timedelta(hours=12)
    number.asks()
    assert number.line.in_flight is None
    [sent] = number.takes()
    assert isinstance(sent, QuestionSent)
    assert number.line.messages == ()
    assert number.line.current
    assert number.line.current.put_at == number.now
