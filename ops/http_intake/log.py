"""The log of digests, and the topics behind it: an id is claimed first, and then its event is published.

Several processes need nothing of each other. A claim is written to the id's partition, and the log is read
up to the claim's own place: the first claim counts, and every reader sees the same one. A process that dies
between the two leaves a claim without an event; the same event again is then published under that claim.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from time import time
from types import TracebackType
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from ops.http_intake.remembered import NONCE, Claim, Remembered, read_claim
from streams.errors import NoBrokerError, UserError
from streams.exits import Exit, end_process
from streams.kafka_access import client_options
from streams.records import Outgoing, Record
from streams.settings.settings import Settings
from streams.topics import DIGESTS
from streams.transport.fetching import Fetching, end_without_fetches
from streams.transport.unpacking import Item

_SECONDS_TO_START = 9.0
_SECONDS_TO_ASK = 2.0
_SECONDS_TO_REST = 1.0
_MOST_AT_ONCE = 5000
_log = structlog.get_logger(__name__)


class Standing(Enum):
    """What is known of an event that came."""

    NEW = auto()
    """To be published: nobody has said that it was."""
    KNOWN = auto()
    """It was published."""
    OTHER = auto()
    """Something else came under its id."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Digests, under our key, of an event's source and id, and of what it says."""

    id: bytes
    content: bytes


class NoDigestsError(UserError):
    """There is no log of digests at these brokers."""


class IntakeLog:
    """Claims ids and publishes events. Use as a context manager.

    `timeout` is how long the broker may take for the claims, and again for the events, of one call, in
    seconds. Raises `NoBrokerError` and `NoDigestsError` at the start.
    """

    def __init__(self, settings: Settings, remembered: Remembered, *, timeout: float = 5.0) -> None:
        self._settings = settings
        self._remembered = remembered
        self._timeout = timeout
        options = client_options(settings)
        self._producer = AIOKafkaProducer(
            **options, acks="all", enable_idempotence=True, linger_ms=2, compression_type="zstd"
        )
        self._consumer = AIOKafkaConsumer(
            **options,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        self._read: dict[int, int] = {}
        self._moved = asyncio.Condition()
        self._caught_up = False
        self._follower: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connect, and begin to read."""
        numbers: set[int] = set()
        try:
            async with asyncio.timeout(_SECONDS_TO_START):
                await self._producer.start()
                await self._consumer.start()
                if DIGESTS in await self._consumer.topics():
                    numbers = await self._producer.partitions_for(DIGESTS)
        except (KafkaError, OSError, TimeoutError):
            await self._disconnect()
            raise NoBrokerError(f"no broker answers at {self._settings.kafka}") from None
        if not numbers:
            await self._disconnect()
            raise NoDigestsError(f"{DIGESTS} is missing: run jardem topics apply")
        Fetching(self._consumer).when_it_ends(end_without_fetches)
        self._follower = asyncio.create_task(self._follow(numbers))
        self._follower.add_done_callback(_end_without_follower)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Flush and disconnect."""
        if self._follower is not None:
            self._follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._follower
        await self._disconnect()

    async def why_not_ready(self) -> str | None:
        """Why events can't be taken at present; None where they can."""
        if not self._caught_up:
            return "reads which ids are known"
        try:
            async with asyncio.timeout(_SECONDS_TO_ASK):
                answered = await self._producer.client.force_metadata_update()
        except (KafkaError, TimeoutError):
            answered = False
        return None if answered else "the broker does not answer"

    def known_by(self, identities: Sequence[Identity]) -> Identity:
        """The identity by which an event is claimed already; the first of them where it is by none."""
        claimed = (each for each in identities if self._claim_of(each) is not None)
        return next(claimed, identities[0])

    async def settle(self, identities: Sequence[Identity]) -> list[Standing | None]:
        """Claim these ids, and say how each stands; None where the broker does not say it in time."""
        if not self._caught_up:
            return [None] * len(identities)
        new = [each for each in identities if self._claim_of(each) is None]
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(self._timeout):
                places = await self._send_all([self._claim(each) for each in new])
                await self._read_up_to([place for place in places if place is not None])
        return [self._standing(each) for each in identities]

    async def publish(self, events: Sequence[tuple[Identity, Outgoing]]) -> list[bool]:
        """Publish events that are new; true for those that all in-sync brokers have."""
        places: Sequence[Any] = [None] * len(events)
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(self._timeout):
                places = await self._send_all([outgoing for _, outgoing in events])
        taken = [place is not None for place in places]
        told = []
        for (identity, _), safe in zip(events, taken, strict=True):
            if safe:
                claim = self._published(identity)
                # Known here at once, and to others when they have read it.
                self._remembered.take(claim)
                told.append(self._record(claim))
        # Nobody waits for it: without it a repeat is published again, which all readers know as a repeat.
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(self._timeout):
                for each in told:
                    (await self._send(each)).add_done_callback(_passed_over)
        return taken

    def _claim_of(self, identity: Identity) -> Claim | None:
        return self._remembered.get(identity.id, _now())

    def _standing(self, identity: Identity) -> Standing | None:
        claim = self._claim_of(identity)
        if claim is None:
            return None
        if claim.content != identity.content:
            return Standing.OTHER
        return Standing.KNOWN if claim.published else Standing.NEW

    def _claim(self, identity: Identity) -> Outgoing:
        claim = Claim(identity.id, secrets.token_bytes(NONCE), identity.content, published=False, at=0)
        return self._record(claim)

    def _published(self, identity: Identity) -> Claim:
        """The claim under which an event was published, with that word. It keeps its key."""
        former = self._claim_of(identity)
        nonce, at = (secrets.token_bytes(NONCE), _now()) if former is None else (former.nonce, former.at)
        return Claim(identity.id, nonce, identity.content, published=True, at=at)

    def _record(self, claim: Claim) -> Outgoing:
        partition = int.from_bytes(claim.id[:8], "big") % len(self._read)
        return Outgoing(DIGESTS, claim.key, claim.value, partition=partition)

    async def _send(self, outgoing: Outgoing) -> "asyncio.Future[Any]":
        sent: asyncio.Future[Any] = await self._producer.send(
            outgoing.topic,
            outgoing.value,
            outgoing.key,
            outgoing.partition,
            headers=list(outgoing.headers),
        )
        return sent

    async def _send_all(self, records: Sequence[Outgoing]) -> list[Any]:
        """Where each record stands, in their order; None for one that was not acknowledged."""
        sent = [await self._send(each) for each in records]
        answers = await asyncio.gather(*(asyncio.shield(each) for each in sent), return_exceptions=True)
        return [None if isinstance(each, BaseException) else each for each in answers]

    async def _read_up_to(self, places: Sequence[Any]) -> None:
        async with self._moved:
            await self._moved.wait_for(
                lambda: all(self._read[place.partition] > place.offset for place in places)
            )

    async def _follow(self, numbers: set[int]) -> None:
        """Read for as long as the process lives; ready when what stood there at the start is read.

        The whole topic is read, in no group.
        """
        places = [TopicPartition(DIGESTS, number) for number in sorted(numbers)]
        self._read = {place.partition: 0 for place in places}
        self._consumer.assign(places)
        ends = await self._ends(places)
        while True:
            try:
                batches = await self._consumer.getmany(timeout_ms=500, max_records=_MOST_AT_ONCE)
            except KafkaError as error:
                _log.warning("the digests cannot be read", error=type(error).__name__)
                await asyncio.sleep(_SECONDS_TO_REST)
                continue
            for place, records in batches.items():
                for record in records:
                    self._take(record)
                self._read[place.partition] = await self._consumer.position(place)
            self._remembered.forget(_now())
            if not self._caught_up:
                self._caught_up = await self._reached(ends)
            async with self._moved:
                self._moved.notify_all()

    def _take(self, item: Item) -> None:
        claim = None
        if isinstance(item, Record):
            claim = read_claim(item.key, item.value, item.milliseconds or 0)
        if claim is None:
            _log.warning("a record of the digests is none", at=item.position)
        else:
            self._remembered.take(claim)

    async def _reached(self, ends: dict[TopicPartition, int]) -> bool:
        """Whether what stood there at the start is read. What is deleted or compacted is passed over."""
        try:
            return all([await self._consumer.position(place) >= end for place, end in ends.items()])
        except KafkaError:
            return False

    async def _ends(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Where each partition ends now; asked until the brokers say it."""
        while True:
            try:
                ends: dict[TopicPartition, int] = await self._consumer.end_offsets(places)
            except KafkaError as error:
                _log.warning("the ends of the digests cannot be asked", error=type(error).__name__)
                await asyncio.sleep(_SECONDS_TO_REST)
            else:
                return ends

    async def _disconnect(self) -> None:
        await self._consumer.stop()
        await self._producer.stop()


def _now() -> int:
    return int(time() * 1000)


def _end_without_follower(follower: "asyncio.Task[None]") -> None:
    """End the process: claims would be waited for that nobody reads any more."""
    if not follower.cancelled() and (error := follower.exception()) is not None:
        end_process(Exit.CRASHED, "the digests are read no more", error=type(error).__name__)


def _passed_over(sent: "asyncio.Future[Any]") -> None:
    if not sent.cancelled():
        sent.exception()
