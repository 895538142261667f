"""What operators send back from the dead letters: where it came from, and whether it may go there again."""

from collections.abc import Sequence
from dataclasses import replace

from schemas.catalogue import PUBLIC_IN
from sms.sending import daily_number
from streams.dead_letters import OFFSET, OURS, PARTITION, TIMESTAMP, TOPIC, UnreadableRecordError
from streams.records import Outgoing, Record, instant
from streams.topics import CASE_INBOX, SMS_INBOX, SMS_OUTBOX

INBOXES = (CASE_INBOX, SMS_INBOX, SMS_OUTBOX)


def as_it_was(record: Record) -> Record:
    """The record as it stood in the topic that it came from first, with its own headers alone.

    Raises `UnreadableRecordError` where it does not say which that was.
    """
    told = dict(record.headers)
    topic = told.get(TOPIC, b"").decode("ascii", "replace")
    if not topic:
        raise UnreadableRecordError(f"{TOPIC}: a redriven record says which topic it came from")
    kept = [number for number, (name, _) in enumerate(record.headers) if name not in OURS]
    milliseconds = _whole(told.get(TIMESTAMP), record.milliseconds)
    return replace(
        record,
        topic=topic,
        partition=_whole(told.get(PARTITION), record.partition),
        offset=_whole(told.get(OFFSET), record.offset),
        timestamp=instant(milliseconds),
        bare_timestamp=milliseconds,
        headers=tuple(record.headers[number] for number in kept),
        null_headers=frozenset(place for place, number in enumerate(kept) if number in record.null_headers),
    )


def put_back(former: Record) -> Sequence[Outgoing]:
    """The record for the inbox that it came from, byte for byte; nothing where it came in from outside.

    What was said to each partition goes to its own. Raises `UnreadableRecordError` where it came from a topic
    from which nothing is taken.
    """
    if former.topic in PUBLIC_IN:
        return []
    if former.topic not in INBOXES:
        raise UnreadableRecordError(
            f"{TOPIC}: nothing is taken back from this topic: only what came in from outside, and what stood "
            f"in {', '.join(INBOXES)}"
        )
    return [
        Outgoing(
            former.topic,
            former.key,
            former.value,
            former.headers,
            partition=former.partition if former.key == daily_number.KEY else None,
            null_headers=former.null_headers,
        )
    ]


def _whole(told: bytes | None, otherwise: int | None) -> int:
    try:
        return int(told or b"")
    except ValueError:
        return -1 if otherwise is None else otherwise
