"""The conversation on one phone number, pure: one event in, the changed line and the effects out.

One question is open at a time, because families share phones; the others wait behind it. A text belongs to
the question that was put last when the carrier received it. What an answer means for a case is not decided
here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.base import Event
from schemas.deadlines import Deadline, DeadlineElapsed
from schemas.ids import CaseId
from schemas.messages import (
    DAILY_NUMBER,
    UNKNOWN_CODE,
    MessageAccepted,
    MessageDeferred,
    MessageGivenUp,
    MessageInDoubt,
    MessageReceived,
    MessageRejected,
    MessageStatusReported,
    SentTimeTold,
    climbs,
)
from schemas.operators import OperatorActed
from schemas.questions import (
    CasePurged,
    NoticeKind,
    NoticeRequested,
    PersonWithdrawn,
    QuestionAsked,
    QuestionClosed,
    QuestionKind,
)
from schemas.received import ReceivedEvent
from schemas.turned import Turned
from sms.backoff import backoff
from sms.conversation import doubt, redelivery
from sms.conversation import sent_time_inquiry as inquiries
from sms.conversation.forgetting import forget, purge
from sms.conversation.hours import SendingHours
from sms.conversation.leaving import left
from sms.conversation.line import Delivery, Line, LineQuestion, Message
from sms.conversation.texts_received import Restored, read_held, take_text
from sms.conversation.turn import Turn
from sms.texts import Texts

_KEPT_DELIVERIES = 40
_KEPT_REQUESTS = 24
_FIRST_DELAY = 5.0
_LONGEST_DELAY = 300.0
_OUTDATED = (
    NoticeKind.NO_REPLY,
    NoticeKind.NOT_UNDERSTOOD,
    NoticeKind.DECLINED,
    NoticeKind.WITHDRAWN,
    NoticeKind.ANSWERED_LATE,
    NoticeKind.REVOKED,
    NoticeKind.ALREADY_RECEIVING,
    NoticeKind.ANOTHER_GROUND,
)
_BESIDE_A_HEARING = (NoticeKind.TERM_EXTENDED, NoticeKind.REMINDER)
_UNTIL = (NoticeKind.REMINDER, NoticeKind.DECLINED)
"""What names an instant, "ends soon" or "may be taken back until", and is not repeated after it."""


@dataclass(frozen=True, slots=True)
class LinePolicy:
    """`texts` are what citizens are sent. `hours` in which unasked messages may go out; None: at any time.

    `keep_trying` is how long after its first try a message is sent again that did not reach its number.
    `time_scale` turns real delays into virtual ones. `restored`: the system was brought back from a backup.
    """

    texts: Texts
    hours: SendingHours | None = None
    keep_trying: timedelta = timedelta(hours=72)
    time_scale: float = 1.0
    restored: Restored | None = None


def converse(line: Line, event: ReceivedEvent, now: datetime, policy: LinePolicy) -> Turned[Line]:
    """Apply one event. `now` is the present instant in UTC.

    What the event does follows from the line and the event's own instant, however late it is read: a worker
    may die after its effects left and before the line was written, and the next one must do the same again.
    The present only says when that was.
    """
    instant = event.time
    if isinstance(event.data, DeadlineElapsed):
        instant = max(instant, event.data.due)
    # What is told has come, even if this worker's clock lags behind the one that told it.
    turn = Turn(line, event.id, instant, max(now, instant), policy.texts, policy.hours)
    handle = _HANDLERS.get(type(event.data))
    if handle:
        handle(turn, event.data, policy)
    else:
        turn.remarks.append(f"{event.name} is nothing that a line waits for")
    early = read_held(turn, policy.restored)
    opening = turn.open_next()
    turn.wake(early, opening, turn.hand_over(), inquiries.ask(turn), forget(turn, policy.keep_trying))
    return Turned(turn.line, tuple(turn.effects), tuple(turn.remarks))


def deadlines(line: Line) -> Sequence[Deadline]:
    """When the line must be woken, if at all."""
    return [Deadline(line.wake_at, "wake", line.wakes)] if line.wake_at else []


def _asked(turn: Turn, asked: QuestionAsked, _policy: LinePolicy) -> None:
    """Put a question, or keep it behind the open one. The next question of an answered case goes first."""
    turn.change(phone=asked.phone)
    if turn.line.question(asked.question_id) or not _first_time(turn, asked.question_id):
        turn.remarks.append("the question is known already")
        return
    _supersede(turn, asked.case_id)
    question = LineQuestion(
        question_id=asked.question_id,
        case_id=asked.case_id,
        person_id=asked.person_id,
        kind=asked.kind,
        language=asked.language,
        details=asked.details,
        prompted_at=asked.prompted_at,
    )
    current = turn.line.current
    if current and current.answered and current.case_id == asked.case_id:
        turn.retire()
        turn.make_current(question)
    elif current and asked.prompted_at and _gives_way(turn, current):
        turn.step_back()
        turn.make_current(question)
    elif asked.prompted_at:
        turn.change(waiting=(question, *turn.line.waiting))
    else:
        turn.change(waiting=(*turn.line.waiting, question))


def _gives_way(turn: Turn, current: LineQuestion) -> bool:
    """Whether the open question is an offer that was never handed over: who has just answered goes first."""
    message = next((each for each in turn.line.messages if each.question_id == current.question_id), None)
    unsent = message is not None and message.asks and not (message.attempt or message.resent)
    return current.kind is QuestionKind.OFFER and current.put_at is None and unsent


def _closed(turn: Turn, closed: QuestionClosed, _policy: LinePolicy) -> None:
    """The question awaits no answer any longer; what was still to be said about it is not said.

    What a "no" has closed stays closed from then on. An offer's end may move, as long as a "no" can be taken
    back.
    """
    question = turn.line.question(closed.question_id)
    if question is None:
        turn.remarks.append("a question was closed that this line does not know")
        return
    earlier = question.closed_at if question.kind is not QuestionKind.OFFER else None
    if earlier is None or closed.closed_at < earlier:
        turn.update(question, closed_at=closed.closed_at, closed_by=closed.closed_by)
    elif closed.closed_at == earlier:
        turn.update(question, closed_by=closed.closed_by or question.closed_by)
    turn.drop(lambda message: message.question_id == closed.question_id)
    current = turn.line.current
    if current and current.question_id == closed.question_id:
        turn.retire()
    else:
        _forget_waiting(turn, lambda known: known.question_id == closed.question_id)


def _forget_waiting(turn: Turn, unwanted: Callable[[LineQuestion], bool]) -> None:
    turn.change(waiting=tuple(known for known in turn.line.waiting if not unwanted(known)))


def _notice(turn: Turn, notice: NoticeRequested, _policy: LinePolicy) -> None:
    """Queue a notice. A reminder of a question that is not open, or is to be put again, is not sent."""
    turn.change(phone=notice.phone)
    if notice.kind is NoticeKind.REMINDER:
        if any(each.asks and each.question_id == notice.question_id for each in turn.line.messages):
            turn.remarks.append("a reminder came for a question that has not reached its number")
            return
        current = turn.line.current
        if current is None or current.question_id != notice.question_id or current.answered:
            turn.remarks.append("a reminder came for a question that is not open")
            return
    if not _first_time(turn, notice.notice_id):
        turn.remarks.append("the notice is known already")
        return
    _supersede(turn, notice.case_id, notice.kind)
    turn.say(
        Message(
            message_id=notice.notice_id,
            text=turn.texts.notice(notice.kind, notice.language, notice.details),
            prompted_at=notice.prompted_at,
            case_id=notice.case_id,
            person_id=notice.person_id,
            question_id=notice.question_id,
            until=notice.details.until if notice.kind in _UNTIL else None,
            notice=notice.kind,
        )
    )


def _first_time(turn: Turn, id_: str) -> bool:
    """Note that this was asked for; whether it is for the first time."""
    if id_ in turn.line.requested:
        return False
    turn.change(requested=(*turn.line.requested, id_)[-_KEPT_REQUESTS:])
    return True


def _supersede(turn: Turn, case_id: CaseId, by: NoticeKind | None = None) -> None:
    """Newer word of a case takes the place of an ending, or a hearing, that still waits for the morning."""
    hearing = () if by in _BESIDE_A_HEARING else (NoticeKind.HEARING,)
    outdated = (*_OUTDATED, *hearing)
    turn.drop(lambda message: message.case_id == case_id and message.notice in outdated)


def _withdrawn(turn: Turn, withdrawn: PersonWithdrawn, _policy: LinePolicy) -> None:
    """Nothing more goes out for this person: they died, or the number is no longer theirs (R2).

    Told again, long after, it says nothing of what was asked when the number was theirs once more.
    """
    if not _first_time(turn, turn.event_id):
        turn.remarks.append("the withdrawal is known already")
        return
    person_id = withdrawn.person_id
    turn.drop(lambda message: message.person_id == person_id)
    _forget_waiting(turn, lambda known: known.person_id == person_id)
    current = turn.line.current
    if current and current.person_id == person_id:
        if current.closed_at is None:
            turn.update(current, closed_at=withdrawn.at)
        turn.retire()


def _purged(turn: Turn, purged: CasePurged, _policy: LinePolicy) -> None:
    purge(turn, purged)


def _accepted(turn: Turn, accepted: MessageAccepted, policy: LinePolicy) -> None:
    """The carrier took the message: if it puts a question, the question's term starts here (R6).

    It may be one that this line does not know to be with the carrier: a worker that died may have handed it
    over without being able to write that down.
    """
    message = turn.line.message(accepted.message_id)
    if message is None:
        turn.remarks.append("a message was accepted that is not with the carrier")
        return
    delivery = Delivery(
        sid=accepted.sid,
        asked=message.question_id if message.asks else None,
        told=accepted.sent_at is not None,
        message_id=message.message_id,
        message=None if message.unwanted else message,
    )
    turn.change(deliveries=(*turn.line.deliveries, delivery)[-_KEPT_DELIVERIES:])
    left(
        turn,
        message,
        accepted.accepted_at,
        sent_at=accepted.sent_at,
        carrier=accepted.carrier,
        sender=accepted.sender,
    )
    early = [report for report in turn.line.early if report.sid == accepted.sid]
    turn.change(early=tuple(report for report in turn.line.early if report.sid != accepted.sid))
    for report in early:
        _climb(turn, report, policy)


def _deferred(turn: Turn, deferred: MessageDeferred, policy: LinePolicy) -> None:
    """The carrier gave the message back. It keeps its place, and no term starts (R6).

    Where it surely has not left, what was put before it goes on being answered.
    """
    message = turn.line.in_flight
    if message is None or (message.message_id, message.attempt) != (deferred.message_id, deferred.attempt):
        turn.remarks.append("a message was deferred that is not with the carrier")
        return
    if deferred.may_have_left:
        message = _may_have_left(message, deferred.tried_at)
    else:
        message = message.with_(tried_at=None, returned_at=deferred.at, doubted_at=None, unsent_before=None)
    alone = message.alone or deferred.reason in (UNKNOWN_CODE, DAILY_NUMBER)
    _retry(turn, message.with_(alone=alone), deferred.retry_after_seconds, policy)


def _may_have_left(message: Message, since: datetime | None) -> Message:
    """A message that may be with the SMS API since then: a worker that died may have handed it over first."""
    if since is None or message.tried_at is None:
        return message
    since = max(since, message.returned_at or since)
    return message.with_(tried_at=min(since, message.tried_at))


def _in_doubt(turn: Turn, told: MessageInDoubt, policy: LinePolicy) -> None:
    """Nobody can tell whether the message left. It is looked up again later, never simply sent again.

    In the meantime an operator may say what became of it.
    """
    message = turn.line.in_flight
    if message is None or (message.message_id, message.attempt) != (told.message_id, told.attempt):
        turn.remarks.append("a message is in doubt that is not with the carrier")
        return
    message = _may_have_left(message, told.tried_at).with_(doubted_at=told.at)
    _retry(turn, message, _LONGEST_DELAY, policy)


def _acted(turn: Turn, acted: OperatorActed, _policy: LinePolicy) -> None:
    doubt.settle(turn, acted)


def _retry(turn: Turn, message: Message, after: float | None, policy: LinePolicy) -> None:
    if message.unwanted:
        turn.give_up(message)
        return
    delay = after if after is not None else backoff(_FIRST_DELAY, message.attempt - 1, _LONGEST_DELAY)
    retry_at = turn.now + timedelta(seconds=delay * policy.time_scale)
    turn.replace(message, message.with_(handed_at=None, retry_at=retry_at))


def _rejected(turn: Turn, rejected: MessageRejected, policy: LinePolicy) -> None:
    """The carrier refused the message for good: a question can't reach its number.

    A number that has opted out is no such number: somebody may want to be asked there tomorrow.
    """
    message = turn.line.message(rejected.message_id)
    if message is None:
        turn.remarks.append("a message was rejected that is not with the carrier")
        return
    turn.replace(message)
    question = turn.line.question(message.question_id) if message.asks else None
    if rejected.opted_out and not message.unwanted:
        redelivery.again(turn, message, "opted_out", rejected.code, policy.keep_trying)
    elif question:
        redelivery.undeliverable(turn, question, rejected.code, rejected.at)
    else:
        turn.remarks.append("a notice was rejected by the carrier")


def _status(turn: Turn, report: MessageStatusReported, policy: LinePolicy) -> None:
    if any(delivery.sid == report.sid for delivery in turn.line.deliveries):
        _climb(turn, report, policy)
    elif any(message.attempt for message in turn.line.messages):
        # The callback overtook the carrier's own report; it is read when that comes.
        turn.change(early=(*turn.line.early, report)[-_KEPT_DELIVERIES:])
    else:
        turn.remarks.append("a status came for an unknown message")


def _climb(turn: Turn, report: MessageStatusReported, policy: LinePolicy) -> None:
    """Statuses come in any order: they only climb, and the first final one stands.

    When one first says that a question left, the SMS API is asked when that was.
    """
    failure = redelivery.failure_of(report)
    for delivery in turn.line.deliveries:
        if delivery.sid != report.sid or not climbs(report.status, delivery.status):
            continue
        changes: dict[str, object] = {"status": report.status}
        if failure or report.status == "delivered":
            changes["message"] = None
        if failure:
            changes["inquiry"] = None
        elif turn.line.question(delivery.asked) and inquiries.may_ask(delivery, report):
            changes |= inquiries.begin(turn, delivery, report)
        turn.note_delivery(delivery, **changes)
        if failure:
            redelivery.not_delivered(turn, delivery, failure, report, policy.keep_trying)


def _sent_time(turn: Turn, told: SentTimeTold, policy: LinePolicy) -> None:
    inquiries.told(turn, told, policy.time_scale)


def _received(turn: Turn, received: MessageReceived, _policy: LinePolicy) -> None:
    take_text(turn, received)


def _given_up(_turn: Turn, _given_up: MessageGivenUp, _policy: LinePolicy) -> None:
    """It was this line that said so, for whoever follows the doubts."""


def _wake(_turn: Turn, _elapsed: DeadlineElapsed, _policy: LinePolicy) -> None:
    """Nothing but the hour has changed; what is due is handed over as after every event."""


_HANDLERS: dict[type[Event], Callable[[Turn, Any, LinePolicy], None]] = {
    QuestionAsked: _asked,
    QuestionClosed: _closed,
    NoticeRequested: _notice,
    PersonWithdrawn: _withdrawn,
    CasePurged: _purged,
    MessageAccepted: _accepted,
    MessageDeferred: _deferred,
    MessageInDoubt: _in_doubt,
    MessageGivenUp: _given_up,
    OperatorActed: _acted,
    MessageRejected: _rejected,
    MessageStatusReported: _status,
    SentTimeTold: _sent_time,
    MessageReceived: _received,
    DeadlineElapsed: _wake,
}
