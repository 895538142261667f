"""What a text says, read once: the invariants ask it again and again."""

from functools import lru_cache

from schemas.questions import (
    Answer,
    Decline,
    QuestionAsked,
    QuestionKind,
)
from sms.reading.answers import read_account, read_offer, read_one_application


@lru_cache(maxsize=4096)
def read_as(kind: QuestionKind, text: str, *, known: bool) -> Answer | None:
    """What a text answers to a question of this kind; `known` says whether an account was shown."""
    match kind:
        case QuestionKind.OFFER:
            return read_offer(text)
        case QuestionKind.ONE_APPLICATION:
            return read_one_application(text)
        case QuestionKind.ACCOUNT:
            return read_account(text, known=known)


def answer_to(asked: QuestionAsked, text: str) -> Answer | None:
    """What a text answers to this question."""
    return read_as(asked.kind, text, known=asked.details.account is not None)


def says_stop(text: str) -> bool:
    """Whether a text wants nothing more sent to its number."""
    read = read_as(QuestionKind.OFFER, text, known=False)
    return isinstance(read, Decline) and read.stop
