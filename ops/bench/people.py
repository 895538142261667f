"""Made-up persons, and a log into which records about them are put."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from schemas.base import Event
from schemas.cloudevents import encode, wrap
from schemas.values import check_iin
from streams.records import Record

_PARTITIONS = 4


@dataclass(slots=True)
class Log:
    """Where records are put: each into a partition by its key, at the next offset of it."""

    ends: Counter[tuple[str, int]] = field(default_factory=Counter)

    def record(self, topic: str, key: str, event: Event, at: datetime, id_: str, source: str) -> Record:
        """The event as it stands in its topic."""
        partition = sum(key.encode()) % _PARTITIONS
        headers, value = encode(wrap(event, id_=id_, source=source, time=at, extensions={}))
        offset = self.ends[topic, partition]
        self.ends[topic, partition] += 1
        return Record(topic, partition, offset, at, key.encode(), value, headers)


@dataclass(frozen=True, slots=True)
class Somebody:
    """A made-up person: nobody is meant."""

    iin: str
    phone: str
    iban: str


def somebody(number: int) -> Somebody:
    """The person with this number; each IIN is right by its check digit."""
    for birth in range(3):
        eleven = f"{(number * 7919 + birth) % 90 + 10:02d}{number % 12 + 1:02d}{number % 28 + 1:02d}"
        eleven += f"{number % 4 + 3}{number // 4 % 10_000:04d}"
        for check in "0123456789":
            try:
                iin = check_iin(eleven + check)
            except ValueError:
                continue
            return Somebody(iin, f"+7701{number:07d}", _iban(number))
    return somebody(number + 1_000_003)


def _iban(number: int) -> str:
    account = f"125KZT{number:010d}"
    digits = "".join(str(int(sign, 36)) for sign in account + "KZ00")
    return f"KZ{98 - int(digits) % 97:02d}{account}"
