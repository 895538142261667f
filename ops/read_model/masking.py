"""What is left of a number where it may not be seen: its last four digits."""

import re

_KEPT = 4
_IBAN = re.compile(r"KZ[0-9]{2}(?:[ -]?[0-9A-Z]{4}){4}", re.IGNORECASE)
_SAFE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2}))?",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\+?\d(?:[\s().+-]{0,2}\d){6,}")
_HIDDEN = re.compile(f"{_SAFE.pattern}|({_IBAN.pattern})|({_DIGITS.pattern})", re.IGNORECASE)


def tail(number: str) -> str:
    """A number that may not be seen.

    >>> tail("850101300015")
    '*0015'
    """
    return "*" + number[-_KEPT:]


def masked(text: str) -> str:
    """A text without the numbers in it that could name somebody: seven digits are one, an IBAN too.

    UUIDs and days are left; they name nobody.

    >>> masked("the IIN 850101 300015 of award A-17 of 2021-07-12, KZ86125KZT5004100100")
    'the IIN *0015 of award A-17 of 2021-07-12, *0100'
    """
    return _HIDDEN.sub(_hide, text)


def _hide(found: re.Match[str]) -> str:
    number = found[1] or found[2]
    return found[0] if number is None else tail(re.sub(r"[^0-9A-Za-z]", "", number))
