"""The stages of a question on a line, and every step between them, each with what causes it and its rule.

The conversation does not keep a stage: it follows from where the question and its message stand. The
simulation holds the two together: it sees no step beside this table's.
"""

from enum import StrEnum

from schemas.ids import QuestionId
from sms.conversation.line import Line


class Stage(StrEnum):
    """Where a question stands on its line."""

    UNKNOWN = "unknown"
    WAITING = "waiting"
    HELD = "held"
    WITH_CARRIER = "with_carrier"
    PUT = "put"
    UNREACHED = "unreached"
    ANSWERED = "answered"
    PAST = "past"


TRANSITIONS: dict[tuple[Stage, Stage], str] = {
    (Stage.UNKNOWN, Stage.WAITING): "asked while another question is open",
    (Stage.UNKNOWN, Stage.HELD): "asked in quiet hours, or behind other messages",
    (Stage.UNKNOWN, Stage.WITH_CARRIER): "asked (R3, R4, R7)",
    (Stage.WAITING, Stage.HELD): "its turn comes in quiet hours, or behind other messages",
    (Stage.WAITING, Stage.WITH_CARRIER): "its turn comes",
    (Stage.WAITING, Stage.UNKNOWN): "closed or withdrawn before its turn (R2)",
    (Stage.HELD, Stage.WITH_CARRIER): "the morning, or the time of another try, comes",
    (Stage.HELD, Stage.WAITING): "the next question of who has just answered goes first",
    (Stage.HELD, Stage.PUT): "the carrier had it all the same (R6)",
    (Stage.HELD, Stage.PAST): "closed or withdrawn before it left (R2)",
    (Stage.WITH_CARRIER, Stage.HELD): "the carrier gives it back, or is in doubt; no term starts (R6)",
    (Stage.WITH_CARRIER, Stage.PUT): "the carrier accepts it; its term starts (R6)",
    (Stage.WITH_CARRIER, Stage.ANSWERED): "accepted, and an answer was waiting to be read",
    (Stage.WITH_CARRIER, Stage.UNREACHED): "the carrier refuses it for good",
    (Stage.WITH_CARRIER, Stage.PAST): "closed or withdrawn; it is not tried again (R2)",
    (Stage.PUT, Stage.ANSWERED): "an answer is understood",
    (Stage.PUT, Stage.PAST): "the term ends, or it is closed or withdrawn (R2, R6)",
    (Stage.UNREACHED, Stage.PAST): "the case closes it",
    (Stage.ANSWERED, Stage.PAST): "the case goes on or ends",
    (Stage.PAST, Stage.UNKNOWN): "the case is purged (R34)",
}
"""Every step that a question can take. In `past` it still hears late answers, and a no that is taken back."""


def stage_of(line: Line, question_id: QuestionId) -> Stage:
    """Where a question stands on a line now."""
    question = line.question(question_id)
    if question is None:
        return Stage.UNKNOWN
    if question in line.waiting:
        return Stage.WAITING
    if line.current != question:
        return Stage.PAST
    if question.put_at:
        return Stage.ANSWERED if question.answered else Stage.PUT
    message = next(
        (known for known in line.messages if known.asks and known.question_id == question_id), None
    )
    if message is None:
        return Stage.UNREACHED
    return Stage.WITH_CARRIER if message.handed_at else Stage.HELD
