"""CloudEvents as HTTP brings them: binary, structured and in batches (its HTTP binding, and its JSON)."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from ops.http_intake.log import Identity
from ops.http_intake.remembered import DIGEST
from schemas.cloudevents import JSON, STRUCTURED, CloudEvent, NotACloudEventError, decode
from schemas.json_text import NotJSONError, read_json, write_json
from streams.registry_signatures import EXTENSION

BATCH = "application/cloudevents-batch+json"
MEDIA = (JSON, STRUCTURED, BATCH)
"""The content types that are read: binary mode, structured mode, and a batch of structured ones."""

LARGEST_EVENT = 900_000
"""Bytes of one event. Brokers take a million, with the headers."""
LARGEST_BATCH = 4 * 1024 * 1024
"""Bytes of a batch."""
MOST_IN_A_BATCH = 1000
"""Events of a batch."""

_ATTRIBUTE, _EVENT_HEADER = "ce-", "ce_"
_TRACE = "traceparent"
_NAMED = ("id", "source", "type", "time", "specversion", "datacontenttype", EXTENSION)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_NOT_DECODED = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be mended, and where. It repeats nothing of what came."""

    field: str
    message: str


class RefusedError(Exception):
    """An event that is not taken: the answer's status, a line that says why, and what is to be mended."""

    def __init__(self, status: int, detail: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.problems = tuple(problems)


def read_one(media: str, headers: Iterable[tuple[str, str]], body: bytes, now: datetime) -> CloudEvent:
    """An event in binary or structured mode; `now` is its time where it names none. Raises `RefusedError`."""
    if len(body) > LARGEST_EVENT:
        raise RefusedError(413, f"the event is larger than {LARGEST_EVENT} bytes")
    if media == STRUCTURED:
        return _decoded(body, [("content-type", STRUCTURED)], now)
    written = [("content-type", JSON)]
    for name, text in headers:
        low = name.lower()
        if low.startswith(_ATTRIBUTE):
            attribute = low.removeprefix(_ATTRIBUTE)
            written.append((_EVENT_HEADER + attribute, _value(attribute, text)))
        elif low == _TRACE:
            written.append((_TRACE, text))
    return _decoded(body, written, now)


def _value(attribute: str, text: str) -> str:
    """An attribute's value as it stands in a header, as the binding has it (3.1.3.2). Raises `RefusedError`.

    Double quotes around the whole are taken off, and what is in per cent is decoded, once. Two texts never
    become one: what can't be decoded is refused.
    """
    quoted = _QUOTED.fullmatch(text)
    bare = _ESCAPED.sub(r"\1", quoted[1]) if quoted else text
    if quoted is None and '"' in text:
        raise _unreadable(attribute, "double quotes stand around the whole value, or are written %22")
    if _NOT_DECODED.search(bare):
        raise _unreadable(attribute, "a per cent sign that is none of an encoding is written %25")
    try:
        return unquote(bare, errors="strict")
    except UnicodeDecodeError:
        raise _unreadable(attribute, "what is encoded in per cent is not UTF-8") from None


def _unreadable(attribute: str, message: str) -> RefusedError:
    # A name that we don't know is the caller's, and may be anything.
    field = _ATTRIBUTE + (attribute if attribute in _NAMED else "*")
    return RefusedError(400, "a header of the event can't be read", [Problem(field, message)])


def read_batch(body: bytes, now: datetime) -> list[CloudEvent | RefusedError]:
    """The events of a batch, or why one is none. Raises `RefusedError` for what is no batch at all."""
    try:
        content = read_json(body)
    except NotJSONError as error:
        raise RefusedError(422, f"the batch is not JSON: {error}") from None
    if not isinstance(content, list) or not content:
        raise RefusedError(422, "the batch is no list of events, or an empty one")
    if len(content) > MOST_IN_A_BATCH:
        raise RefusedError(413, f"the batch has more than {MOST_IN_A_BATCH} events")
    return [_one_of_a_batch(item, now) for item in content]


def _one_of_a_batch(item: object, now: datetime) -> CloudEvent | RefusedError:
    try:
        return read_one(STRUCTURED, (), write_json(item), now)
    except RefusedError as refused:
        return refused


def _decoded(body: bytes, headers: list[tuple[str, str]], now: datetime) -> CloudEvent:
    try:
        event = decode(body, [(name, text.encode()) for name, text in headers], timestamp=now)
    except NotACloudEventError as error:
        raise RefusedError(
            422, "the event is no CloudEvent", [Problem("event", _as_http(str(error)))]
        ) from None
    except UnicodeEncodeError:
        raise RefusedError(
            422, "the event is no CloudEvent", [Problem("event", "a header is not UTF-8")]
        ) from None
    if not all(text.isprintable() for text in (event.id, event.source, event.type)):
        problem = Problem("id, source, type", "they must not hold control characters")
        raise RefusedError(422, "the event is no CloudEvent", [problem])
    return event


def _as_http(reason: str) -> str:
    """A reason in the names that a caller over HTTP knows."""
    return reason.replace("the header ce_", "the header ce-").replace("the value", "the body")


def identity(event: CloudEvent, key: bytes, now: datetime) -> Identity:
    """What it is known by. A time that we gave it, and its signature and trace, are no part of what it says.

    Under the key: a digest of an event about a person could be undone by trying all persons.
    """
    # `now` itself stands in an event that named no time.
    time = "" if event.time is now else event.time.isoformat()
    data = json.dumps(read_json(event.data), sort_keys=True, separators=(",", ":"))
    return Identity(
        _digest(key, "the id of an event by HTTP", event.source, event.id),
        _digest(key, "the content of an event by HTTP", event.type, time, data),
    )


def _digest(key: bytes, *parts: str) -> bytes:
    return hmac.digest(key, json.dumps(parts).encode(), hashlib.sha256)[:DIGEST]
