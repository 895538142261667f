"""Dead letters: what could not be read goes to its own topic, byte for byte, with where it came from."""

from datetime import UTC, datetime, timedelta

from streams.records import Outgoing, Record

DEAD_LETTERS = "dead-letter.v1"

REASON = "jardem_reason"
TOPIC = "jardem_topic"
PARTITION = "jardem_partition"
OFFSET = "jardem_offset"
TIMESTAMP = "jardem_timestamp"
OURS = frozenset({REASON, TOPIC, PARTITION, OFFSET, TIMESTAMP})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(Exception):  # noqa: N818 - it says what the record is, not what went wrong in us
    """A record that cannot be read.

    The reason goes to a header of the dead letter, so it must not quote the record: no IIN, phone or IBAN.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def dead_letter(record: Record, reason: str) -> Outgoing:
    """The record unchanged, with five headers more: why, and where it stood.

    `jardem_timestamp` is in milliseconds UTC.

    Headers of an earlier journey through the dead letters are replaced, so that a redriven record says where
    it failed last.
    """
    milliseconds = (record.timestamp - _EPOCH) // timedelta(milliseconds=1)
    headers = [(name, value) for name, value in record.headers if name not in OURS]
    headers += [
        (REASON, reason.encode()),
        (TOPIC, record.topic.encode()),
        (PARTITION, str(record.partition).encode()),
        (OFFSET, str(record.offset).encode()),
        (TIMESTAMP, str(milliseconds).encode()),
    ]
    # Kafka takes no record without key and value; an empty value stands for both missing.
    value = b"" if record.key is None and record.value is None else record.value
    return Outgoing(DEAD_LETTERS, record.key, value, tuple(headers))
