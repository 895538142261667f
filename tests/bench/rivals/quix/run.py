"""Quix Streams: the case as a stream, and a process for all that is none. See the README beside."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import serving  # noqa: E402 - it lies beside this folder


def prepare(cache: Path) -> Mapping[str, str]:
    """Install it."""
    return serving.environment(cache, HERE / "requirements.txt")[1]


@contextlib.contextmanager
def serve(cache: Path, folder: Path, addresses: serving.Addresses) -> Iterator[serving.Ready]:
    """Run the stream, and what is around it."""
    python, _ = serving.environment(cache, HERE / "requirements.txt")
    port, mark = serving.free_port(), folder / "running"
    told = {"port": port, "kafka": addresses.kafka, "sms": addresses.sms}
    with contextlib.ExitStack() as stack:
        edges = stack.enter_context(serving.service(python, HERE / "edges.py", folder, **told))
        more = {"mark": str(mark), "state": str(folder / "state")}
        stream = stack.enter_context(serving.worker(python, HERE / "stream.py", folder, **more, **told))
        serving.await_that(stream, mark.exists)
        yield serving.ready_on_kafka(addresses, port, {"stream": [stream.pid], "edges": [edges.pid]})


if __name__ == "__main__":
    serving.main(prepare, serve)
