"""The Faust application, with our transport, tables and recovery chosen through Faust's own hooks."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import cast

from yarl import URL

from streams.encryption.sealed import KeysAtHand
from streams.encryption.vault import Vault
from streams.records import LARGEST_RECORD, Outgoing
from streams.security import broker_credentials
from streams.settings.settings import Settings
from streams.transport.assignor import Assignor
from streams.transport.changelog_watch import ChangelogWatch
from streams.transport.codecs import codec_to_write
from streams.transport.consumer import Consumer
from streams.transport.host import Host
from streams.transport.lag import LagWatch
from streams.transport.producer import Producer
from streams.transport.recovery import TableManager
from streams.transport.tables import BytesTable
from streams.transport.transport import Transport
from streams.tuning import Tuning


class StreamApp(Host):
    """A Faust app that hands batches to its agents and keeps bytes in its tables."""

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Transport:
        return Transport(self.conf.broker_producer, self)

    vault: Vault = Vault()
    """What is ours alone passes through it, on its way in and out."""

    async def send_all(self, outgoing: Iterable[Outgoing]) -> None:
        """Send records and wait until the broker has every one of them; a lost one ends the process."""
        await cast("Producer", self.producer).send_all(await self.vault.sealed(outgoing))

    async def send_table(
        self,
        table: BytesTable,
        partition: int,
        values: Mapping[bytes, bytes | None],
        outgoing: Iterable[Outgoing],
        keys: KeysAtHand | None = None,
    ) -> None:
        """Write a table's values (None deletes) and send records; when the broker has it all, the store.

        Values that are not sealed yet are, where they are of persons or numbers. Raises `CancelledError`, so
        that a batch is begun again, where the `keys` by which it was read were fetched too long ago: one of
        them may have been erased since, with what was read by it.
        """
        rows = await self.vault.sealed_rows(table.name, values)
        sent = await self.vault.sealed(outgoing)
        if self.vault.seals and keys is not None and keys.too_old:
            raise asyncio.CancelledError("the keys of the batch are too old")
        await cast("Producer", self.producer).changelogs.send_table(table, partition, rows, sent)

    async def partitions_of(self, topic: str) -> int:
        """How many partitions a topic has; it waits until the broker tells of any."""
        return await cast("Producer", self.producer).partitions_of(topic)

    def held(self) -> int:
        """How many source partitions this worker holds."""
        return len(cast("Consumer", self.consumer).assigned)

    def share_of(self, topic: str) -> float:
        """Which part of a source topic's partitions this worker holds now, between 0 and 1.

        How many there are is the broker's to say, as the consumer heard it last; 0 where it has not.
        """
        consumer = cast("Consumer", self.consumer)
        held = sum(tp.topic == topic for tp in consumer.assigned)
        count = consumer.partitions_of(topic) if held else 0
        return held / count if count else 0.0

    def backlog(self, topic: str) -> int:
        """How many records of a source topic wait in the partitions held, as the broker told last."""
        return cast("Consumer", self.consumer).backlog(topic)

    def partitions_heard(self, topic: str) -> int:
        """How many partitions a source topic has, as the consumer heard it last; 0 where it has not."""
        return cast("Consumer", self.consumer).partitions_of(topic)


def create_app(settings: Settings, tuning: Tuning | None = None, vault: Vault | None = None) -> StreamApp:
    """A new application for these settings. Without a `vault` nothing is sealed.

    Agents and desks are registered on it before it is started. Topics are never made by it: `jardem topics
    apply` makes them, changelogs too.
    """
    tuning = tuning or Tuning()
    app = StreamApp(
        tuning.app_id,
        tuning=tuning,
        clock=settings.clock(),
        broker=[URL(f"aiokafka://{address.strip()}") for address in settings.kafka.split(",")],
        broker_credentials=broker_credentials(settings),
        datadir=settings.data_dir / "streams",
        store=f"{settings.store}://",
        PartitionAssignor=Assignor,
        Table=BytesTable,
        TableManager=TableManager,
        key_serializer="raw",
        value_serializer="raw",
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=int(tuning.metadata_age * 1000),
        broker_max_poll_records=tuning.max_poll_records,
        broker_commit_interval=tuning.commit_interval,
        broker_session_timeout=tuning.session_timeout,
        broker_heartbeat_interval=tuning.heartbeat_interval,
        broker_request_timeout=max(90.0, tuning.session_timeout),
        producer_request_timeout=tuning.send_timeout,
        # Batches are small where little comes, and full of what every event repeats where much does.
        producer_compression_type=codec_to_write(),
        producer_linger=tuning.linger,
        producer_max_batch_size=tuning.max_record_bytes,
        producer_max_request_size=LARGEST_RECORD,
        stream_wait_empty=True,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        web_in_thread=False,
    )
    app.vault = vault or Vault()
    ChangelogWatch(app)
    LagWatch(app)
    return app
