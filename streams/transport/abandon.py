"""Giving up on a producer whose broker has gone away, with whatever it has not sent."""

from aiokafka import AIOKafkaProducer


async def abandon(producer: AIOKafkaProducer) -> None:
    """End a producer without sending what waits in it.

    Its own `stop` waits until everything is sent, and an idempotent producer of aiokafka never gives a record
    up: what was refused to a caller long ago would be sent as soon as a broker is back. Records that are on
    their way at this moment may still arrive.
    """
    producer._closed = True  # noqa: SLF001 - else its finaliser warns of a producer that was not stopped
    sender = producer._sender  # noqa: SLF001
    if sender is not None:
        await sender.close()
    await producer.client.close()
