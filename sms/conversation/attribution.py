"""Which of a number's questions a text answers, pure."""

from collections.abc import Sequence

from schemas.messages import MessageReceived
from schemas.questions import Answer, Consent, QuestionAnswered, QuestionNotAnswered
from sms.conversation.line import LineQuestion
from sms.reading.answers import read_answer


def parse(question: LineQuestion, text: str) -> Answer | None:
    """What a text says to a question; None where it is not understood."""
    return read_answer(question.kind, text, shown=question.details.account)


def answered_by(put: Sequence[LineQuestion], received: MessageReceived) -> LineQuestion:
    """The question that a text answers, of those that had been put when it was received, the last first.

    It is the last, or the offer that a text consents to where the last is closed: a "no" is taken back so.
    Nothing else answers a question that was not put last: a bare "нет" may mean what was put after it. An
    offer whose term is over as far as is known here may turn out to have left later; the case decides that.
    """
    at, last = received.received_at, put[0]
    if last.open_at(at):
        return last
    same = [each for each in put if each.case_id == last.case_id]
    offers = [each for each in same if isinstance(parse(each, received.text), Consent)]
    return min(offers, key=lambda offer: not offer.open_at(at), default=last)


def answer_of(question: LineQuestion, received: MessageReceived) -> QuestionAnswered:
    """What the case is told of a text that belongs to this question; its answer is None if not understood."""
    return QuestionAnswered(
        question_id=question.question_id,
        case_id=question.case_id,
        person_id=question.person_id,
        answer=parse(question, received.text),
        text=received.text,
        message_id=received.sid,
        received_at=received.received_at,
    )


def no_answer_of(question: LineQuestion, received: MessageReceived) -> QuestionNotAnswered:
    """What the case is told of a text that it was told of for this question, and that is no answer to it."""
    return QuestionNotAnswered(
        question_id=question.question_id,
        case_id=question.case_id,
        person_id=question.person_id,
        message_id=received.sid,
        received_at=received.received_at,
    )
