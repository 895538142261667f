"""Words that agree each by itself, and make a doubt beside each other."""

from collections.abc import Sequence

from schemas.questions import Answer
from sms.reading.vocabulary import Said, Sense

_DOUBTS = (
    # "Не хочу отказ", "бас тарту маған".
    *(frozenset([Said.REFUSAL, other]) for other in (Said.UNWILLING, Said.FOR_US)),
    # "Стоп не надо". A bare "нет" beside it is one no more.
    frozenset([Said.STOP, Said.UNWILLING]),
    # "Да, мой номер" answers whose number this is.
    frozenset([Said.YES, Said.OWN_NUMBER]),
)


def contradict(senses: Sequence[Sense], neutral: frozenset[Answer]) -> bool:
    """Whether what is said together is a doubt. What goes with all the `neutral` answers has no meaning."""
    said = [sense.said for sense in senses]
    together = set(said)
    return any(doubt <= together for doubt in _DOUBTS) or _is_denied(said) or _is_of_oneself(senses, neutral)


def _is_denied(said: Sequence[Said]) -> bool:
    """Whether a refusal is named and denied: "отказ: нет". "Нет, отказ" is none of that."""
    return Said.REFUSAL in said and Said.DENIAL in said[said.index(Said.REFUSAL) :]


def _is_of_oneself(senses: Sequence[Sense], neutral: frozenset[Answer]) -> bool:
    """Whether it is a yes and no more than who writes or what was sent: "да, я", "да, отправила"."""
    kinds = [sense.said for sense in senses if sense.said is not Said.NOTHING or sense.answers != neutral]
    if Said.YES not in kinds or not set(kinds) <= {Said.YES, Said.OWN, Said.FOR_US}:
        return False
    return Said.OWN in kinds[kinds.index(Said.YES) :]
