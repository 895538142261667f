"""JSON as producers write it: what may stand before it, and what is refused in it though parsers take it."""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

import orjson

_BOM = b"\xef\xbb\xbf"
_OTHER_MARKS = (
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_MAGIC = b"\0"
_SCHEMA_ID = len(_MAGIC) + 4
_DEEPEST = 100
_UNSURE = object()
_TOO_DEEP = f"nested too deeply: at most {_DEEPEST} objects and lists in one another are read"


class NotJSONError(ValueError):
    """The bytes are no JSON that is read here. The message says why in a few words and repeats nothing."""


def bare(value: bytes) -> bytes:
    """The JSON alone: without a schema registry's five bytes (a zero, the schema's id) and without a BOM.

    What stands behind five such bytes and is no object is left as it is, for `read_json` to refuse.

    >>> bare(bytes([0, 0, 0, 0, 7]) + b'{"iin": 1}')
    b'{"iin": 1}'
    """
    if value.startswith(_MAGIC):
        behind = value[_SCHEMA_ID:].removeprefix(_BOM)
        return behind if behind.lstrip(b" \t\r\n").startswith(b"{") else value
    return value.removeprefix(_BOM)


def read_json(text: bytes) -> object:
    """The content of bare JSON in UTF-8.

    Refused is also what others may read otherwise than we do: a name that stands twice in an object, numbers
    that are none or that no double holds, half a surrogate pair, and what is nested too deeply. Raises
    `NotJSONError`.

    >>> read_json(b'{"iban": null}')
    {'iban': None}
    >>> read_json(b'{"iban": null, "iban": 1}')
    Traceback (most recent call last):
    schemas.json_text.NotJSONError: a name stands twice in one object
    """
    content = _as_we_write(text)
    if content is not _UNSURE:
        return content
    for mark, encoding in _OTHER_MARKS:
        if text.startswith(mark):
            raise NotJSONError(f"{encoding}, and only UTF-8 is read")
    if b"\0" in text:
        raise NotJSONError("zero bytes, as UTF-16, Avro and Protobuf have them; only UTF-8 JSON is read")
    content = _parsed(text)
    if _may_be_deep(text):
        _check_depth(content)
    if b"\\u" in text:
        # Only an escape can name half a pair, and writing it finds it.
        write_json(content)
    return content


def _as_we_write(text: bytes) -> object:
    """The content of what our own writers have written, at a third of the cost of reading it strictly.

    Written again it is the same bytes. So no name stands in it twice, and none of its numbers and signs can
    be read otherwise. Anything else is left for the strict reader.
    """
    if _may_be_deep(text):
        return _UNSURE
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _UNSURE
    return content if orjson.dumps(content) == text else _UNSURE


def _may_be_deep(text: bytes) -> bool:
    return text.count(b"[") + text.count(b"{") > _DEEPEST


def write_json(content: object) -> bytes:
    """Content that `read_json` gave, as compact JSON. Raises `NotJSONError` for half a surrogate pair."""
    try:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise NotJSONError("half a surrogate pair, which is no character") from None


def _parsed(text: bytes) -> object:
    try:
        return _DECODER.decode(text.decode("utf-8"))
    except NotJSONError:
        raise
    except UnicodeDecodeError:
        raise NotJSONError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotJSONError(f"{error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise NotJSONError(_TOO_DEEP) from None
    except ValueError:
        raise NotJSONError("a number with too many digits") from None


def _check_depth(content: object) -> None:
    level = [content]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)]
        if not level:
            return
    raise NotJSONError(_TOO_DEEP)


def _inside(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise NotJSONError("a name stands twice in one object")
    return content


def _no_constant(_: str) -> NoReturn:
    raise NotJSONError("NaN and Infinity, which JSON does not have")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise NotJSONError("a number beyond what a double holds")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)
