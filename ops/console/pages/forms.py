"""What forms and addresses bring along, read as text; and what a list's address becomes on its next page."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import Request

from ops.console.acts import BadActError
from ops.console.words import Words
from schemas.times import read_day

_SPARED = re.compile(
    r"[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?<![0-9])(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}\.[0-9]{2}\.[0-9]{4})"
    r"(?:[T ][0-9]{2}:[0-9]{2})?(?![0-9])",
    re.IGNORECASE,
)
"""Ids, days and times, which are no numbers of anybody."""
_BETWEEN = r"[\s().+/\u2010-\u2015-]{0,3}"
_NAMING = re.compile(rf"\d(?:{_BETWEEN}\d){{9}}|KZ{_BETWEEN}\d\d(?:{_BETWEEN}[0-9A-Z]){{16}}", re.IGNORECASE)
"""An IIN, a phone number or an account of Kazakhstan in a sentence, however it is written."""


class BadFieldError(ValueError):
    """A field holds what it can't hold. `key` is that of the page's words."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


async def fields_of(request: Request) -> dict[str, str]:
    """The text fields of a form; a field that stands twice counts as it stood last."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


def new_form_id() -> str:
    """What makes a form one of its kind: sent twice, it is one act."""
    return str(uuid4())


def complaint(words: Words, error: BadActError | BadFieldError) -> str:
    """What is wrong, in words."""
    prefix = "bad_act." if isinstance(error, BadActError) else ""
    return words(prefix + error.key, **error.values)


def nameless(reason: str) -> str:
    """A reason that names nobody. It is kept for ever, so a number in it would be too.

    Raises `BadFieldError`, which does not repeat it.
    """
    if _NAMING.search(_SPARED.sub(" ; ", reason)):
        raise BadFieldError("form.reason_names")
    return reason


def day_in(text: str) -> date | None:
    """A day of a filter, None where it is left empty. Raises `BadFieldError`."""
    if not text.strip():
        return None
    try:
        return read_day(text.strip())
    except ValueError:
        raise BadFieldError("filter.bad_day", value=text[:40]) from None


def number_in(text: str, least: int, most: int, default: int) -> int:
    """A whole number of a filter. Raises `BadFieldError`."""
    if not text.strip():
        return default
    if not text.strip().isascii() or not text.strip().isdecimal() or not least <= int(text[:12]) <= most:
        raise BadFieldError("filter.bad_number", value=text[:40], least=least, most=most)
    return int(text)


def query_of(given: Mapping[str, str]) -> Callable[..., str]:
    """Makes a list's query: the filters that are set, with what is put beside them."""

    def query(**more: str) -> str:
        return urlencode({name: value for name, value in {**given, **more}.items() if value})

    return query
