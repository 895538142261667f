"""The one way in which a value is written as bytes where a digest or a signature is to be made over it.

RFC 8785 (JCS) for what we have of JSON: names in ASCII, whole numbers, no fractions. There the writer gives
what the RFC asks for, and everything that it would write otherwise is refused.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from schemas.base import Model

_LARGEST = 2**53 - 1
"""The last whole number that every reader of JSON keeps as it is."""


class NotCanonicalError(ValueError):
    """The value has no canonical bytes here; the message says why and repeats nothing of it."""


def canonical(value: Mapping[str, Any]) -> bytes:
    r"""The canonical bytes of a JSON object. Raises `NotCanonicalError`.

    >>> canonical({"ru": "да", "count": 2, "at": None})
    b'{"at":null,"count":2,"ru":"\xd0\xb4\xd0\xb0"}'
    >>> canonical({"share": 0.5})
    Traceback (most recent call last):
    schemas.canonical.NotCanonicalError: a number that is not whole
    """
    _check(value)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # All else that it does not write was refused before.
        raise NotCanonicalError("half a surrogate pair, which is no character") from None


def digest(value: Mapping[str, Any]) -> str:
    """The SHA-256 of the canonical bytes, in lower-case hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def text_digest(text: str) -> str:
    """The SHA-256 of a text's UTF-8, in lower-case hex.

    >>> text_digest("")[:16]
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def data_of(value: Model) -> dict[str, Any]:
    """The content of a model as it is sent: every field under its written name, null ones too."""
    return value.model_dump(mode="json", by_alias=True)


def _check(value: object) -> None:
    """Refuse what is not of the JSON that we have. What there is most of, texts and objects, comes first."""
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str) or not name.isascii():
                raise NotCanonicalError("a name that is not ASCII")
            if type(item) is not str:
                _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    else:
        _check_number(value)


def _check_number(value: object) -> None:
    if isinstance(value, float):
        raise NotCanonicalError("a number that is not whole")
    if not isinstance(value, int):
        raise NotCanonicalError("a value that JSON does not have")
    if abs(value) > _LARGEST:
        raise NotCanonicalError("a number beyond what a double keeps")
