"""Our own topics, from their beginning to where they end now, for commands that look at what was said.

Of transactions only what is committed is read. What is appended meanwhile is left for the next time, so that
reading ends also where others write.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError as ReaderError
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from ops.reach import admin_client, missing_topics, require_broker
from schemas.cloudevents import TYPE_PREFIX, decode
from schemas.json_text import read_json
from streams.encryption.opening import open_vault
from streams.encryption.vault import Vault
from streams.errors import NoBrokerError, UserError
from streams.kafka_access import client_options
from streams.key_store.store import KeyStoreAwayError
from streams.records import NotUnpacked, Record
from streams.settings.settings import Settings
from streams.transport.fetching import Fetching

SILENCE = 30.0
"""Seconds without anything new after which a broker is said to answer no more."""

_POLL_MILLISECONDS = 500

Item = Record | NotUnpacked


@dataclass(frozen=True, slots=True)
class _Choice:
    """What is taken: records of these keys, or all of them; and whether they are opened."""

    names: Collection[bytes] | None = None
    opens: bool = True

    def takes(self, item: Item) -> bool:
        return self.names is None or (isinstance(item, Record) and item.key in self.names)


class TopicError(UserError):
    """Topics cannot be read: no broker, no topic, or an answer that did not come. Exit code 2."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Read:
    """From where on the partitions of the topics were read.

    `begins` is the offset at which each partition begins; what stood before it is deleted. `forgetful` are
    the topics that delete what is old or too much.
    """

    begins: Mapping[tuple[str, int], int]
    forgetful: Collection[str]

    def forgot(self, topic: str, partition: int) -> bool:
        """Whether the beginning of this partition is gone because the topic is told to keep no more."""
        return topic in self.forgetful and self.begins.get((topic, partition), 0) > 0


def read_topics(
    settings: Settings,
    topics: Collection[str],
    take: Callable[[Item], None],
    names: Collection[bytes] | None = None,
    *,
    opens: bool = True,
) -> Read:
    """Hand every record to `take`: each partition in its order, the partitions in any.

    With `names` only records of these keys. Without `opens` what is sealed stays so.
    What cannot be unpacked is handed over too. Raises `TopicError`, and what `take` raises.
    """
    try:
        require_broker(settings)
        partitions, forgetful = _described(settings, topics)
        begins = asyncio.run(_read(settings, partitions, take, _Choice(names, opens)))
    except NoBrokerError as error:
        raise TopicError(*error.problems) from None
    except KeyStoreAwayError as error:
        raise TopicError(f"the store of keys (JARDEM_KEYS_DATABASE) does not answer: {error}") from None
    except (KafkaError, ReaderError) as error:
        named = ", ".join(sorted(topics))
        raise TopicError(f"{named} cannot be read from {settings.kafka}: {error}") from None
    return Read(begins, forgetful)


def require_topics(settings: Settings, topics: Collection[str]) -> None:
    """Return where all these topics are there. Raises `TopicError`."""
    admin = admin_client(settings)
    try:
        _require(settings, topics, admin.list_topics())
    except KafkaError as error:
        raise TopicError(f"the topics of {settings.kafka} cannot be listed: {error}") from None
    finally:
        admin.close()


def event_data(item: Item, name: str) -> dict[str, Any]:
    """The data of an event of this name. Raises `ValueError`, which repeats nothing of it."""
    if isinstance(item, NotUnpacked):
        raise ValueError(item.reason)  # noqa: TRY004 - what was read, not what was passed
    event = decode(item.value, item.headers, timestamp=item.timestamp)
    if event.type != TYPE_PREFIX + name:
        raise ValueError(f"it is not of the type {TYPE_PREFIX}{name}")
    content = read_json(event.data)
    if not isinstance(content, dict):
        raise ValueError("its data is no JSON object")  # noqa: TRY004 - as above
    return content


def _described(settings: Settings, topics: Collection[str]) -> tuple[list[TopicPartition], set[str]]:
    """The partitions of the topics, and which of the topics delete anything."""
    admin = admin_client(settings)
    try:
        found = {each["name"]: each["partitions"] for each in admin.describe_topics()}
        _require(settings, topics, found)
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
        configs = admin.describe_configs(asked)["topic"]
    finally:
        admin.close()
    partitions = [TopicPartition(name, each["partition_index"]) for name in topics for each in found[name]]
    return partitions, {name for name in topics if _forgets(configs.get(name, {}))}


def _require(settings: Settings, topics: Collection[str], found: Collection[str]) -> None:
    missing = sorted(set(topics) - set(found))
    if missing:
        raise TopicError(missing_topics(settings, missing))


def _forgets(config: Mapping[str, Any]) -> bool:
    """Whether a topic deletes by age or size. Of settings that are Kafka's defaults brokers say nothing."""
    bounds = {"retention.ms": "a week", "retention.bytes": "-1"}
    return any(config.get(name, {"value": default})["value"] != "-1" for name, default in bounds.items())


async def _read(
    settings: Settings, partitions: list[TopicPartition], take: Callable[[Item], None], choice: _Choice
) -> dict[tuple[str, int], int]:
    async with (
        open_vault(settings) as vault,
        AIOKafkaConsumer(
            **client_options(settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        ) as consumer,
    ):
        Fetching(consumer)
        consumer.assign(partitions)
        begins = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition, offset in begins.items():
            consumer.seek(partition, offset)
        await _read_to(consumer, ends, take, choice, vault)
        return {(each.topic, each.partition): offset for each, offset in begins.items()}


async def _read_to(
    consumer: AIOKafkaConsumer,
    ends: Mapping[TopicPartition, int],
    take: Callable[[Item], None],
    choice: _Choice,
    vault: Vault,
) -> None:
    before: dict[TopicPartition, int] = {}
    heard = time.monotonic()
    while True:
        positions = {partition: await consumer.position(partition) for partition in ends}
        done = [partition for partition, end in ends.items() if positions[partition] >= end]
        if len(done) == len(ends):
            return
        consumer.pause(*done)
        if positions != before:
            before, heard = positions, time.monotonic()
        elif time.monotonic() - heard > SILENCE:
            raise TopicError(
                f"the broker has sent nothing for {SILENCE:.0f} s, and topics are not read to their end"
            )
        found = await consumer.getmany(timeout_ms=_POLL_MILLISECONDS)
        for partition, items in found.items():
            wanted = [each for each in items if each.offset < ends[partition] and choice.takes(each)]
            for item in await vault.opened_items(wanted) if choice.opens else wanted:
                take(item)
