"""Apache Kafka on this machine: one node in KRaft mode."""

import subprocess
import uuid
from pathlib import Path
from typing import ClassVar

from ops.brokers.broker import BrokerError
from ops.brokers.kafka_files import SERVER_PROPERTIES, deploy_folder, fetch_jars
from ops.brokers.local import LocalBroker
from ops.reach import free_port


class KafkaBroker(LocalBroker):
    """Apache Kafka. What it acknowledged survives its death by SIGKILL."""

    kind: ClassVar[str] = "kafka"
    title: ClassVar[str] = "Apache Kafka"
    start_seconds: ClassVar[float] = 120
    stop_seconds: ClassVar[float] = 30

    def __init__(self, folder: Path, *, port: int = 0, heap: str = "384m") -> None:
        super().__init__(folder, port=port)
        self._heap = heap
        # Any 22 characters of URL-safe base64 will do, but not a dash at the beginning.
        self.cluster_id = uuid.uuid4().hex[:22]

    def properties(self) -> str:
        """What the server is told at its next start."""
        return SERVER_PROPERTIES.format(
            port=self.port, controller_port=free_port(), data=self.folder / "data"
        )

    def storage_options(self) -> list[str]:
        """What the storage tool is told beside the cluster's id."""
        return []

    def command(self) -> list[str]:
        """Java with Kafka's server; the storage is formatted at the first start. Raises `BrokerError`."""
        jars = fetch_jars()
        properties = self.folder / "server.properties"
        properties.write_text(self.properties(), encoding="utf-8")
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(jars, properties)
        return self._java(jars, "kafka.Kafka", str(properties))

    def _java(self, jars: Path, main: str, *arguments: str) -> list[str]:
        return [
            "java",
            f"-Xms{self._heap}",
            f"-Xmx{self._heap}",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Dlog4j2.configurationFile={deploy_folder() / 'log4j2.xml'}",
            "-cp",
            f"{jars}/*",
            main,
            *arguments,
        ]

    def _format(self, jars: Path, properties: Path) -> None:
        tool = ["kafka.tools.StorageTool", "format", "--config", str(properties)]
        command = self._java(jars, *tool, "--cluster-id", self.cluster_id, *self.storage_options())
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BrokerError(f"Kafka's storage tool could not be run: {error}") from error
        if answer.returncode != 0:
            raise BrokerError(f"Kafka could not prepare {self.folder}:\n{answer.stdout}{answer.stderr}")
