"""What a text says, as the invariants ask it."""

from schemas.questions import Answer, Decline, QuestionAsked
from sms.reading.answers import read_answer, read_offer


def answer_to(asked: QuestionAsked, text: str) -> Answer | None:
    """What a text answers to this question."""
    return read_answer(asked.kind, text, shown=asked.details.account)


def says_stop(text: str) -> bool:
    """Whether a text wants nothing more sent to its number."""
    read = read_offer(text)
    return isinstance(read, Decline) and read.stop
