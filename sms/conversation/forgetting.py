"""What a number forgets: all of a case that is purged, and what it holds for nobody, pure (R34).

The ids of what it heard and was asked for stay, since by them a repeat is known. They are random or derived
from pseudonyms, and say nothing.
"""

from datetime import datetime, timedelta

from schemas.ids import CaseId
from schemas.questions import CasePurged
from sms.conversation import redelivery
from sms.conversation.line import Delivery, Line, LineQuestion
from sms.conversation.turn import Turn


def purge(turn: Turn, purged: CasePurged) -> None:
    """Forget a case. Where a question of it is open, or waits its turn, nothing is forgotten.

    What was put for it is not sent again, and no text that comes is for it any more.
    """
    line, case_id = turn.line, purged.case_id
    current = [line.current] if line.current else []
    if any(question.case_id == case_id for question in (*current, *line.waiting)):
        turn.remarks.append("a case was purged whose question is open here")
        return
    kept = {each.sid for each in line.deliveries if not _of_case(line, each, case_id)}
    for message in line.messages:
        if message.case_id == case_id:
            turn.give_up(message)
    line = turn.line
    turn.change(
        past=tuple(each.purged() if each.case_id == case_id else each for each in line.past),
        deliveries=tuple(each for each in line.deliveries if each.sid in kept),
    )


def _of_case(line: Line, delivery: Delivery, case_id: CaseId) -> bool:
    """Whether it is of this case, or of nothing that is known any more: then nobody waits for its end."""
    question, message = line.question(delivery.asked), delivery.message
    about = {each.case_id for each in (question, message) if each}
    return not about or case_id in about


def forget(turn: Turn, keep: timedelta) -> datetime | None:
    """Forget what is of no more use after this turn, and return when to look again.

    `keep` is how long after its sending a message may be sent again.
    """
    turn.change(past=_needed(turn.line))
    redelivery.forget_old(turn, keep)
    if not any(message.attempt for message in turn.line.messages):
        # Only the acceptance of a message that was handed over asks for what came before it.
        turn.change(early=())
    line = turn.line
    texts = [each.message for each in line.deliveries if each.message]
    if not (line.current or line.waiting or line.past or line.messages or line.held_texts or texts):
        turn.change(phone=None, deliveries=(), taken=(), told_earlier=())
    return min((text.tried_at + keep for text in texts if text.tried_at), default=None)


def _needed(line: Line) -> tuple[LineQuestion, ...]:
    """The past without the purged questions that stand before all others: they keep no text from those."""
    known = [*line.past, *([line.current] if line.current else [])]
    others = [each.put_at for each in known if each.put_at and not each.is_purged]
    first = min(others, default=None)
    return tuple(
        each for each in line.past if not each.is_purged or (first and each.put_at and each.put_at >= first)
    )
