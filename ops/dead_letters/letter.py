"""One dead letter: where it stands, where it came from, why it could not be read, and what may be done."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ops.dead_letters.errors import AskedWronglyError
from schemas.catalogue import PUBLIC_IN
from streams import dead_letters
from streams.dead_letters import DEAD_LETTERS
from streams.records import Record, instant
from streams.topics import CASE_INBOX, SMS_INBOX, SMS_OUTBOX

_TOPIC = re.escape(DEAD_LETTERS)
_PLACE = re.compile(rf"(?:(?:{_TOPIC}/)?(?P<partition>[0-9]{{1,9}})/)?(?P<offset>[0-9]{{1,18}})")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a dead letter stands in its topic."""

    partition: int
    offset: int

    @property
    def id(self) -> str:
        """As acts name it: `dead-letter.v1/PARTITION/OFFSET`."""
        return f"{DEAD_LETTERS}/{self.partition}/{self.offset}"


def place_from(text: str) -> Place:
    """The place that was typed: the whole id, PARTITION/OFFSET, or OFFSET. Raises `AskedWronglyError`.

    >>> place_from("dead-letter.v1/0/12").id, place_from("12").id
    ('dead-letter.v1/0/12', 'dead-letter.v1/0/12')
    """
    found = _PLACE.fullmatch(text.strip())
    if found is None:
        raise AskedWronglyError(
            f"ID is no id of a dead letter ({DEAD_LETTERS}/PARTITION/OFFSET): "
            "jardem dead-letters list shows them"
        )
    return Place(int(found["partition"] or 0), int(found["offset"]))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter as it was read.

    `topic`, `partition`, `offset` and `came_at` (UTC, None where the record bore no time) say where it came
    from first, `reason` why it could not be read there, and `redriven_at` where it stood when it was sent
    back and failed again. `form` is what could not be unpacked (`record`, `batch`), `cut` what is missing.
    `size` is its value's, in bytes.
    """

    place: Place
    record: Record
    reason: str
    topic: str
    partition: str
    offset: str
    came_at: datetime | None
    redriven_at: str | None
    form: str | None
    cut: str | None
    size: int

    @property
    def letter_at(self) -> datetime | None:
        """When it became a dead letter, in UTC."""
        return self.record.timestamp

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """The record's own headers."""
        return [(name, value) for name, value in self.record.headers if name not in dead_letters.OURS]

    @property
    def obstacle(self) -> str | None:
        """Why it cannot be sent back; None where it can."""
        if self.form is not None:
            return f"it is a {self.form} that could not be unpacked: whoever published it has to do so again"
        if self.cut is not None:
            return f"it is cut ({self.cut}): the whole of it stands where it came from, if anywhere"
        if self.topic not in (*PUBLIC_IN, CASE_INBOX, SMS_INBOX, SMS_OUTBOX):
            return "it came from a topic from which nothing is taken back"
        return None


def letter_from(record: Record) -> DeadLetter:
    """The dead letter that a record of the dead letters' topic is."""
    told = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    milliseconds = told.get(dead_letters.TIMESTAMP, "")
    return DeadLetter(
        place=Place(record.partition, record.offset),
        record=record,
        reason=told.get(dead_letters.REASON, ""),
        topic=told.get(dead_letters.TOPIC, ""),
        partition=told.get(dead_letters.PARTITION, ""),
        offset=told.get(dead_letters.OFFSET, ""),
        came_at=instant(int(milliseconds)) if milliseconds.lstrip("-").isdecimal() else None,
        redriven_at=told.get(dead_letters.REDRIVEN),
        form=told.get(dead_letters.FORM),
        cut=told.get(dead_letters.CUT),
        size=len(record.value or b""),
    )
