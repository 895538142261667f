"""Finds the one bank account in a citizen's SMS: with spaces, dashes, lower case, Cyrillic lookalikes.

What stands around it has to agree, as everywhere: the labels and numbers of an account's particulars, banks,
names, courtesies. Whatever else is said may be that it is not the right one.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from schemas.questions import AccountGiven
from schemas.values import check_iban
from sms.reading.folding import as_english_keys, flatten, forms, lower, words
from sms.reading.names import are_names
from sms.reading.particulars import (
    AFTER_ANOTHER,
    AROUND,
    BEFORE_ANOTHER,
    DENYING_THE_SHOWN,
    OTHER_THAN_SHOWN,
    TELLING_WHO_SENT,
    without_item,
    without_numbers,
)
from sms.reading.vocabulary import Forms, Vocabulary, is_kazakh, is_particle

_LOOKALIKES = str.maketrans("авсенікмоқртхуһзё", "abcehikmokptxyhze")
_GAP = r"[\s\-‐-―_.,/:'’]{0,3}"
_CANDIDATE = re.compile(
    rf"(?:(?<!\w)|(?<=iban)|(?<=ииk)|(?<=жck))k{_GAP}z(?:{_GAP}[a-z0-9]){{18}}(?:(?!\w)|(?=k[бb]e\W?\d\d(?!\w)))"
)
# Check digits and the bank's number are five digits in a row; what stands between words is read in full.
_BARE = re.compile(r"KZ[0-9]{5}[A-Z0-9]{13}")
# What of an account is shown at its end: "KZ**0100".
_SHOWN = 4
# A name ends with its sentence or line; an initial's full stop ends none.
_SENTENCE_END = re.compile(r"(?<=\w\w)[.!]+(?=\s|$)|\n")
_DIGIT_PLACES = slice(2, 7)
_AS_DIGITS = str.maketrans("ozi", "031")


@dataclass(frozen=True, slots=True)
class _Found:
    """The account, and what was written before and after it, in its own case."""

    iban: str
    before: str
    after: Sequence[str]


def is_bare(text: str) -> bool:
    """Whether a text has the form of an account as banks print it, and nothing beside it."""
    return _BARE.fullmatch(text) is not None


def read_bare(text: str) -> AccountGiven | None:
    """The account, where a text is one as banks print it and nothing else: most are, and so cost little."""
    if not is_bare(text):
        return None
    try:
        return AccountGiven(iban=text)
    except ValidationError:
        return None


def read_given_account(written: str, *, shown: str | None) -> AccountGiven | None:
    """The account, where exactly one valid IBAN is there and nothing beside it speaks against it (R4).

    With an account shown, "нет, KZ..." says that this one is right instead, if it is another. Without, a
    "нет" is a doubt, and so it is after the account.
    """
    flat = flatten(written)
    found = _search(flat, lower(flat)) or _search(flat, as_english_keys(lower(flat)))
    if found is None:
        return None
    another = shown is not None and not found.iban.endswith(shown[-_SHOWN:])
    before = _agreeable(found.before) or (another and _says_another(found.before))
    if before and all(_agreeable(part) for part in found.after):
        return AccountGiven(iban=found.iban)
    return None


def _search(flat: str, folded: str) -> _Found | None:
    """The only account, or None: none, several, or one whose check digits are wrong."""
    matches = list(_CANDIDATE.finditer(folded.translate(_LOOKALIKES)))
    ibans = {_mended(re.sub(r"[^a-z0-9]", "", match.group())) for match in matches}
    if len(ibans) != 1 or None in ibans:
        return None
    ends = [match.end() for match in matches]
    starts = [match.start() for match in matches[1:]] + [len(flat)]
    after = [flat[end:start] for end, start in zip(ends, starts, strict=True)]
    return _Found(str(ibans.pop()), without_item(flat[: matches[0].start()]), after)


def _mended(typed: str) -> str | None:
    """The IBAN as typed, or with digits for their lookalikes; None where the check digits deny both."""
    structured = typed[:2] + typed[_DIGIT_PLACES].translate(_AS_DIGITS) + typed[_DIGIT_PLACES.stop :]
    for reading in (structured, structured[:7] + structured[7:].replace("o", "0")):
        try:
            return check_iban(reading)
        except ValueError:
            continue
    return None


def _agreeable(part: str) -> bool:
    """Whether every word is known to agree with an account, or is part of the name of whose it is."""
    typed: list[str] = []
    begins: set[int] = set()
    for sentence in _SENTENCE_END.split(without_numbers(part)):
        found = words(sentence)
        if found is None:
            return False
        begins.add(len(typed))
        typed += found
    spelled = _spelled(typed)
    unknown = _names(typed, _unknown(spelled, (AROUND,)), begins)
    return all(are_names(typed[run]) for run in unknown) and not _is_of_another(spelled, unknown)


def _is_of_another(spelled: Sequence[Forms], names: Sequence[slice]) -> bool:
    """Whether a name is there that is not, or not surely, the name of who writes."""
    if len({tuple(spelled[name]) for name in names}) > 1:
        return True
    if names and any(TELLING_WHO_SENT.find([word]) for word in spelled):
        return True
    return any(
        (name.start and BEFORE_ANOTHER.find(spelled[name.start - 1 : name.start]))
        or (spelled[name.stop :] and AFTER_ANOTHER.find(spelled[name.stop : name.stop + 1]))
        for name in names
    )


def _says_another(part: str) -> bool:
    """Whether it says no to the account that was shown, or that the one that follows is another.

    A name is a doubt there: "нет, Марат" is to pay to somebody else.
    """
    typed = words(without_numbers(part))
    if typed is None:
        return False
    spelled = _spelled(typed)
    while spelled and (denial := DENYING_THE_SHOWN.find(spelled)):
        spelled = spelled[denial[1] :]
    return not _unknown(spelled, (AROUND, OTHER_THAN_SHOWN))


def _spelled(typed: Sequence[str]) -> list[Forms]:
    return [forms(lower(word)) for word in typed]


def _unknown(spelled: Sequence[Forms], vocabularies: Sequence[Vocabulary]) -> list[int]:
    """Where words stand that are no known ones."""
    found: list[int] = []
    at = 0
    while at < len(spelled):
        length = _known(spelled, at, vocabularies)
        if not length:
            found.append(at)
        at += length or 1
    return found


def _names(typed: Sequence[str], unknown: Sequence[int], begins: Collection[int]) -> list[slice]:
    """Where unknown words stand in a row, within one sentence, and the initials beside them.

    "И" and "С" are known words too.
    """
    runs: list[slice] = []
    for at, word in enumerate(typed):
        beside = bool(runs) and runs[-1].stop == at and at not in begins
        following = typed[at + 1] if typed[at + 1 :] else ""
        initial = _is_initial(word) and (beside or _is_initial(following))
        if beside and (initial or at in unknown):
            runs[-1] = slice(runs[-1].start, at + 1)
        elif initial or at in unknown:
            runs.append(slice(at, at + 1))
    return runs


def _is_initial(word: str) -> bool:
    return len(word) == 1 and word.isupper()


def _known(spelled: Sequence[Forms], at: int, vocabularies: Sequence[Vocabulary]) -> int:
    before, after = spelled[at - 1] if at else (), spelled[at + 1] if spelled[at + 1 :] else ()
    if is_particle(spelled[at]) and (is_kazakh(before) or is_kazakh(after)):
        return 1
    lengths = (known[1] for vocabulary in vocabularies if (known := vocabulary.find(spelled[at:])))
    return max(lengths, default=0)
