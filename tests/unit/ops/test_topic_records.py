"""A broker that has begun to answer and stops: nobody waits for it for ever."""

from collections.abc import Iterable
from typing import Any

import pytest
from aiokafka import TopicPartition

from ops import topic_records
from ops.topic_records import Item, TopicError
from streams.encryption.vault import Vault
from tests.documents import chain
from tests.told import LOG, step

FIRST, SECOND = TopicPartition(LOG, 0), TopicPartition(LOG, 1)


class Consumer:
    """Hands over what it has, a record at a time, and then nothing more."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.items = list(items)
        self.positions = {FIRST: 0, SECOND: 0}
        self.paused: set[TopicPartition] = set()

    async def position(self, partition: TopicPartition) -> int:
        return self.positions[partition]

    def pause(self, *partitions: TopicPartition) -> None:
        self.paused |= set(partitions)

    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[Item]]:
        assert timeout_ms > 0
        if not self.items:
            return {}
        item = self.items.pop(0)
        partition = TopicPartition(LOG, item.partition)
        self.positions[partition] = item.offset + 1
        return {partition: [item]}


async def read(items: Iterable[Item], ends: dict[TopicPartition, int]) -> tuple[Consumer, list[Any]]:
    consumer, taken = Consumer(items), list[Any]()
    await topic_records._read_to(consumer, ends, taken.append, topic_records._Choice(), Vault())
    return consumer, taken


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_records, "SILENCE", 0.05)


async def test_what_is_appended_meanwhile_is_left_for_the_next_time() -> None:
    told = [step(each, offset) for offset, each in enumerate(chain())]
    consumer, taken = await read([told[0], told[1], told[2], step(chain()[0], 0, 1)], {FIRST: 2, SECOND: 1})
    assert taken == [told[0], told[1], step(chain()[0], 0, 1)]
    assert consumer.paused == {FIRST}


async def test_a_broker_that_sends_nothing_more_is_given_up() -> None:
    with pytest.raises(TopicError, match="has sent nothing for"):
        await read([step(chain()[0])], {FIRST: 2, SECOND: 0})
