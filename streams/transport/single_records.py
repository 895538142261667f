"""Hands single records to a producer of aiokafka's, for whoever sends few and waits for each."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from streams.records import Outgoing
from streams.transport.exact_headers import ExactBuilder, odd, written

_NO_COMPRESSION = 0


async def handed(producer: AIOKafkaProducer, outgoing: Outgoing) -> "asyncio.Future[Any]":
    """Hand a record over with its headers exactly as they are; the future is done when it is acknowledged.

    A record with a header that aiokafka would not write goes in a batch of its own.
    """
    topic, key, headers = outgoing.topic, outgoing.key, written(outgoing)
    if not odd(headers):
        future: asyncio.Future[Any] = await producer.send(
            topic, outgoing.value, key=key, partition=outgoing.partition, headers=headers
        )
        return future
    builder = ExactBuilder(outgoing.size + 1024, _NO_COMPRESSION)
    builder.append(timestamp=None, key=key, value=outgoing.value, headers=headers)
    builder.close()
    partition = outgoing.partition
    if partition is None:
        partitions = sorted(await producer.partitions_for(topic))
        partition = DefaultPartitioner()(key, partitions, partitions)
    batched: asyncio.Future[Any] = await producer.send_batch(builder, topic, partition=partition)
    return batched
