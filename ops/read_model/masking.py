"""What is left of a number where it may not be seen: its last four digits."""

import re

_KEPT = 4
_IBAN = re.compile(r"KZ[0-9]{2}(?:[ -]?[0-9A-Z]{4}){4}", re.IGNORECASE)
_SAFE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2}))?(?![0-9])",
    re.IGNORECASE,
)
_PSEUDONYM = re.compile(r"[0-9a-f]{64}")
_DIGITS = re.compile(r"\+?\d(?:[\s().+/\u2010-\u2015-]{0,3}\d){6,}")
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
    >>> masked("850101/300015, 8501-01-3000-15")
    '*0015, *0015'
    """
    return _HIDDEN.sub(_hide, text)


def masked_json(content: object, name: str = "") -> object:
    """JSON of an act's details in which nobody is named, nor anybody's pseudonym whole.

    A list stays as long as it is, and the number of a day's SMS is nobody's.

    >>> masked_json({"persons": ["9f2c" * 16], "number": 10_000_000, "to": 77010000001, "1234567": None})
    {'persons': ['*9f2c'], 'number': 10000000, 'to': '*0001', '*4567': None}
    """
    match content:
        case dict():
            return {masked(key): masked_json(value, key) for key, value in content.items()}
        case list():
            return [masked_json(value) for value in content]
        case str():
            return tail(content) if _PSEUDONYM.fullmatch(content) else masked(content)
        case bool() | None:
            return content
        case int() | float() if name != "number":
            hidden = masked(str(content))
            return content if hidden == str(content) else hidden
    return content


def _hide(found: re.Match[str]) -> str:
    number = found[1] or found[2]
    return found[0] if number is None else tail(re.sub(r"[^0-9A-Za-z]", "", number))
