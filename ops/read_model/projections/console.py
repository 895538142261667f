"""What operators did and looked at, and what could not be read."""

import json
import re
from datetime import date

from ops.dead_letters.letter import letter_from
from ops.read_model.changes import Told as Once
from ops.read_model.fitting import LONGEST_TEXT
from ops.read_model.masking import masked
from ops.read_model.projections.reading import Changes, Means, Told, is_uuid
from ops.read_model.tables import acts, dead_letters, looks
from schemas.audit import ConsoleAudited
from schemas.cloudevents import NotACloudEventError, decode
from schemas.json_text import NotJSONError, read_json
from schemas.operators import OperatorActed
from streams.dead_letters import OFFSET, OURS, PARTITION, REASON, TIMESTAMP, TOPIC
from streams.records import NotUnpacked, Record, instant

_OBJECT = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9a-f]{64}"
    r"|[0-9a-f]{64}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|dead-letter\.v1/[0-9]{1,9}/[0-9]{1,18}"
)
_PSEUDONYM = re.compile(r"[0-9a-f]{64}")
_PARTITION_DIGITS = 9


def acted(told: Told, means: Means) -> Changes:
    """An operator's act. Reasons, names and details may name somebody, so they are sealed."""
    act = told.data(OperatorActed)
    id_ = means.nameless(told.event.id)
    yield Once(
        acts,
        {
            "act_id": id_,
            "act": act.act,
            "object_kind": act.object.kind,
            "object_id": _object_id(act.object.id, means),
            "person_id": act.person_id,
            "reason": means.seal(acts, "reason", id_, act.reason),
            "operator": means.seal(acts, "operator", id_, act.operator),
            "details": means.seal(acts, "details", id_, json.dumps(act.details, sort_keys=True)),
            "at": told.event.time,
        },
    )


def _object_id(id_: str, means: Means) -> str:
    return id_ if _OBJECT.fullmatch(id_) else means.nameless(id_)


def audited(told: Told, means: Means) -> Changes:
    """A look or an act in the console."""
    look = told.data(ConsoleAudited)
    id_ = told.event_id
    yield Once(
        looks,
        {
            "look_id": id_,
            "who_id": means.pseudonyms.id(look.who),
            "who": means.seal(looks, "who", id_, look.who),
            "role": look.role,
            "what": look.what,
            "act_id": None if look.act_id is None else means.nameless(look.act_id),
            "person_id": look.person_id,
            "case_id": look.case_id if look.case_id and is_uuid(look.case_id) else None,
            "at": look.at,
        },
    )


def dead_letter(item: Record | NotUnpacked, means: Means) -> Changes:
    """A record that could not be read: all that came with it is sealed, since nobody knows what is in it."""
    headers = dict(item.headers) if isinstance(item, Record) else {}
    value = item.value if isinstance(item, Record) else item.data
    topic, partition, offset = (_text(headers, name) for name in (TOPIC, PARTITION, OFFSET))
    id_ = f"{item.topic}/{item.partition}/{item.offset}"
    source, day = _whence(item, means)
    milliseconds = _number(_text(headers, TIMESTAMP))
    yield Once(
        dead_letters,
        {
            "letter_id": id_,
            "position": item.offset,
            "topic": masked(topic or item.topic)[:LONGEST_TEXT],
            "partition": _number(partition, _PARTITION_DIGITS) or 0,
            "offset": _number(offset) or 0,
            "reason": masked(_text(headers, REASON) or getattr(item, "reason", ""))[:LONGEST_TEXT],
            "at": instant(milliseconds),
            "size": len(value or b""),
            "redrivable": int(isinstance(item, Record) and letter_from(item).obstacle is None),
            "source": source,
            "day": day,
            "key": means.seal(dead_letters, "key", id_, getattr(item, "key", None)),
            "headers": means.seal(dead_letters, "headers", id_, _headers(item)),
            "value": means.seal(dead_letters, "value", id_, value),
            "whose": _whose(item, means),
        },
    )


def _whose(item: Record | NotUnpacked, means: Means) -> str | None:
    """Whom it is about, as far as its key or its data say so: a person's pseudonym, or a number's."""
    if not isinstance(item, Record):
        return None
    key = (item.key or b"").decode("utf-8", "replace")
    if _PSEUDONYM.fullmatch(key):
        return key
    return means.whose({"iin": key}) or means.whose(_data(item))


def _data(record: Record) -> object:
    try:
        return read_json(decode(record.value, _own(record), timestamp=record.timestamp).data)
    except (NotACloudEventError, NotJSONError):
        return None


def _whence(item: Record | NotUnpacked, means: Means) -> tuple[str | None, date | None]:
    """Whose event it is and of which day, as a registry counts it, where that can be told."""
    if not isinstance(item, Record):
        return None, None
    try:
        event = decode(item.value, _own(item), timestamp=item.timestamp)
    except NotACloudEventError:
        return None, None
    return means.nameless(event.source), event.time.date()


def _own(record: Record) -> list[tuple[str, bytes]]:
    return [(name, content) for name, content in record.headers if name not in OURS]


def _headers(item: Record | NotUnpacked) -> str:
    found = item.headers if isinstance(item, Record) else ()
    return json.dumps([[name, content.decode("utf-8", "backslashreplace")] for name, content in found])


def _text(headers: dict[str, bytes], name: str) -> str:
    """A header of ours. Whoever forges one gets no zero byte into a database that takes none."""
    return headers.get(name, b"").decode("utf-8", "replace").replace("\0", "\ufffd")


def _number(written: str, digits: int = 18) -> int | None:
    return int(written) if re.fullmatch(rf"[0-9]{{1,{digits}}}", written) else None
