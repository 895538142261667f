"""What becomes of a message that the carrier accepted and that did not reach its number, pure.

A handset may be off: the message is sent again, later and later, until 72 hours after its first try. A fault
of ours holds the sender's queue and is no matter of the citizen's. A number that wants nothing from our
sender is asked again each morning of those hours. A sending that failed starts no term (R6).
"""

from datetime import datetime, timedelta

from schemas.happening import derived_id
from schemas.sms import (
    Failure,
    MessageStatusReported,
    NoticeKind,
    QuestionNotReached,
    QuestionUndeliverable,
    SenderHeld,
)
from sms.exchange import Exchange, message_of
from sms.hours import next_morning
from sms.line import Delivery, LineQuestion, Message

NOT_DELIVERED = frozenset(("undelivered", "failed", "canceled"))
_FIRST_DELAY = timedelta(minutes=15)
_LONGEST_DELAY = timedelta(hours=8)
_GROWTH = 4
_MOST_GROWTH = 3


def failure_of(report: MessageStatusReported) -> Failure | None:
    """Why the message did not reach its number, or None where that is not what is reported."""
    if report.status not in NOT_DELIVERED:
        return None
    if report.failure is None:
        # As it was told before there were kinds of failure.
        return "permanent" if report.undeliverable else "passing"
    return report.failure


def not_delivered(
    exchange: Exchange, delivery: Delivery, failure: Failure, report: MessageStatusReported, keep: timedelta
) -> None:
    """An accepted message failed. `keep` is how long after its first try it is sent again."""
    if failure == "ours":
        exchange.effects.append(SenderHeld(phone=report.phone, code=report.error_code, at=report.at))
    question = exchange.line.question(delivery.asked)
    if question and question.answered:
        exchange.remarks.append("a question was answered that is said not to have reached")
        return
    if question and failure == "permanent":
        undeliverable(exchange, question, report.error_code, report.at)
        return
    if question:
        _not_reached(exchange, question, delivery, report)
    message = delivery.message or _of_open_question(exchange, question, delivery)
    if message is None or failure == "permanent":
        exchange.remarks.append("a message did not reach its number, and is not sent again")
    else:
        again(exchange, message, failure, report.error_code, keep)


def _of_open_question(
    exchange: Exchange, question: LineQuestion | None, delivery: Delivery
) -> Message | None:
    """What puts a question that is open still, however long ago it left: nothing of it is kept then."""
    current = exchange.line.current
    if question is None or question != current or question.closed_at:
        return None
    sent = {"message_id": delivery.message_id or message_of(question).message_id, "tried_at": question.put_at}
    return message_of(question).model_copy(update=sent)


def again(exchange: Exchange, message: Message, failure: Failure, code: int | None, keep: timedelta) -> None:
    """Queue the message once more, under another id: the carrier takes a message once."""
    question = exchange.line.question(message.question_id) if message.asks else None
    first_tried_at = message.first_tried_at or message.tried_at or exchange.now
    until = first_tried_at + keep
    match failure:
        case "opted_out":
            retry_at = stop(exchange, exchange.now)
            over = question is None or retry_at > until
        case "ours":
            retry_at, over = exchange.now + _delay(message), False
        case _:
            retry_at, over = min(exchange.now + _delay(message), until), exchange.now >= until
    if over and question:
        undeliverable(exchange, question, code, exchange.now, opted_out=failure == "opted_out")
    if over:
        exchange.remarks.append("a message is not sent again")
        return
    exchange.say(
        message.model_copy(
            update={
                "message_id": derived_id(message.message_id, "again"),
                "attempt": 0,
                "tried_at": None,
                "handed_at": None,
                "retry_at": retry_at,
                "resent": message.resent + 1,
                "first_tried_at": first_tried_at,
                "alone": True,
            }
        ),
        first=message.asks,
    )


def stop(exchange: Exchange, said_at: datetime) -> datetime:
    """The number wants nothing: new offers on it wait for the next day's morning, which is returned."""
    morning = next_morning(said_at)
    known = exchange.line.stopped_until
    exchange.change(stopped_until=max(known, morning) if known else morning)
    return morning


def handset_is_on(exchange: Exchange) -> None:
    """A text came: what waits because it did not reach the number need not wait any longer."""
    for message in exchange.line.messages:
        if message.resent and message.retry_at and not message.handed_at:
            exchange.replace(message, message.model_copy(update={"retry_at": exchange.now}))


def forget_old(exchange: Exchange, keep: timedelta) -> None:
    """What was sent so long ago is not sent again, whatever is reported of it."""
    before = exchange.now - keep
    kept = tuple(
        known.model_copy(update={"message": None})
        if known.message and (known.message.tried_at or before) <= before
        else known
        for known in exchange.line.deliveries
    )
    exchange.change(deliveries=kept)


def undeliverable(
    exchange: Exchange, question: LineQuestion, code: int | None, at: datetime, *, opted_out: bool = False
) -> None:
    """Tell the case that its question can't reach the number."""
    exchange.effects.append(
        QuestionUndeliverable(
            question_id=question.question_id,
            case_id=question.case_id,
            person_id=question.person_id,
            code=code,
            opted_out=opted_out,
            at=at,
        )
    )


def _not_reached(
    exchange: Exchange, question: LineQuestion, delivery: Delivery, report: MessageStatusReported
) -> None:
    """Tell the case. A reminder speaks of the term that was none: it is sent no more, nor sent again."""
    exchange.drop(
        lambda message: message.question_id == question.question_id and message.notice is NoticeKind.REMINDER
    )
    exchange.effects.append(
        QuestionNotReached(
            question_id=question.question_id,
            case_id=question.case_id,
            person_id=question.person_id,
            message_id=delivery.message_id or derived_id(question.question_id, "message"),
            code=report.error_code,
            at=report.at,
        )
    )


def _delay(message: Message) -> timedelta:
    growth: int = _GROWTH ** min(message.resent, _MOST_GROWTH)
    return min(_FIRST_DELAY * growth, _LONGEST_DELAY)
