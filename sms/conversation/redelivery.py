"""What becomes of a message that the carrier accepted and that did not reach its number, pure.

A handset may be off: the message is sent again, later and later, until the hours of JARDEM_DELIVERY_HOURS
after its first try are over. A fault of ours holds the sender's queue and is no matter of the citizen's: it
uses up none of those hours. A number that wants nothing from our sender is asked again each morning of those
hours. A sending that failed starts no term (R6).
"""

from datetime import datetime, timedelta

from schemas.ids import message_id_of, resent_id_of
from schemas.messages import NOT_DELIVERED, Failure, MessageStatusReported, SenderHeld
from schemas.questions import NoticeKind, QuestionNotReached, QuestionUndeliverable
from sms.backoff import backoff
from sms.conversation.hours import next_morning
from sms.conversation.line import Delivery, LineQuestion, Message
from sms.conversation.turn import Turn

_FIRST_DELAY = timedelta(minutes=15)
_LONGEST_DELAY = timedelta(hours=8)
_GROWTH = 4


def failure_of(report: MessageStatusReported) -> Failure | None:
    """Why the message did not reach its number, or None where that is not what is reported."""
    if report.status not in NOT_DELIVERED:
        return None
    if report.failure is None:
        # As it was told before there were kinds of failure.
        return "permanent" if report.undeliverable else "passing"
    return report.failure


def not_delivered(
    turn: Turn, delivery: Delivery, failure: Failure, report: MessageStatusReported, keep: timedelta
) -> None:
    """An accepted message failed. `keep` is how long after its first try it is sent again."""
    if failure == "ours":
        turn.effects.append(SenderHeld(phone=report.phone, code=report.error_code, at=report.at))
    question = turn.line.question(delivery.asked)
    if question and question.answered:
        turn.remarks.append("a question was answered that is said not to have reached")
        return
    if question and failure == "permanent":
        undeliverable(turn, question, report.error_code, report.at)
        return
    if question:
        question = turn.update(question, unreached_at=turn.now, again_at=None)
        _not_reached(turn, question, delivery, report)
    message = delivery.message or _of_open_question(turn, question, delivery)
    if message is None or failure == "permanent":
        turn.remarks.append("a message did not reach its number, and is not sent again")
    else:
        again(turn, message, failure, report.error_code, keep)


def _of_open_question(turn: Turn, question: LineQuestion | None, delivery: Delivery) -> Message | None:
    """What puts a question that is open still, however long ago it left: nothing of it is kept then."""
    current = turn.line.current
    if question is None or question != current or question.closed_at or question.denied_at:
        return None
    message = turn.message_of(question)
    return message.with_(message_id=delivery.message_id or message.message_id, tried_at=question.put_at)


def again(turn: Turn, message: Message, failure: Failure, code: int | None, keep: timedelta) -> None:
    """Queue the message once more, under another id: the carrier takes a message once."""
    question = turn.line.question(message.question_id) if message.asks else None
    first_tried_at = message.first_tried_at or message.tried_at or turn.now
    until = first_tried_at + keep
    # While the fault was ours nobody has tried the number: its hours begin with the next sending.
    tried_since = None if failure == "ours" else first_tried_at
    match failure:
        case "opted_out":
            retry_at = stop(turn, turn.now)
            over = question is None or retry_at > until
        case "ours":
            retry_at, over = turn.now + _delay(message), False
        case _:
            retry_at, over = min(turn.now + _delay(message), until), turn.now >= until
    over = over or _invites_another(turn, message)
    if over and question:
        undeliverable(turn, question, code, turn.now, opted_out=failure == "opted_out")
    if over:
        turn.remarks.append("a message is not sent again")
        return
    turn.say(
        message.with_(
            message_id=resent_id_of(message.message_id),
            attempt=0,
            tried_at=None,
            handed_at=None,
            retry_at=retry_at,
            doubted_at=None,
            unsent_before=None,
            resent=message.resent + 1,
            first_tried_at=tried_since,
            alone=True,
        ),
        first=message.asks,
    )


def _invites_another(turn: Turn, message: Message) -> bool:
    """Whether it says how to take a "no" back, while a text answers what was put since."""
    since, line = message.first_tried_at or message.tried_at, turn.line
    put = [*line.past, *([line.current] if line.current else [])]
    others = [each for each in put if each.case_id != message.case_id and each.put_at]
    later = any(since is None or each.put_at >= since for each in others if each.put_at)
    return message.notice is NoticeKind.DECLINED and later


def stop(turn: Turn, said_at: datetime) -> datetime:
    """The number wants nothing: new offers on it wait for the next day's morning, which is returned."""
    morning = next_morning(said_at)
    known = turn.line.stopped_until
    turn.change(stopped_until=max(known, morning) if known else morning)
    return morning


def handset_is_on(turn: Turn) -> None:
    """A text came: what waits because it did not reach the number need not wait any longer."""
    for message in turn.line.messages:
        if message.resent and message.retry_at and not message.handed_at:
            turn.replace(message, message.with_(retry_at=turn.now))


def forget_old(turn: Turn, keep: timedelta) -> None:
    """What was sent so long ago is not sent again, whatever is reported of it."""
    before = turn.now - keep
    kept = tuple(
        known.with_(message=None) if known.message and (known.message.tried_at or before) <= before else known
        for known in turn.line.deliveries
    )
    turn.change(deliveries=kept)


def undeliverable(
    turn: Turn, question: LineQuestion, code: int | None, at: datetime, *, opted_out: bool = False
) -> None:
    """Tell the case that its question can't reach the number."""
    turn.effects.append(
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
    turn: Turn, question: LineQuestion, delivery: Delivery, report: MessageStatusReported
) -> None:
    """Tell the case. A reminder speaks of the term that was none: it is sent no more, nor sent again."""
    turn.drop(
        lambda message: message.question_id == question.question_id and message.notice is NoticeKind.REMINDER
    )
    turn.effects.append(
        QuestionNotReached(
            question_id=question.question_id,
            case_id=question.case_id,
            person_id=question.person_id,
            message_id=delivery.message_id or message_id_of(question.question_id),
            code=report.error_code,
            at=report.at,
        )
    )


def _delay(message: Message) -> timedelta:
    first, longest = _FIRST_DELAY.total_seconds(), _LONGEST_DELAY.total_seconds()
    return timedelta(seconds=backoff(first, message.resent, longest, _GROWTH))
