"""Recognises which of the citizens' texts a message is, so that a scripted citizen knows what it asks."""

import re
from functools import cache

from sms.catalogues import load_texts

# Two asterisks mask an account, one an IIN.
_TAIL = re.compile(r"(?<!\*)\*(\d{4})")


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    found = []
    for catalogue in load_texts().catalogues.values():
        for key, text in catalogue.items():
            parts = re.split(r"\{\w+\}", text)
            found.append((key, re.compile(".*".join(re.escape(part) for part in parts), re.DOTALL)))
    return sorted(found, key=lambda pair: -len(pair[1].pattern))


def kind_of(text: str) -> str | None:
    """The key of the text, in whichever language, or None."""
    return next((key for key, pattern in _patterns() if pattern.search(text)), None)


def iin_tail(text: str) -> str | None:
    """The last digits of the IIN that the message is about, if it says so."""
    found = _TAIL.search(text)
    return found[1] if found else None
