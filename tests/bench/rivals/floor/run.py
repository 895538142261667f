"""The floor: the records of the full case through plain clients. See the README beside its folder."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import serving  # noqa: E402 - it lies beside this folder


def prepare(cache: Path) -> Mapping[str, str]:
    """Install its clients."""
    return serving.environment(cache, HERE / "requirements.txt")[1]


@contextlib.contextmanager
def serve(cache: Path, folder: Path, addresses: serving.Addresses) -> Iterator[serving.Ready]:
    """Run it."""
    python, _ = serving.environment(cache, HERE / "requirements.txt")
    port = serving.free_port()
    told = {"port": port, "kafka": addresses.kafka, "sms": addresses.sms}
    with serving.service(python, HERE / "service.py", folder, **told) as process:
        yield serving.ready_on_kafka(addresses, port, {"service": [process.pid]})


if __name__ == "__main__":
    serving.main(prepare, serve)
