"""The numbers that name a person, and whether a text could hold one, in whatever spelling.

Ids and sources of events are passed on in headers and kept in the audit log, where nobody is to be named.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from schemas.base import Event
from schemas.ids import Pseudonyms

PERSONAL = ("iin", "phone", "iban")
"""The fields of events that name a person."""

_LONGEST = 1000
_ROUNDS = 5
_LEAST_DIGITS = 7
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.ASCII | re.IGNORECASE)
_ROW = re.compile(r"[0-9]{9}")
_IBAN = re.compile(r"KZ[0-9]{2}[0-9A-Z]{16}")
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def could_name_somebody(text: str) -> bool:
    """Whether there is room for an IIN, a phone or an IBAN in the text.

    Seven digits are room, in whatever script and with whatever between them: no number is shorter, with or
    without its prefix, or its leading zeros. A UUID is none, unless nine of its digits stand in a row. What
    is too long or too often encoded to tell has room. Only the text is looked at, never the event that it
    came with: the same id is always judged alike.

    >>> could_name_somebody("award-17"), could_name_somebody("award-850101-300015")
    (False, True)
    """
    if len(text) > _LONGEST:
        return True
    readings = list(_readings(text))
    return len(readings) > _ROUNDS or any(_has_room(reading) for reading in readings)


def nameless(text: str, of: str, pseudonyms: Pseudonyms) -> str:
    """The text, or what stands for it where it could name a person. `of` is the IIN of whom it is about."""
    return pseudonyms.id(text, of) if could_name_somebody(text) else text


def number_in(text: str, event: Event) -> str | None:
    """The field of the event whose IIN, phone or IBAN the text holds, in whatever spelling; None if none.

    A UUID holds none, where it has no room for one: its digits are a number's by chance.
    """
    folded = [_fold(_without_uuids(reading)) for reading in _readings(text)]
    for field in PERSONAL:
        value = getattr(event, field, None)
        if value and any(_holds(reading, value) for reading in folded):
            return field
    return None


def trace_names_somebody(traceparent: str, event: Event) -> bool:
    """Whether the trace could name a person.

    One in the form of the W3C is random, and has digits in a row by chance: it names somebody where it holds
    a number of the event, or nothing but digits in place of a random number.
    """
    found = _TRACE.fullmatch(traceparent)
    if found is None:
        return could_name_somebody(traceparent)
    return any(part.isdecimal() for part in found.groups()) or number_in(traceparent, event) is not None


def _readings(text: str) -> Iterator[str]:
    """The text as it is, and as it is once, twice, ... decoded, for as long as that changes it."""
    yield text
    for _ in range(_ROUNDS):
        decoded = html.unescape(unquote(text))
        if decoded == text:
            return
        text = decoded
        yield text


def _has_room(reading: str) -> bool:
    folded = _fold(_without_uuids(reading))
    return len(_digits(folded)) >= _LEAST_DIGITS or _IBAN.search(folded) is not None


def _without_uuids(reading: str) -> str:
    return _UUID.sub(_unless_random, reading)


def _unless_random(uuid: re.Match[str]) -> str:
    return uuid[0] if _ROW.search(uuid[0].replace("-", "")) else ""


def _fold(text: str) -> str:
    """Letters in capitals and digits in ASCII, and nothing else."""
    folded = (_digit(sign) or sign for sign in unicodedata.normalize("NFKC", text).upper())
    return "".join(sign for sign in folded if sign.isalnum())


def _digit(sign: str) -> str | None:
    number = unicodedata.numeric(sign, -1)
    return str(int(number)) if 0 <= number <= 9 and number == int(number) else None  # noqa: PLR2004


def _digits(folded: str) -> str:
    return "".join(sign for sign in folded if "0" <= sign <= "9")


def _holds(folded: str, number: str) -> bool:
    """Whether a folded text holds this IIN, phone in E.164 or IBAN.

    Prefixes of phones differ from caller to caller, so their last seven digits are enough; leading zeros of
    an IIN are lost where it is taken for a number; and an IBAN is often written without what stands before
    the bank's code.
    """
    if number.startswith("+"):
        return number[-_LEAST_DIGITS:] in _digits(folded)
    if not number.startswith("KZ"):
        return number.lstrip("0") in _digits(folded)
    account = number[4:]
    digits = _digits(account)
    return account in folded or (len(digits) >= _LEAST_DIGITS and digits in _digits(folded))
