"""Apache Kafka on this machine as production runs it: several nodes that keep copies for each other."""

import os
import signal
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from ops.brokers.kafka import KafkaBroker
from ops.reach import free_port

_OVERRIDES = """\
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
broker.session.timeout.ms=3000
"""


class KafkaNode(KafkaBroker):
    """One broker of a cluster. Each is a controller too, so any one of three may die."""

    def __init__(self, folder: Path, number: int, *, port: int = 0, controller_port: int = 0) -> None:
        super().__init__(folder / f"node-{number}", port=port, heap="384m")
        self.number = number
        self.controller_port = controller_port or free_port()
        self.voters = ""

    def properties(self) -> str:
        """What the server is told at its next start."""
        return super().properties() + _OVERRIDES.format(
            node=self.number, voters=self.voters, port=self.port, controller_port=self.controller_port
        )

    def signal(self, number: signal.Signals) -> None:
        """Send its process a signal, as to stop it and to let it go on; nothing where it does not run."""
        if (pid := self.pid) is not None:
            os.kill(pid, number)


class KafkaCluster:
    """Three nodes with replication 3 and two copies for an acknowledgement: one of them may be down.

    Use as a context manager; inside, all of them answer. `ports` are six that stay free while a node is down.
    """

    def __init__(self, folder: Path, ports: Sequence[int] = ()) -> None:
        pairs = [(0, 0)] * 3 if not ports else list(zip(ports[:3], ports[3:], strict=True))
        self.nodes = [
            KafkaNode(folder, number, port=port, controller_port=controller)
            for number, (port, controller) in enumerate(pairs, start=1)
        ]
        voters = ",".join(f"{node.number}@127.0.0.1:{node.controller_port}" for node in self.nodes)
        cluster_id = uuid.uuid4().hex[:22]
        for node in self.nodes:
            node.voters, node.cluster_id = voters, cluster_id

    @property
    def address(self) -> str:
        """`host:port` of all nodes, as JARDEM_KAFKA takes them."""
        return ",".join(node.address for node in self.nodes)

    def node(self, number: int) -> KafkaNode:
        """The node with this `node.id`."""
        return self.nodes[number - 1]

    def __enter__(self) -> Self:
        # A node answers only once most of them run.
        with ThreadPoolExecutor() as pool:
            starting = [pool.submit(node.start) for node in self.nodes]
        try:
            for one in starting:
                one.result()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """Kill all nodes."""
        for node in self.nodes:
            node.kill()
