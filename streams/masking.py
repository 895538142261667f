"""What may not be seen in a log: fields marked as personal, and numbers that name somebody in a text."""

import re
from functools import cache
from typing import Any

from pydantic import BaseModel
from structlog.typing import EventDict, WrappedLogger

from schemas.catalogue import CARRIER_EVENTS, CASE_EVENTS, LINE_EVENTS, PUBLIC_IN, PUBLIC_OUT
from schemas.marks import marked_fields

HIDDEN = "*"

_NUMBER = re.compile(
    r"(?<![0-9A-Za-z-])(?:"
    r"[0-9]{12}"  # an IIN
    r"|\+[0-9]{10,15}|[78]7[0-9]{9}"  # a phone
    r"|KZ[0-9]{2}(?:[ -]?[0-9A-Z]{4}){4}"  # an IBAN
    r")(?![0-9A-Za-z])",
    re.IGNORECASE,
)


@cache
def personal_names() -> frozenset[str]:
    """The names of all fields of events that are marked as personal."""
    known = {**PUBLIC_IN, **PUBLIC_OUT, **CASE_EVENTS, **LINE_EVENTS, **CARRIER_EVENTS}
    return frozenset(name for model in known.values() for name in marked_fields(model))


def masked_text(text: str) -> str:
    """A text without IINs, phones and IBANs.

    >>> masked_text("850101300015, +77010000001 at sms.inbox.v1[3]@81")
    '*, * at sms.inbox.v1[3]@81'
    """
    return _NUMBER.sub(HIDDEN, text)


def mask(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A processor of structlog: hides what is marked, and what looks like a number of somebody's."""
    return {name: _masked(name, value) for name, value in event.items()}


def _masked(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever is logged
    if name in personal_names() and value is not None:
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): _masked(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", each) for each in value]
    return masked_text(str(value))
