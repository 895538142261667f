"""What is done to brokers while events flow: one broker alone, or three that keep copies for each other."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import KafkaError
from kafka.protocol.admin.topics import ElectionType

from ops.brokers.cluster import KafkaCluster
from ops.brokers.kafka import KafkaBroker


class Brokers:
    """`count` brokers, 1 or 3. Each topic has a copy on each, and three lose nothing when one dies."""

    def __init__(self, folder: Path, count: int) -> None:
        self.nodes: Sequence[KafkaBroker] = (
            [KafkaBroker(folder / "kafka")] if count == 1 else KafkaCluster(folder).nodes
        )
        self.faults = ["stall", "bounce"] + (["move"] if count > 1 else [])

    @property
    def address(self) -> str:
        return ",".join(node.address for node in self.nodes)

    def __enter__(self) -> Self:
        # A node answers only once most of them run.
        with ThreadPoolExecutor() as pool:
            for _ in pool.map(lambda node: node.start(), self.nodes):
                pass
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self.nodes:
            node.kill()

    async def hurt(self, fault: str, topics: Sequence[str], chance: random.Random) -> None:
        """Stop a broker for some seconds, kill one and start it again, or move the leaders of some topics."""
        node = chance.choice(self.nodes)
        match fault:
            case "stall":
                assert node.pid is not None
                os.kill(node.pid, signal.SIGSTOP)
                await asyncio.sleep(chance.uniform(2, 8))
                os.kill(node.pid, signal.SIGCONT)
            case "bounce":
                await asyncio.to_thread(node.kill)
                await asyncio.sleep(chance.uniform(0, 3))
                await asyncio.to_thread(node.start)
            case "move":
                await asyncio.to_thread(self._move_leaders, topics)

    def _move_leaders(self, topics: Sequence[str]) -> None:
        """Make another of its replicas the leader of every partition, as an operator does before maintenance.

        Retried until it is so: the cluster refuses while a replica has still to catch up.
        """
        admin = KafkaAdminClient(bootstrap_servers=self.address.split(","))
        try:
            wanted = {
                tp: [*(replica for replica in replicas if replica != leader), leader]
                for tp, (leader, replicas) in self._partitions(admin, topics).items()
            }
            admin.alter_partition_reassignments(wanted)
            patience = time.monotonic() + 60
            while any(self._partitions(admin, topics)[tp][0] != wanted[tp][0] for tp in wanted):
                if time.monotonic() > patience:
                    raise KafkaError("the leaders did not move within a minute")
                admin.elect_leaders(ElectionType.PREFERRED, list(topics), raise_errors=False)
                time.sleep(0.2)
        finally:
            admin.close()

    @staticmethod
    def _partitions(
        admin: KafkaAdminClient, topics: Sequence[str]
    ) -> dict[TopicPartition, tuple[int, list[int]]]:
        """The leader and the replicas of every partition of the topics."""
        return {
            TopicPartition(topic["name"], p["partition_index"]): (p["leader_id"], p["replica_nodes"])
            for topic in admin.describe_topics(list(topics))
            for p in topic["partitions"]
        }
