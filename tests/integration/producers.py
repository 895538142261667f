"""A generator of producers: every way of writing records that a broker takes, put together by a seed."""

import itertools
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tests.crafted import CODECS, Raw

DAY = datetime(2021, 7, 12, 10, tzinfo=UTC)

TIMES = {
    "now": lambda: int(time.time() * 1000),
    "zero": lambda: 0,
    "none": lambda: -1,
    "negative": lambda: -86_400_000,
    "seconds": lambda: int(time.time()),
    "microseconds": lambda: int(time.time() * 1_000_000),
    "nanoseconds": time.time_ns,
}
HEADERS: dict[str, Sequence[tuple[bytes, bytes | None]]] = {
    "none": (),
    "plain": ((b"trace", b"1"), (b"\xd0\xb6\xd3\x99\xd1\x80", b"\xd0\xb4\xd0\xb5\xd0\xbc")),
    "a name that is not UTF-8": ((b"caf\xe9", b"1"),),
    "a name of half a surrogate": ((b"\xed\xa0\x80", b"1"),),
    "a value that is not UTF-8": ((b"trace", b"\xff\xfe"),),
    "no value": ((b"trace", None), (b"", None)),
    "twice": ((b"trace", b"1"), (b"trace", b"2"), (b"Trace", b"3")),
    "an empty name": ((b"", b""), (b"trace", b"")),
    "many": tuple((b"h%d" % number, b"x" * 20) for number in range(300)),
}
KEYS = {"none": None, "empty": b"", "text": "қазақ".encode(), "binary": b"\x00\xff\xfe\r\n"}
SIZES = {"small": 0, "large": 200_000, "as large as a broker takes": 1_000_000}
TRANSACTIONS = ("none", "committed", "aborted")
SPELLINGS = ("event", "event without time", "empty", "null", "junk")
"""What the value is: good, or one of the ways in which it is none."""

_AXES: dict[str, tuple[Any, ...]] = {
    "codec": tuple(CODECS),
    "transaction": TRANSACTIONS,
    "time": tuple(TIMES),
    "headers": tuple(HEADERS),
    "key": tuple(KEYS),
    "size": tuple(SIZES),
    "spelling": SPELLINGS,
    "stamp": ("producer's", "broker's"),
    "records": (1, 2, 5),
}

TOPICS = {"producer's": "registry.death-registered.v1", "broker's": "registry.entitlement-revoked.v1"}
"""By who stamps the records with their times."""
EVENTS = {
    "producer's": {"iin": "850101300015", "died_on": "2021-07-12"},
    "broker's": {"iin": "850101300015", "record_id": "A-17"},
}


@dataclass(frozen=True)
class Combination:
    """One batch as one producer writes it; `records` say how many stand in it."""

    codec: str
    transaction: str
    time: str
    headers: str
    key: str
    size: str
    spelling: str
    stamp: str
    records: int
    number: int = 0
    ids: tuple[str, ...] = ()
    elsewhere: str | None = None

    def raw(self) -> list[Raw]:
        """The records as bytes. Timestamps differ within a batch."""
        base = TIMES[self.time]()
        return [
            Raw(KEYS[self.key], self._value(name), self._headers(name), base if base <= 0 else base + n)
            for n, name in enumerate(self.ids)
        ]

    @property
    def topic(self) -> str:
        """Where it is sent."""
        return self.elsewhere or TOPICS[self.stamp]

    def to(self, topic: str) -> "Combination":
        """The same for another topic, with ids of its own."""
        return replace(self, elsewhere=topic, ids=tuple(f"{name}-{topic}" for name in self.ids))

    def _headers(self, name: str) -> list[tuple[bytes, bytes | None]]:
        attributes = {"specversion": "1.0", "id": name, "source": "registry"}
        attributes["type"] = f"kz.jardem.{self.topic}"
        if self.spelling != "event without time":
            attributes["time"] = DAY.isoformat()
        known: list[tuple[bytes, bytes | None]] = [
            (b"ce_" + key.encode(), value.encode()) for key, value in attributes.items()
        ]
        return [*HEADERS[self.headers], *known]

    def _value(self, name: str) -> bytes | None:
        match self.spelling:
            case "empty":
                return b""
            case "null":
                return None
            case "junk":
                return f"no JSON {name}".encode().ljust(SIZES[self.size] // self.records, b"\xff")
            case _:
                return json.dumps(EVENTS[self.stamp]).encode().ljust(SIZES[self.size] // self.records)

    @property
    def readable(self) -> bool:
        """Whether there is an event in it, and it is known when it happened."""
        timed = self.time == "now" or self.stamp == "broker's"
        return self.spelling == "event" or (self.spelling == "event without time" and timed)


def combinations(seed: int, count: int) -> list[Combination]:
    """So many at least: first each pair of any two choices, then others by chance; in any order."""
    chance = random.Random(seed)  # noqa: S311 - a seed is to give the same again
    found = list(_pairs(chance))
    while len(found) < count:
        found.append(_any(chance))
    chance.shuffle(found)
    return [
        Combination(
            **chosen, number=number, ids=tuple(f"{seed}-{number}-{n}" for n in range(chosen["records"]))
        )
        for number, chosen in enumerate(found)
    ]


def _any(chance: random.Random) -> dict[str, Any]:
    return {axis: chance.choice(choices) for axis, choices in _AXES.items()}


def _pairs(chance: random.Random) -> Iterator[dict[str, Any]]:
    """As few as chance allows, in which every two choices of two axes meet."""
    open_pairs = {
        ((one, first), (other, second))
        for one, other in itertools.combinations(_AXES, 2)
        for first in _AXES[one]
        for second in _AXES[other]
    }
    while open_pairs:
        best: dict[str, Any] = {}
        met: set[Any] = set()
        for _ in range(30):
            chosen = _any(chance) | dict(chance.choice(sorted(open_pairs, key=str)))
            pairs = set(itertools.combinations(((axis, chosen[axis]) for axis in _AXES), 2))
            if len(pairs & open_pairs) > len(met):
                best, met = chosen, pairs & open_pairs
        open_pairs -= met
        yield best
