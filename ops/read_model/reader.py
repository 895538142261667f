"""Reads the topics that are followed: without a group, from offsets that the read model keeps itself."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP

from ops.read_model.writing import Place
from streams.encryption.opening import vault_of
from streams.kafka_access import client_options
from streams.records import NotUnpacked, Record
from streams.settings.settings import Settings
from streams.transport.fetching import Fetching
from streams.transport.partitions import partitions_of

_POLL_MILLISECONDS = 500
_ASK_SECONDS = 5.0

Item = Record | NotUnpacked
Places = dict[tuple[str, int], Place]


@dataclass(frozen=True, slots=True)
class Poll:
    """What was read, and how far each partition is read with it."""

    items: Sequence[Item]
    places: Sequence[Place]


class Reader:
    """Reads the partitions of topics by hand.

    Raises aiokafka's `KafkaError` where the broker is away, and `KeyStoreAwayError` where the keys are.
    """

    def __init__(self, settings: Settings, topics: Collection[str], most: int) -> None:
        self._topics = topics
        self._most = most
        self._consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )
        self._fetching: Fetching | None = None
        self._vault = vault_of(settings)
        self.asked = False
        self.places: Places = {}

    async def start(self, places: Mapping[tuple[str, int], Place]) -> None:
        """Reach the broker and go on from these places."""
        await asyncio.wait_for(self._consumer.start(), _ASK_SECONDS)
        self._fetching = Fetching(self._consumer)
        self.places = dict(places)
        await self.look_for_partitions()

    async def stop(self) -> None:
        """Leave the broker."""
        await self._consumer.stop()
        await self._vault.stop()

    async def look_for_partitions(self) -> None:
        """Notice topics and partitions that are new, and topics that were made anew: those begin again."""
        wanted = await partitions_of(self._consumer, self._topics, _ASK_SECONDS)
        assigned = {(tp.topic, tp.partition) for tp in self._consumer.assignment()}
        remade = {
            key
            for key, id_ in wanted.items()
            if key in self.places and id_ and self.places[key].topic_id not in (None, id_)
        }
        if assigned == set(wanted) and not remade:
            self._learn(wanted)
            return
        await self._assign(wanted, remade)

    async def _assign(
        self, wanted: Mapping[tuple[str, int], str | None], remade: Collection[tuple[str, int]]
    ) -> None:
        tps = [TopicPartition(*key) for key in wanted]
        begins, ends = await self._ask(tps)
        self._consumer.assign(tps)
        places = {}
        for tp in tps:
            key, known = (tp.topic, tp.partition), self.places.get((tp.topic, tp.partition))
            goes_on = known is not None and key not in remade and known.position <= ends[tp]
            position = max(known.position, begins[tp]) if known is not None and goes_on else begins[tp]
            places[key] = Place(tp.topic, tp.partition, wanted[key], position, ends[tp])
            self._consumer.seek(tp, position)
        self.places = places

    def _learn(self, wanted: Mapping[tuple[str, int], str | None]) -> None:
        for key, id_ in wanted.items():
            if id_ and self.places[key].topic_id is None:
                self.places[key] = replace(self.places[key], topic_id=id_)

    async def _ask(
        self, tps: Collection[TopicPartition]
    ) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        begins = await asyncio.wait_for(self._consumer.beginning_offsets(tps), _ASK_SECONDS)
        ends = await asyncio.wait_for(self._consumer.end_offsets(tps), _ASK_SECONDS)
        return begins, ends

    async def ask_ends(self) -> None:
        """Ask where the logs end now, up to where they can be read."""
        if self._fetching is None or not self.places:
            return
        self.asked = True
        ends = await self._fetching.stable_ends([TP(*key) for key in self.places], _ASK_SECONDS)
        for tp, end in ends.items():
            key = (tp.topic, tp.partition)
            self.places[key] = replace(self.places[key], end=end)

    async def poll(self, seconds: float = _POLL_MILLISECONDS / 1000) -> Poll:
        """Wait for records; of each partition they are in their order."""
        found = {}
        if self.places:
            found = await self._consumer.getmany(timeout_ms=int(seconds * 1000), max_records=self._most)
        else:
            await asyncio.sleep(seconds)
        items = await self._vault.opened_items(item for some in found.values() for item in some)
        moved = []
        for key, place in self.places.items():
            position = await self._consumer.position(TopicPartition(*key))
            if position != place.position:
                self.places[key] = replace(place, position=position)
                moved.append(self.places[key])
        return Poll(items, moved)

    @property
    def behind(self) -> int:
        """How many offsets lie between what is read and the ends that were told last."""
        return sum(max(0, (place.end or 0) - place.position) for place in self.places.values())
