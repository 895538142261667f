"""Dead letters: what could not be read goes to its own topic, byte for byte, with where it came from."""

import hashlib
from dataclasses import replace
from enum import StrEnum

from streams.records import LARGEST_RECORD, NotUnpacked, Outgoing, Record

DEAD_LETTERS = "dead-letter.v1"
REDRIVEN_LETTERS = "intake.redriven.v1"

REASON = "jardem_reason"
TOPIC = "jardem_topic"
PARTITION = "jardem_partition"
OFFSET = "jardem_offset"
TIMESTAMP = "jardem_timestamp"
FORM = "jardem_form"
LAST_OFFSET = "jardem_last_offset"
CUT = "jardem_cut"
REDRIVEN = "jardem_redriven"
OURS = frozenset({REASON, TOPIC, PARTITION, OFFSET, TIMESTAMP, FORM, LAST_OFFSET, CUT, REDRIVEN})
PLACE = (TOPIC, PARTITION, OFFSET, TIMESTAMP)
"""What says where a dead letter came from. A redriven record bears it too."""

LARGEST_LETTER = LARGEST_RECORD - 64 * 1024


class Why(StrEnum):
    """The kinds of reasons for which a record becomes a dead letter, to count them by."""

    ENVELOPE = "envelope"
    """It is no CloudEvent."""
    EVENT = "event"
    """Its type is not read there, or its data is wrong."""
    KEY = "key"
    """It has no key or no value, or its key names nobody."""
    REFUSED = "refused"
    """It can be read, but not acted upon: a signature that is wrong, a draft that there is not."""
    RAISED = "raised"
    """Our code failed on it."""
    TOO_LARGE = "too_large"
    """What it causes is larger than our topics take."""
    NOT_UNPACKED = "not_unpacked"
    """Its batch cannot be unpacked."""


class UnreadableRecordError(Exception):
    """A record that cannot be read.

    The reason goes to a header of the dead letter, so it must not quote the record: no IIN, phone or IBAN.
    """

    def __init__(self, reason: str, why: Why = Why.EVENT) -> None:
        super().__init__(reason)
        self.reason = reason
        self.why = why


def dead_letter(record: Record, reason: str) -> Outgoing:
    """The record unchanged, with five headers more: why, and where it stood.

    `jardem_timestamp` is in milliseconds UTC, as it stands in the log; -1 is Kafka's way to say none.

    Headers of an earlier journey through the dead letters are replaced, but for what a redriven record says
    of the topic that it came from first: it can be redriven again, and `jardem_redriven` says where it stood
    when it failed last.
    """
    kept = [number for number, (name, _) in enumerate(record.headers) if name not in OURS]
    headers = [record.headers[number] for number in kept] + _place(record, reason, record.milliseconds)
    nulls = frozenset(place for place, number in enumerate(kept) if number in record.null_headers)
    if record.topic == REDRIVEN_LETTERS:
        first = {name: value for name, value in record.headers if name in PLACE}
        headers = [(name, first.get(name, value)) for name, value in headers]
        headers.append((REDRIVEN, record.position.encode()))
    # aiokafka sends no record without key and value; an empty value stands for both missing.
    value = b"" if record.key is None and record.value is None else record.value
    return _fitting(Outgoing(DEAD_LETTERS, record.key, value, tuple(headers), null_headers=nulls))


def packed_dead_letter(item: NotUnpacked) -> Outgoing:
    """What could not be unpacked, as its bytes stand in the log, with seven headers and perhaps `jardem_cut`.

    The five of every dead letter, `jardem_form` (`record` or `batch`), and `jardem_last_offset`: a batch
    stands for all records from `jardem_offset` on up to there.
    """
    headers = [
        *_place(item, item.reason, item.bare_timestamp),
        (FORM, item.form.encode()),
        (LAST_OFFSET, str(item.last_offset).encode()),
    ]
    if item.missing:
        headers.append((CUT, item.missing.encode()))
    return _fitting(Outgoing(DEAD_LETTERS, None, item.data, tuple(headers)))


def _place(item: Record | NotUnpacked, reason: str, milliseconds: int | None) -> list[tuple[str, bytes]]:
    return [
        (REASON, reason.encode()),
        (TOPIC, item.topic.encode()),
        (PARTITION, str(item.partition).encode()),
        (OFFSET, str(item.offset).encode()),
        (TIMESTAMP, str(-1 if milliseconds is None else milliseconds).encode()),
    ]


def _fitting(letter: Outgoing) -> Outgoing:
    """The letter, cut where the dead letters' topic would not take it; `jardem_cut` says what is missing.

    Whoever owns a public topic may let it have larger records than we do. The whole of it stands where it
    came from, for as long as that topic keeps it.
    """
    if letter.size <= LARGEST_LETTER:
        return letter
    value = letter.value or b""
    missing = f"the value had {len(value)} bytes, SHA-256 {hashlib.sha256(value).hexdigest()}"
    if replace(letter, value=b"").size > LARGEST_LETTER // 2:
        ours = tuple(header for header in letter.headers if header[0] in OURS)
        letter = replace(letter, key=None, headers=ours, null_headers=frozenset())
        missing += "; key and headers are left out"
    letter = replace(letter, headers=(*letter.headers, (CUT, missing.encode())))
    return replace(letter, value=value[: LARGEST_LETTER - replace(letter, value=b"").size])
