"""A worker for the tests: a desk that adds, refuses and waits, and a stateless agent beside it.

python -m tests.integration.ledger_worker KAFKA APP_ID STORE FOLDER
"""

import asyncio
import json
import os
import sys
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Literal, cast

import structlog

from schemas.deadlines import Deadline
from streams.app import create_app
from streams.dead_letters import UnreadableRecordError
from streams.desk import Desk
from streams.handlers import register_stateless
from streams.logs import configure_logging
from streams.records import Outgoing, Record
from streams.settings.settings import Settings
from streams.settings.values import Address
from streams.transport.batch import Batch
from streams.transport.source_reader import SourceReader
from streams.tuning import Tuning
from streams.worker import run_worker

log = structlog.get_logger()


def _incompressible(size: int) -> str:
    """So many letters and digits, always the same: a broker measures what is compressed."""
    return b64encode(Random(0).randbytes(size)).decode()[:size]  # noqa: S311 - it is no secret


class Ledger:
    """Adds what events say; `raise`, `big` and `due` make it raise, say too much, and wait."""

    name = "ledger"
    shared = None

    def __init__(self, app_id: str) -> None:
        self.inbox = f"{app_id}.inbox"
        self._effects = f"{app_id}.effects"

    def empty(self, key: bytes) -> dict[str, Any]:  # noqa: ARG002
        return {"sum": 0}

    def load(self, key: bytes, data: bytes) -> dict[str, Any]:  # noqa: ARG002
        return cast("dict[str, Any]", json.loads(data))

    def dump(self, state: dict[str, Any]) -> bytes:
        return json.dumps(state).encode()

    def read(self, record: Record) -> tuple[str, dict[str, Any]]:
        try:
            event = json.loads(record.value or b"")
            return event["id"], event
        except (ValueError, KeyError) as error:
            raise UnreadableRecordError("not an event") from error

    def apply(
        self,
        state: dict[str, Any],
        event: dict[str, Any],
        now: datetime,
        shared: None,  # noqa: ARG002
    ) -> tuple[dict[str, Any], Sequence[Outgoing]]:
        if "raise" in event:
            raise ZeroDivisionError
        if "elapsed" in event:
            said = {"id": event["id"], "elapsed": event["elapsed"], "late": now.timestamp() - state["due"]}
            return {**state, "due": None}, [Outgoing(self._effects, b"e", json.dumps(said).encode())]
        state = {**state, "sum": state["sum"] + event.get("add", 0)}
        if "due" in event:
            state["due"] = now.timestamp() + event["due"]
        said = {"id": event["id"], "sum": state["sum"], "big": _incompressible(event.get("big", 0))}
        return state, [Outgoing(self._effects, b"e", json.dumps(said).encode())]

    def tells_more(self, state: dict[str, Any], event: dict[str, Any]) -> bool:
        del state, event
        return False

    def deadlines(self, state: dict[str, Any]) -> Sequence[Deadline]:
        due = state.get("due")
        return [Deadline(datetime.fromtimestamp(due, UTC), "due", 1)] if due else []

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        event = {"id": f"{key.decode()}-{deadline.name}-{deadline.version}", "elapsed": deadline.name}
        return Outgoing(self.inbox, key, json.dumps(event).encode())


def dawdle(seconds: float) -> None:
    """Give a fetch every chance to wait through a rebalance, and to bring the next assignment's records.

    The broker holds it for as long as nothing comes; the log says when an assignment is read.
    """
    reader: Any = SourceReader
    attach, read = reader.attach, reader.read

    def patient(self: SourceReader, consumer: Any) -> None:
        consumer._fetcher._fetch_max_wait_ms = int(seconds * 1000)
        attach(self, consumer)

    def telling(self: SourceReader, offsets: Any) -> None:
        read(self, offsets)
        if offsets:
            log.info("dawdles")

    reader.attach, reader.read = patient, telling


def main() -> int:
    if "LEDGER_DAWDLES" in os.environ:
        dawdle(float(os.environ["LEDGER_DAWDLES"]))
    kafka, app_id, store, folder = sys.argv[1:]
    configure_logging()
    settings = Settings(kafka=kafka, data_dir=Path(folder), store=cast("Literal['memory', 'rocksdb']", store))
    session = float(os.environ.get("LEDGER_SESSION", "30"))
    tuning = Tuning(
        app_id=app_id,
        session_timeout=session,
        heartbeat_interval=1.0,
        fetch_wait=float(os.environ.get("LEDGER_FETCH_WAIT", "0.5")),
        revoke_wait=2.5,
        metadata_age=2.0,
        lag_check=0.5,
        standing_after=3.0,
        commit_interval=float(os.environ.get("LEDGER_COMMIT_INTERVAL", "1")),
    )
    app = create_app(settings, tuning)
    Desk(app, Ledger(app_id))

    async def copy(batch: Batch) -> Sequence[Outgoing]:
        if any(record.value == b"slow" for record in batch):
            await asyncio.sleep(3600)
        if any(record.value == b"raise" for record in batch):
            raise ZeroDivisionError
        return [Outgoing(f"{app_id}.copies", record.key, record.value) for record in batch]

    register_stateless(app, "copy", [f"{app_id}.originals"], copy)
    return run_worker(app, Address("127.0.0.1", 0))


if __name__ == "__main__":
    sys.exit(main())
