"""The names under which users are known. They travel in events and stand in the audit."""

import re

TOKEN = "token:"  # noqa: S105 - the beginning of a name
"""With which the names of API tokens begin, and no user's."""

_IIN = re.compile(r"[0-9]{12}")
_LONGEST = 200


def check_name(text: str) -> str:
    """The name of a user. Raises `ValueError`, which does not repeat it.

    >>> check_name("aigul")
    'aigul'
    >>> check_name("870412300415@gov.kz")
    Traceback (most recent call last):
    ValueError: a name must not hold an IIN, since it travels in events
    """
    if not text or len(text) > _LONGEST or text != text.strip() or not text.isprintable():
        raise ValueError(f"a name has 1 to {_LONGEST} characters, no blanks around it, no control characters")
    if _IIN.search(text):
        raise ValueError("a name must not hold an IIN, since it travels in events")
    if text.startswith(TOKEN):
        raise ValueError(f"names that begin with {TOKEN} are those of API tokens")
    return text
