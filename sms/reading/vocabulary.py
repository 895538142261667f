"""What each word and phrase can mean under each question.

A *decisive* one is an answer of the contract, however it is spelled. A *supporting* one agrees with some
answers and decides nothing: "согласен" goes with consent in either language, and is no consent alone, because
it chooses no language. Courtesies go with every answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import product

from schemas.questions import (
    AccountConfirmed,
    Answer,
    Consent,
    Decline,
    Separately,
    Together,
)
from schemas.values import Language
from sms.reading import phrases
from sms.reading.folding import plain, undouble
from sms.reading.misleading import MISLEADING

_KAZAKH: Answer = Consent(language=Language.KAZAKH)
_RUSSIAN: Answer = Consent(language=Language.RUSSIAN)
_NO: Answer = Decline()
_TOGETHER: Answer = Together()
_SEPARATELY: Answer = Separately()
_CONFIRMED: Answer = AccountConfirmed()

Forms = tuple[str, ...]
"""What one typed word can be meant to be."""


class Weight(Enum):
    """What a word does to decide an answer that it agrees with. Agreement and a language decide together."""

    SUPPORTS = auto()
    AGREES = auto()
    CHOOSES_LANGUAGE = auto()
    DECIDES = auto()


class Said(Enum):
    """What kind of word it is, where that beside another kind is a doubt (`sms/reading/doubts.py`)."""

    NOTHING = auto()
    # As a no, it is said by the number.
    STOP = auto()
    REFUSAL = auto()
    DENIAL = auto()
    UNWILLING = auto()
    FOR_US = auto()
    YES = auto()
    OWN = auto()
    OWN_NUMBER = auto()


@dataclass(frozen=True, slots=True)
class Sense:
    """The answers that a phrase agrees with.

    `opens`: after what decides, it takes that back instead, as in "отдельно нет".
    """

    answers: frozenset[Answer]
    weight: Weight = Weight.SUPPORTS
    said: Said = Said.NOTHING
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What each phrase can mean under one question."""

    answers: frozenset[Answer]
    _senses: Mapping[tuple[str, ...], Sense]
    _longest: Mapping[str, int]

    def find(self, rest: Sequence[Forms]) -> tuple[Sense, int] | None:
        """The sense of the longest known phrase that the text goes on with, and of how many words it is."""
        longest = max(self._longest.get(form, 0) for form in rest[0])
        for length in range(min(longest, len(rest)), 0, -1):
            for phrase in product(*rest[:length]):
                sense = self._senses.get(phrase)
                if sense:
                    return sense, length
        return None


def phrases_in(listed: str) -> list[tuple[str, ...]]:
    """The phrases of a list in the form in which they are compared, also as if typed in one word."""
    found = []
    for phrase in listed.split():
        split = tuple(_compared(word) for word in phrase.split("_"))
        found.append(split)
        if len(split) > 1 and phrase.replace("_", "").isalpha():
            found.append((undouble("".join(split)),))
    return found


def _compared(word: str) -> str:
    return undouble(word) if word.isascii() else plain(word)


def vocabulary(answers: Iterable[Answer], senses: Iterable[tuple[str, Sense]]) -> Vocabulary:
    """A vocabulary of these senses. Where a phrase is listed twice, the first one counts."""
    known: dict[tuple[str, ...], Sense] = {}
    longest: dict[str, int] = {}
    for listed, sense in senses:
        for phrase in phrases_in(listed):
            known.setdefault(phrase, sense)
            longest[phrase[0]] = max(longest.get(phrase[0], 0), len(phrase))
    return Vocabulary(frozenset(answers), known, longest)


def is_kazakh(word: Forms) -> bool:
    """Whether the word is one that `да` and `де` can follow as Kazakh particles."""
    return any(form in _KAZAKH_WORDS and form not in _NOT_FOLLOWED for form in word)


def is_particle(word: Forms) -> bool:
    """Whether the word is a Kazakh particle where it stands beside a Kazakh word."""
    return any(form in _PARTICLES for form in word)


def _decides(*answers: Answer, said: Said = Said.NOTHING) -> Sense:
    return Sense(frozenset(answers), Weight.DECIDES, said)


def _supports(*answers: Answer, said: Said = Said.NOTHING) -> Sense:
    return Sense(frozenset(answers), said=said)


def _question(answers: Sequence[Answer], *senses: tuple[str, Sense]) -> Vocabulary:
    everything = (*answers, _NO)
    for_all = [
        (MISLEADING, Sense(frozenset())),
        (phrases.ZERO, _decides(_NO)),
        (phrases.STOP, _decides(_NO, said=Said.STOP)),
        (phrases.REFUSING, _decides(_NO)),
        (phrases.REFUSAL, _decides(_NO, said=Said.REFUSAL)),
        (phrases.AGAINST, _supports(_NO, said=Said.REFUSAL)),
        (phrases.UNWILLING, _supports(_NO, said=Said.UNWILLING)),
        (phrases.DECLINING, _supports(_NO)),
        (f"{phrases.NAY} {phrases.DENYING}", _supports(_NO, said=Said.DENIAL)),
        (phrases.REFUSED, _supports(_NO)),
    ]
    alike = (phrases.COURTESIES, phrases.PICTURES, phrases.KAZAKH, phrases.RUSSIAN, phrases.OTHER)
    neutral = [
        (phrases.OWN_NUMBER, _supports(*everything, said=Said.OWN_NUMBER)),
        (f"{phrases.OWN_KAZAKH} {phrases.OWN_RUSSIAN}", _supports(*everything, said=Said.OWN)),
        (f"{phrases.FOR_US_KAZAKH} {phrases.FOR_US_RUSSIAN}", _supports(*everything, said=Said.FOR_US)),
        *((listed, _supports(*everything)) for listed in (*alike, phrases.OUR_TERM)),
    ]
    return vocabulary(everything, [*senses, *for_all, *neutral])


_BOTH = frozenset([_KAZAKH, _RUSSIAN])

OFFER = _question(
    [_KAZAKH, _RUSSIAN],
    (phrases.ONE, _decides(_KAZAKH)),
    (phrases.YES_KAZAKH, _decides(_KAZAKH, said=Said.YES)),
    (phrases.TWO, _decides(_RUSSIAN)),
    (phrases.YES_RUSSIAN, _decides(_RUSSIAN, said=Said.YES)),
    (f"{phrases.NO} {phrases.NAY}", _decides(_NO, said=Said.DENIAL)),
    (phrases.UNWILLING, _decides(_NO, said=Said.UNWILLING)),
    (phrases.DECLINING, _decides(_NO)),
    (phrases.AGAINST, _decides(_NO, said=Said.REFUSAL)),
    (phrases.AGREEING_KAZAKH, Sense(_BOTH, Weight.AGREES)),
    (phrases.AGREEING_RUSSIAN, Sense(_BOTH, Weight.AGREES)),
    (phrases.WELCOMING_KAZAKH, Sense(_BOTH)),
    (phrases.WELCOMING_RUSSIAN, Sense(_BOTH)),
    (phrases.WELCOMING, Sense(_BOTH)),
    (phrases.IN_KAZAKH, Sense(frozenset([_KAZAKH]), Weight.CHOOSES_LANGUAGE)),
    (phrases.IN_RUSSIAN, Sense(frozenset([_RUSSIAN]), Weight.CHOOSES_LANGUAGE)),
)
"""The offer: consent with its language, or no (R3)."""

ONE_APPLICATION = _question(
    [_TOGETHER, _SEPARATELY],
    (phrases.THREE, _decides(_TOGETHER)),
    (phrases.TOGETHER_KAZAKH, _decides(_TOGETHER)),
    (phrases.TOGETHER_RUSSIAN, _decides(_TOGETHER)),
    (phrases.FOUR, _decides(_SEPARATELY)),
    (phrases.SEPARATELY_KAZAKH, _decides(_SEPARATELY)),
    (phrases.SEPARATELY_RUSSIAN, _decides(_SEPARATELY)),
    (phrases.YES_KAZAKH, _supports(_TOGETHER)),
    (phrases.YES_RUSSIAN, _supports(_TOGETHER)),
    (phrases.NO, Sense(frozenset([_SEPARATELY, _NO]), said=Said.DENIAL, opens=True)),
    (phrases.CARRYING_ON, _supports(_TOGETHER, _SEPARATELY)),
    (phrases.WELCOMING_KAZAKH, _supports(_TOGETHER, _SEPARATELY)),
)
"""One application, or this benefit on its own (R7). A bare yes or no does not say which."""

KNOWN_ACCOUNT = _question(
    [_CONFIRMED],
    (phrases.FIVE, _decides(_CONFIRMED)),
    (phrases.YES_KAZAKH, _supports(_CONFIRMED)),
    (phrases.YES_RUSSIAN, _supports(_CONFIRMED)),
    (phrases.NO, _supports(_NO, said=Said.DENIAL)),
    (phrases.RIGHT_ONE, _decides(_CONFIRMED)),
    (phrases.RIGHT, _supports(_CONFIRMED)),
    (phrases.AGREEING_KAZAKH, _supports(_CONFIRMED)),
    (phrases.AGREEING_RUSSIAN, _supports(_CONFIRMED)),
    (phrases.WELCOMING, _supports(_CONFIRMED)),
    ("жарайды болады мақұл әрине хорошо ладно конечно", _supports(_CONFIRMED)),
)
"""The account shown is the right one (R4). A bare yes does not say so: it may answer what was before."""

NEW_ACCOUNT = _question([], (phrases.NO, _supports(_NO, said=Said.DENIAL)))
"""No account is known, so that a text without one can only be a no."""

_PARTICLES = frozenset(["да", "де", "та", "те"])
_YES_AND_NO = f"{phrases.YES_KAZAKH} {phrases.NO}"
_IN_KAZAKH = " ".join(
    (
        *(phrases.AGREEING_KAZAKH, phrases.WELCOMING_KAZAKH, phrases.TOGETHER_KAZAKH),
        *(phrases.SEPARATELY_KAZAKH, phrases.KAZAKH, "қазақша орысша бір екі үш төрт бес"),
        "бірінші екінші үшінші төртінші бесінші",
    )
)
_KAZAKH_WORDS, _NOT_FOLLOWED = (
    frozenset(word for phrase in phrases_in(listed) for word in phrase)
    for listed in (_IN_KAZAKH, _YES_AND_NO)
)
