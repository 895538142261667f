"""What follows from a message's having left, whoever says so: the carrier, or an operator, pure."""

from datetime import datetime

from schemas.questions import QuestionSent
from sms.conversation.line import Message
from sms.conversation.turn import Turn


def left(
    turn: Turn,
    message: Message,
    accepted_at: datetime,
    *,
    sent_at: datetime | None = None,
    carrier: str | None = None,
    sender: str | None = None,
) -> None:
    """The message is on its way and waits here no longer; if it puts a question, its term starts (R6).

    `sent_at` is the carrier's own sent time, where it told one with the acceptance.
    """
    turn.replace(message)
    question = turn.line.question(message.question_id) if message.asks else None
    if question is None:
        return
    if not question.put_at:
        # A message that was found again at the carrier left before it was handed over this time.
        turn.mark_put(question, min(message.handed_at or accepted_at, accepted_at))
    elif question.unreached_at and not question.again_at:
        turn.update(question, again_at=min(message.handed_at or accepted_at, accepted_at))
    turn.effects.append(
        QuestionSent(
            question_id=question.question_id,
            case_id=question.case_id,
            person_id=question.person_id,
            message_id=message.message_id,
            text=message.text,
            text_version=message.text_version,
            language=question.language,
            carrier=carrier,
            sender=sender,
            # A sent time is cut to whole seconds, so that it may seem to be earlier.
            sent_at=max(accepted_at, sent_at or accepted_at),
        )
    )
