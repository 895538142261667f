"""Finds the one bank account in a citizen's SMS: with spaces, dashes, lower case, Cyrillic lookalikes."""

import re
from dataclasses import dataclass

from schemas.sms import AccountGiven
from schemas.values import check_iban
from sms.folding import as_english_keys, fold

_CYRILLIC = "авсенікмоқртухзһё"
_LATIN = "ABCEHIKMOKPTYXZHE"
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
_GAP = r"[\s\-‐-―_.,/:'’]{0,3}"
_CANDIDATE = re.compile(
    rf"(?:(?<!\w)|(?<=IBAN)|(?<=ИИK)|(?<=ЖCK))K{_GAP}Z(?:{_GAP}[A-Z0-9]){{18}}(?!\w)(?!{_GAP}[0-9])", re.ASCII
)
_START = re.compile(rf"K{_GAP}Z{_GAP}[0-9OZI]", re.ASCII)
_WORD = re.compile(r"\w+")
_DIGIT_PLACES = slice(2, 7)
_AS_DIGITS = str.maketrans("OZI", "031")
_AGAINST = "не емес ескі старый старая закрыт закрыта чужой чужая или немесе ne 1 2 0"
_DOUBTS = frozenset(_AGAINST.translate(_TO_LATIN).upper().split())
_NO = frozenset("нет жоқ joq net".translate(_TO_LATIN).upper().split())


@dataclass(frozen=True, slots=True)
class _Found:
    ibans: frozenset[str]
    broken: bool
    around: str


def read_given_account(text: str, *, known: bool) -> AccountGiven | None:
    """The account, where exactly one valid IBAN is there and nothing beside it speaks against it (R4).

    With an account shown, "нет, KZ..." says that this one is right instead. Without, a "нет" is a doubt.
    """
    if "?" in text:
        return None
    folded = fold(text)
    for variant in (folded, as_english_keys(folded)):
        found = _search(variant.translate(_TO_LATIN).upper())
        if found.ibans or found.broken:
            break
    else:
        return None
    if found.broken or len(found.ibans) != 1:
        return None
    around = set(_WORD.findall(found.around))
    if around & _DOUBTS or (around & _NO and not known):
        return None
    return AccountGiven(iban=next(iter(found.ibans)))


def _search(text: str) -> _Found:
    found = [_mended(re.sub(r"[^A-Z0-9]", "", match.group())) for match in _CANDIDATE.finditer(text)]
    around = _CANDIDATE.sub(" ", text)
    broken = None in found or _START.search(around) is not None
    return _Found(frozenset(iban for iban in found if iban), broken, around)


def _mended(typed: str) -> str | None:
    """The IBAN as typed, or with digits for their lookalikes; None where the check digits deny both."""
    structured = typed[:2] + typed[_DIGIT_PLACES].translate(_AS_DIGITS) + typed[_DIGIT_PLACES.stop :]
    for reading in (structured, structured[:7] + structured[7:].replace("O", "0")):
        try:
            return check_iban(reading)
        except ValueError:
            continue
    return None
