"""Asking the SMS API when it sent a question's message, pure.

Twilio tells that in the message itself and nowhere else, and mostly only after it has reported a status that
says that the message left; an operator's receipt may tell it. What can't be asked now is asked again, later
and later, and then given up: the term runs from the acceptance.
"""

from datetime import datetime, timedelta

from schemas.messages import DeliveryStatus, MessageStatusReported, SentTimeTold, SentTimeWanted
from schemas.questions import QuestionSentTime
from sms.backoff import backoff
from sms.conversation.line import Delivery, Inquiry
from sms.conversation.turn import Turn

# Statuses of a message that has left the API.
_LEFT: frozenset[DeliveryStatus] = frozenset(("sent", "delivered", "undelivered"))
_MOST_ATTEMPTS = 7
_FIRST_DELAY = 15.0
_GROWTH = 4


def may_ask(delivery: Delivery, report: MessageStatusReported) -> bool:
    """Whether this report is the first that says that the message left, and its sent time is not known."""
    return report.status in _LEFT and delivery.status not in _LEFT and not delivery.told


def begin(turn: Turn, delivery: Delivery, report: MessageStatusReported) -> dict[str, object]:
    """Ask for the sent time, or take it from the report where it tells one; what changes in the delivery."""
    if report.sent_at is None:
        return {"inquiry": Inquiry(left_by=report.at, next_at=turn.now)}
    _tell(turn, delivery, min(report.sent_at, report.at))
    return {"told": True}


def ask(turn: Turn) -> datetime | None:
    """Ask for what is due, and return when there is more to ask."""
    for delivery in turn.line.deliveries:
        inquiry = delivery.inquiry
        if inquiry and inquiry.next_at and inquiry.next_at <= turn.now:
            asked = inquiry.with_(attempt=inquiry.attempt + 1, next_at=None)
            turn.note_delivery(delivery, inquiry=asked)
            turn.effects.append(
                SentTimeWanted(sid=delivery.sid, phone=turn.line.phone or "", attempt=asked.attempt)
            )
    inquiries = [delivery.inquiry for delivery in turn.line.deliveries if delivery.inquiry]
    return min((inquiry.next_at for inquiry in inquiries if inquiry.next_at), default=None)


def told(turn: Turn, report: SentTimeTold, time_scale: float) -> None:
    """Tell the case when its question was sent, or ask again later. `time_scale` makes delays virtual."""
    found = [delivery for delivery in turn.line.deliveries if delivery.sid == report.sid]
    delivery, inquiry = (found[0], found[0].inquiry) if found else (None, None)
    if delivery is None or inquiry is None or report.attempt != inquiry.attempt:
        turn.remarks.append("a sent time came that nobody waits for")
        return
    if report.sent_at is not None:
        turn.note_delivery(delivery, inquiry=None, told=True)
        # However wrong the API's clock is: the message had left when it reported so.
        _tell(turn, delivery, min(report.sent_at, inquiry.left_by))
    elif inquiry.attempt < _MOST_ATTEMPTS:
        seconds = backoff(_FIRST_DELAY, inquiry.attempt - 1, growth=_GROWTH)
        next_at = turn.now + timedelta(seconds=seconds * time_scale)
        turn.note_delivery(delivery, inquiry=inquiry.with_(next_at=next_at))
    else:
        turn.note_delivery(delivery, inquiry=None)
        turn.remarks.append("a sent time was asked for in vain: the acceptance stands")


def _tell(turn: Turn, delivery: Delivery, sent_at: datetime) -> None:
    question = turn.line.question(delivery.asked)
    if question is None:
        turn.remarks.append("a sent time came of a question that the line has forgotten")
        return
    turn.effects.append(
        QuestionSentTime(
            question_id=question.question_id,
            case_id=question.case_id,
            person_id=question.person_id,
            message_id=delivery.message_id,
            sent_at=sent_at,
        )
    )
