"""Reads the citizen's answers. What is ambiguous is not understood, and never a consent.

One rule for all questions: an answer counts when every word of it agrees with one reading and at least one
word is an answer of the contract. So "2, да, спасибо" is the consent in Russian, while "1 да" (Kazakh and
Russian), "да нет", "1 или 2" and "1?" are not understood. What nobody sees in a text, and the line that a
phone puts under it, are no part of it; whatever else stands there is.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from schemas.questions import Answer, Decline, QuestionKind
from sms.reading.accounts import is_bare, read_bare, read_given_account
from sms.reading.doubts import contradict
from sms.reading.folding import fold, forms, layouts, pieces, visible, words
from sms.reading.mail_signatures import without_signatures
from sms.reading.misleading import OTHER_WORDS
from sms.reading.vocabulary import (
    KNOWN_ACCOUNT,
    NEW_ACCOUNT,
    OFFER,
    ONE_APPLICATION,
    Forms,
    Said,
    Sense,
    Vocabulary,
    Weight,
    is_kazakh,
    is_particle,
)

_LONGEST = 400
# Nearly everybody writes one of the same few texts.
_KEPT = 512
# Without the colon "жауап жоқ" is that there is no answer.
_LABEL = re.compile(r"\bжауа(?:п|бым|бымыз)\s*[:–—-]")
_REFUSED: frozenset[Answer] = frozenset([Decline()])


def read_offer(text: str) -> Answer | None:
    """`Consent` with its language, `Decline`, or None: not understood (R3)."""
    # No phrase has so many digits, and each text is first asked whether it is STOP.
    return None if is_bare(text) else _read_offer(text)


@lru_cache(maxsize=_KEPT)
def _read_offer(text: str) -> Answer | None:
    return _read(text, OFFER)


@lru_cache(maxsize=_KEPT)
def read_one_application(text: str) -> Answer | None:
    """`Together`, `Separately`, `Decline`, or None: not understood (R7)."""
    return _read(text, ONE_APPLICATION)


def read_account(text: str, *, shown: str | None) -> Answer | None:
    """`AccountGiven`, `Decline`, where one was shown `AccountConfirmed`, or None: not understood (R4)."""
    return read_bare(text) or _read_account(text, shown=shown)


@lru_cache(maxsize=_KEPT)
def _read_account(text: str, *, shown: str | None) -> Answer | None:
    answer = _read(text, KNOWN_ACCOUNT if shown else NEW_ACCOUNT)
    return answer or read_given_account(_written(text), shown=shown)


def read_answer(kind: QuestionKind, text: str, *, shown: str | None) -> Answer | None:
    """What a text answers to a question of this kind; `shown` is the account that it showed, masked."""
    match kind:
        case QuestionKind.OFFER:
            return read_offer(text)
        case QuestionKind.ONE_APPLICATION:
            return read_one_application(text)
        case QuestionKind.ACCOUNT:
            return read_account(text, shown=shown)


def _written(text: str) -> str:
    """What the citizen wrote; nothing where it is longer than any answer."""
    seen = visible(text)
    return without_signatures(seen) if len(seen) <= _LONGEST else ""


def _read(text: str, vocabulary: Vocabulary) -> Answer | None:
    folded = _LABEL.sub("ответ ", fold(_written(text)))
    typed = words(folded)
    if not typed or not OTHER_WORDS.isdisjoint(typed):
        return None
    for variant in layouts(folded):
        reading = _unanimous([forms(word) for word in words(variant) or ()], vocabulary)
        if reading is not None:
            return reading
    return None


def _unanimous(found: Sequence[Forms], vocabulary: Vocabulary) -> Answer | None:
    possible = vocabulary.answers
    weights: set[Weight] = set()
    senses: list[Sense] = []
    rest = list(found)
    before: Forms = ()
    while rest:
        if is_particle(rest[0]) and (is_kazakh(before) or is_kazakh(rest[1] if rest[1:] else ())):
            before = rest.pop(0)
            continue
        known = vocabulary.find(rest)
        if known is None:
            split = pieces(rest[0][0])
            if len(split) < 2:  # noqa: PLR2004 - nothing to take apart
                return None
            rest = [forms(piece) for piece in split] + rest[1:]
            continue
        sense, length = known
        possible &= _REFUSED if sense.opens and Weight.DECIDES in weights else sense.answers
        weights.add(sense.weight)
        senses.append(sense)
        before, rest = rest[length - 1], rest[length:]
    decided = Weight.DECIDES in weights or {Weight.AGREES, Weight.CHOOSES_LANGUAGE} <= weights
    if not decided or len(possible) != 1 or contradict(senses, vocabulary.answers):
        return None
    answer = next(iter(possible))
    stops = any(sense.said is Said.STOP for sense in senses)
    return Decline(stop=stops) if isinstance(answer, Decline) else answer
