"""Reads the citizen's answers. What is ambiguous is not understood, and never a consent.

An answer counts when every word of it agrees with one reading and at least one word is an answer of the
contract. So "2, да, спасибо" is the consent in Russian, while "1 да" (Kazakh and Russian), "да нет",
"1 или 2", "1?" and "не согласен" are not understood.
"""

import re

from schemas.sms import Answer
from sms.accounts import read_given_account
from sms.folding import fold, layouts, pieces, spellings, words
from sms.vocabulary import KNOWN_ACCOUNT, OFFER, ONE_APPLICATION, Vocabulary

_LONGEST = 400
_SIGNATURE = re.compile(r"\b(?:отправлено (?:с|из|от)|sent from|get outlook)\b.*", re.IGNORECASE | re.DOTALL)


def read_offer(text: str) -> Answer | None:
    """`Consent` with its language, `Decline`, or None: not understood (R3)."""
    return _read(text, OFFER)


def read_one_application(text: str) -> Answer | None:
    """`Together`, `Separately`, or None: not understood (R7)."""
    return _read(text, ONE_APPLICATION)


def read_account(text: str, *, known: bool) -> Answer | None:
    """`AccountGiven`, `AccountConfirmed` where an account was shown, or None: not understood (R4)."""
    if len(text) > _LONGEST:
        return None
    confirmed = _read(text, KNOWN_ACCOUNT) if known else None
    return confirmed or read_given_account(_SIGNATURE.sub("", text), known=known)


def _read(text: str, vocabulary: Vocabulary) -> Answer | None:
    if len(text) > _LONGEST:
        return None
    folded = fold(_SIGNATURE.sub("", text))
    for variant in layouts(folded):
        found = words(variant)
        reading = _unanimous(found, vocabulary) if found else None
        if reading is not None:
            return reading
    return None


def _unanimous(found: list[str], vocabulary: Vocabulary) -> Answer | None:
    possible = set(vocabulary.decisive.values())
    decided = False
    rest = list(found)
    while rest:
        meaning, taken, decisive = _meaning(rest, vocabulary)
        if taken == 0:
            split = pieces(rest[0])
            if len(split) < 2:  # noqa: PLR2004 - nothing to take apart
                return None
            rest = split + rest[1:]
            continue
        possible &= meaning
        decided = decided or decisive
        rest = rest[taken:]
    return possible.pop() if decided and len(possible) == 1 else None


def _meaning(rest: list[str], vocabulary: Vocabulary) -> tuple[frozenset[Answer], int, bool]:
    """What the next one or two words can mean, how many they are (0: unknown), and whether they decide."""
    if len(rest) > 1:
        for phrase in spellings(f"{rest[0]} {rest[1]}"):
            if phrase in vocabulary.supporting:
                return vocabulary.supporting[phrase], 2, False
    forms = spellings(rest[0])
    deciding = frozenset(vocabulary.decisive[form] for form in forms if form in vocabulary.decisive)
    if deciding:
        return deciding, 1, True
    for form in forms:
        if form in vocabulary.supporting:
            return vocabulary.supporting[form], 1, False
    return frozenset(), 0, False
