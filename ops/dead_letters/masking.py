"""Texts as they may be shown: without the numbers that name a person."""

import re

_SPARED = (
    r"[0-9a-fA-F]{64}"  # pseudonyms and digests
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
    r"|\b[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9:.]+(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?(?![0-9])"
)
_ACCOUNT = r"\b[Kk][Zz](?:[ -]?[0-9A-Za-z]){18}\b"
_DIGITS = r"\+?[0-9](?:[ ().\-/]{0,3}[0-9]){6,}"
_TOKEN = re.compile(f"(?P<spared>{_SPARED})|(?P<number>{_ACCOUNT}|{_DIGITS})")
_SHOWN = 4


def masked(text: str) -> str:
    """The text with an asterisk in place of all but the last four signs of what may be such a number.

    That is an account, and whatever has seven digits or more, with blanks, hyphens, points, slashes or
    parentheses between them; days, times, UUIDs and digests stay.

    >>> masked('{"iin": "850101300015", "phone": "+7 701 123-45-67", "died_on": "2021-07-12"}')
    '{"iin": "*0015", "phone": "*4567", "died_on": "2021-07-12"}'
    """
    return _TOKEN.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    if found["spared"]:
        return found[0]
    return "*" + "".join(sign for sign in found[0] if sign.isalnum())[-_SHOWN:]
