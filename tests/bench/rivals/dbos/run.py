"""DBOS: a library in one service, on a PostgreSQL of its own. See the README beside its folder."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import serving  # noqa: E402 - it lies beside this folder


def prepare(cache: Path) -> Mapping[str, str]:
    """Install it."""
    versions = serving.environment(cache, HERE / "requirements.txt")[1]
    return {"postgresql": serving.postgres_version(), **versions}


@contextlib.contextmanager
def serve(cache: Path, folder: Path, addresses: serving.Addresses) -> Iterator[serving.Ready]:
    """Run the database and the service."""
    python, _ = serving.environment(cache, HERE / "requirements.txt")
    port = serving.free_port()
    with serving.database() as database:
        told = {
            "port": port,
            "sms": addresses.sms,
            "decisions": addresses.decisions,
            "database": database.url,
        }
        with serving.service(python, HERE / "service.py", folder, **told) as process:
            address = f"http://127.0.0.1:{port}"
            yield serving.Ready(
                awards=f"{address}/awards",
                facts=f"{address}/facts",
                answers=f"{address}/answers",
                # A fact is committed when its call is answered.
                settled=lambda: True,
                processes={"service": [process.pid], "database": [database.pid]},
            )


if __name__ == "__main__":
    serving.main(prepare, serve)
