"""What becomes of a text that comes from a number: which question it answers, and what it is answered."""

from dataclasses import dataclass
from datetime import datetime

from schemas.ids import explanation_id_of
from schemas.messages import MessageReceived
from schemas.questions import (
    Decline,
    QuestionKind,
    QuestionNotUnderstood,
)
from sms.conversation import earlier_copies, redelivery
from sms.conversation.attribution import answer_of, answered_by, parse
from sms.conversation.line import Line, LineQuestion, Message
from sms.conversation.turn import Turn
from sms.reading.answers import read_offer

_EXPLANATIONS = 3


_KEPT_HEARD = 500


def take_text(turn: Turn, received: MessageReceived) -> None:
    """Keep a text that came. The same one comes again, and changes nothing then, unless it came earlier."""
    line = turn.line
    if received.sid in line.heard:
        earlier_copies.keep(turn, received)
        return
    turn.change(
        phone=received.phone,
        held_texts=(*line.held_texts, received),
        heard=(*line.heard, received.sid)[-_KEPT_HEARD:],
    )
    earlier_copies.note(turn, received)
    redelivery.handset_is_on(turn)


@dataclass(frozen=True, slots=True)
class Restored:
    """After a restore: questions that were put from `begins` on may not be known here yet, until `ends`."""

    begins: datetime
    ends: datetime

    def covers(self, instant: datetime) -> bool:
        """Whether it lies in between."""
        return self.begins <= instant < self.ends


def read_held(turn: Turn, restored: Restored | None = None) -> datetime | None:
    """Read the texts that came, unless a question is with the carrier, or may have left without our knowing.

    Nobody can tell before whether a text answers that question or the one before it. After a restore a text
    that answers no question yet may answer one that is still to be asked again: it waits for that, until the
    instant that is returned.
    """
    earlier_copies.decide(turn)
    line = turn.line
    if not line.held_texts:
        return None
    leaving = [line.question(each.question_id) for each in line.messages if each.asks and each.tried_at]
    if any(question is None or line.awaits_its_leaving(question, turn.now) for question in leaving):
        return None
    held, early = turn.line.held_texts, []
    turn.change(held_texts=())
    for received in held:
        if restored and restored.covers(turn.now) and _is_early(turn, received, restored):
            early.append(received)
            _obey_stop(turn, received)
        else:
            _read(turn, received)
    turn.change(held_texts=tuple(early))
    return restored.ends if early and restored else None


def _is_early(turn: Turn, received: MessageReceived, restored: Restored) -> bool:
    """Whether the text came in the time of which little is known, and no question is open that it answers."""
    if not restored.covers(received.received_at):
        return False
    put = turn.line.put_by(received.received_at)
    if not put or put[0].answered or not put[0].open_at(received.received_at):
        return True
    return parse(put[0], received.text) is None


def _read(turn: Turn, received: MessageReceived) -> None:
    """The text belongs to the question that was put last when the carrier received it."""
    _obey_stop(turn, received)
    put = turn.line.put_by(received.received_at)
    if not put:
        turn.remarks.append("a text came from a number that was asked nothing")
        return
    if put[0].is_purged:
        turn.remarks.append("a text came to a question whose case is purged")
        return
    question = answered_by(put, received)
    closed = not question.open_at(received.received_at)
    answer = parse(question, received.text)
    earlier_copies.note_read(turn, received, question, answer)
    current = turn.line.current
    open_now = current is not None and current.question_id == question.question_id and not question.answered
    if answer is None and not closed:
        if open_now:
            _explain(turn, question, received)
        else:
            # It may have come before an answer that was too late: that was not silence.
            turn.remarks.append("a text after the answer was not understood")
            if not _is_echo(turn.line, question, received.text):
                _tell_not_understood(turn, question, received)
        return
    turn.effects.append(answer_of(question, received))
    if isinstance(answer, Decline) and not closed and question.kind is not QuestionKind.OFFER:
        # What is written next may take the "no" back, whether or not the case has read it by then.
        question = turn.update(question, denied_at=received.received_at)
    if answer and open_now and not closed:
        turn.update(question, answered=True)
        turn.drop(lambda message: message.question_id == question.question_id)


def _obey_stop(turn: Turn, received: MessageReceived) -> None:
    """STOP is said by the number, whoever was asked last."""
    match read_offer(received.text):
        case Decline(stop=True):
            redelivery.stop(turn, received.received_at)
        case _:
            pass


def _explain(turn: Turn, question: LineQuestion, received: MessageReceived) -> None:
    """Say how to answer, at most three times a question. The term is not moved (R6).

    What answers an earlier question of the case (a "1" sent twice) is no answer that is not understood: it is
    explained once, and not counted.
    """
    if _is_echo(turn.line, question, received.text):
        if question.echoed:
            turn.remarks.append("an answer of an earlier question came again")
            return
        turn.update(question, echoed=True)
        number = "echo"
    else:
        _tell_not_understood(turn, question, received)
        if question.explained >= _EXPLANATIONS:
            turn.remarks.append("the question was explained often enough")
            return
        number = str(turn.update(question, explained=question.explained + 1).explained)
    turn.say(
        Message(
            message_id=explanation_id_of(question.question_id, number),
            text=turn.texts.explanation(question.kind, question.language, question.details),
            prompted_at=received.received_at,
            case_id=question.case_id,
            person_id=question.person_id,
            question_id=question.question_id,
        )
    )


def _tell_not_understood(turn: Turn, question: LineQuestion, received: MessageReceived) -> None:
    """Tell the case that somebody answers, without what the text says."""
    turn.effects.append(
        QuestionNotUnderstood(
            question_id=question.question_id,
            case_id=question.case_id,
            person_id=question.person_id,
            message_id=received.sid,
            received_at=received.received_at,
        )
    )


def _is_echo(line: Line, question: LineQuestion, text: str) -> bool:
    """Whether the text answers an earlier question of the case, of another kind."""
    earlier = [each for each in line.past if each.case_id == question.case_id and each.kind != question.kind]
    return any(parse(each, text) for each in earlier)
