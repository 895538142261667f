"""Many open cases at once: the real state of one, written many times over into the changelogs.

The one is played by the system itself, whatever its version, and read from its changelogs as it stands there.
Each copy gets an IIN, a phone, pseudonyms and ids of its own, the same in both tables. Nothing of what is
stored is known here but that ids stand in it as text, perhaps packed.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from ops.bench.installed import PSEUDONYM_KEY
from ops.bench.load.people import Citizen, citizen
from ops.bench.offsets import partitions_of, records_of
from schemas.ids import Pseudonyms
from streams.errors import UserError
from streams.packing.packed import KNOWN, NotPackedError, pack, unpack

CHANGELOGS = ("jardem-people-changelog", "jardem-lines-changelog")
FIRST = 1_000_000
"""The number of the first citizen who is a copy; those of the load come before."""

_PSEUDONYMS = Pseudonyms(PSEUDONYM_KEY.encode())
_ZSTD = b"\x28\xb5\x2f\xfd"
_IDS = re.compile(rb"(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-)[0-9a-f]{12}")
_SIDS = re.compile(rb"(?P<sid>SM[0-9a-f]{20})[0-9a-f]{12}")
_UNDER_WAY = 16
_BATCH = 512 * 1024


class CannotCopyError(UserError):
    """What the system stores cannot be copied; the message says why."""


@dataclass(frozen=True, slots=True)
class Names:
    """What is written in a state of whose it is."""

    person: bytes
    phone_id: bytes
    iin: bytes
    phone: bytes

    @classmethod
    def of(cls, who: Citizen) -> "Names":
        """A citizen's."""
        person, phone = _PSEUDONYMS.person(who.iin), _PSEUDONYMS.phone(who.phone)
        return cls(person.encode(), phone.encode(), who.iin.encode(), who.phone.encode())


class Template:
    """A stored value of somebody, of which others' are made."""

    def __init__(self, value: bytes, names: Names) -> None:
        begins = _begin_of_packed(value)
        self._head = b"" if begins is None else value[:begins]
        self._packed = None if begins is None else value[begins]
        plain = value if begins is None else unpack(value[begins:])
        known = {names.person: "person", names.phone_id: "phone_id", names.iin: "iin", names.phone: "phone"}
        pattern = b"|".join([*(re.escape(name) for name in known), _IDS.pattern, _SIDS.pattern])
        self._slots: list[str] = []

        def slot(found: re.Match[bytes]) -> bytes:
            begin = found["uuid"] or found["sid"]
            self._slots.append("last" if begin else known[found[0]])
            return (begin or b"") + b"%b"

        self._format = re.sub(pattern, slot, plain.replace(b"%", b"%%"))
        if not self._slots:
            raise CannotCopyError(
                "a stored value bears no name or id as text: this version's states cannot be copied"
            )

    def filled(self, names: Names, number: int) -> bytes:
        """The value of somebody else; `number` makes the ids in it."""
        parts = {
            "person": names.person,
            "phone_id": names.phone_id,
            "iin": names.iin,
            "phone": names.phone,
            "last": b"%012x" % number,
        }
        value = self._format % tuple(parts[slot] for slot in self._slots)
        return value if self._packed is None else self._head + pack(value, self._packed)


def _begin_of_packed(value: bytes) -> int | None:
    """Where what is packed begins, behind what a worker reads without unpacking; None where nothing is.

    Raises `CannotCopyError` where it is packed in a way that we do not know.
    """
    frame = value.find(_ZSTD)
    if frame < 0:
        return None
    reasons = ["it is of another form"]
    for begin in reversed(range(frame)):
        if value[begin] in KNOWN:
            try:
                unpack(value[begin:])
            except NotPackedError as error:
                reasons.append(str(error))
            else:
                return begin
    raise CannotCopyError(f"a stored value cannot be unpacked: {reasons[-1]}")


@dataclass(frozen=True, slots=True)
class Prototype:
    """The stored values of one citizen's open case: of the person, and of the phone."""

    person: Template
    line: Template


async def read_prototype(kafka: str, number: int) -> Prototype:
    """What stands in the changelogs about a citizen. Raises `CannotCopyError`."""
    names = Names.of(citizen(number))
    found: list[Template] = []
    for topic, key in zip(CHANGELOGS, (names.person, names.phone_id), strict=True):
        last = None
        async for record in records_of(kafka, topic):
            if record.key == key:
                last = record.value
        if not last:
            raise CannotCopyError(f"{topic} has nothing of a citizen whose case is open")
        found.append(Template(last, names))
    return Prototype(*found)


async def write_copies(
    kafka: str, prototype: Prototype, count: int, progress: Callable[[int, int], None]
) -> int:
    """Write so many open cases into the changelogs; how many bytes their keys and values have."""
    partitions = len(await partitions_of(kafka, CHANGELOGS[0]))
    async with AIOKafkaProducer(
        bootstrap_servers=kafka, acks="all", max_batch_size=_BATCH, max_request_size=2 * _BATCH
    ) as producer:
        writer = _Writer(producer, CHANGELOGS, partitions)
        for number in range(FIRST, FIRST + count):
            names = Names.of(citizen(number))
            await writer.write(0, names.person, prototype.person.filled(names, number))
            await writer.write(1, names.phone_id, prototype.line.filled(names, number))
            if number % 1000 == 0:
                progress(number - FIRST, count)
        await writer.end()
        return writer.size


class _Writer:
    """Full batches to each partition, a few of them under way."""

    def __init__(self, producer: Any, topics: Sequence[str], partitions: int) -> None:  # noqa: ANN401 - aiokafka
        self._producer = producer
        self._topics = topics
        self._partitions = partitions
        self._batches: dict[tuple[int, int], Any] = {}
        self._under_way: deque[asyncio.Future[Any]] = deque()
        self.size = 0

    async def write(self, topic: int, key: bytes, value: bytes) -> None:
        """Put a record at the end of its partition."""
        # As Kafka's default partitioner has it, which the desks' inboxes are parted by.
        place = topic, (murmur2(key) & 0x7FFFFFFF) % self._partitions
        self.size += len(key) + len(value)
        while True:
            batch = self._batches.get(place)
            if batch is None:
                batch = self._batches[place] = self._producer.create_batch()
            if batch.append(timestamp=None, key=key, value=value) is not None:
                return
            await self._send(place)

    async def _send(self, place: tuple[int, int]) -> None:
        batch = self._batches.pop(place)
        sent = await self._producer.send_batch(batch, self._topics[place[0]], partition=place[1])
        self._under_way.append(sent)
        if len(self._under_way) > _UNDER_WAY:
            await self._under_way.popleft()

    async def end(self) -> None:
        """Return when the broker has all."""
        for place in list(self._batches):
            await self._send(place)
        while self._under_way:
            await self._under_way.popleft()
