"""Which digits a text offers as answers, pure: they must be those of ours, because nothing else is read.

A digit that stands alone is taken for an answer, by citizens and here. Those of the phone numbers that our
texts name, and of the three days of the term where ours tells it, are none.
"""

import re
from collections.abc import Iterator, Sequence

from schemas.questions import QuestionKind

_NO = "0"
# Both halves go out together, so that the "no" need stand in one of them only.
_ALWAYS_IN_BOTH = ("offer", "explain_offer")

_PHONES = re.compile(r"\b1414\b|\b8[ -]800[ -]080[ -]77[ -]77\b")
_TERM = re.compile(
    r"\b3(?:-?х)?(?:\s*\(\w+\))?\s+(?:календарн\w+\s+|күнтізбелік\s+)?(?:күн|дня|дней)\w*(?:/дня)?"
)
_ALONE = re.compile(r"(?<![0-9])[0-9](?![0-9])")
_NUMBER = re.compile(r"[0-9]{2,}")
_DIGITS = frozenset("0123456789")


def digit_faults(key: str, text: str, own: str, halves: Sequence[str]) -> Iterator[str]:
    """What is wrong with the numbers in a text, all texts without their placeholders.

    `own` is ours in the same language, and `halves` are ours in all languages.
    """
    if any(each.isnumeric() and each not in _DIGITS for each in text):
        yield "has a number in other signs than 0 to 9: write it in these"
    any_of_ours = " ".join(halves)
    found, wanted = _answers(text, term=bool(_TERM.search(any_of_ours))), _answers(own, term=True)
    if key in _ALWAYS_IN_BOTH:
        found, wanted = found - {_NO}, wanted - {_NO}
    for digit in sorted(wanted - found):
        yield f"does not offer the answer {digit}, which ours does: put it in"
    for digit in sorted(found - wanted):
        yield f"offers {digit}, which is no answer here: take it out, or write the number in words"
    if _asks(key):
        for number in sorted(_numbers(text) - _numbers(any_of_ours)):
            yield f"has the number {number}, which may be taken for an answer: write it in words"


def no_is_missing(key: str, halves: Sequence[str]) -> bool:
    """Whether none of the halves of a text that is always sent in both languages offers the no."""
    return key in _ALWAYS_IN_BOTH and not any(_NO in _answers(half, term=True) for half in halves)


def _answers(text: str, *, term: bool) -> set[str]:
    """The digits that stand alone; `term`: but for that of the three days."""
    told = _PHONES.sub("", text)
    return set(_ALONE.findall(_TERM.sub("", told) if term else told))


def _numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(_PHONES.sub("", text)))


def _asks(key: str) -> bool:
    return key.removeprefix("explain_").removesuffix("_known") in set(QuestionKind)
