"""One worker process of the churn: the counting desk on our classes, or the same work on Faust's own."""

import argparse
import logging
import sys
from pathlib import Path
from typing import Any, NoReturn

import faust

from streams.app import create_app
from streams.desk import Desk
from streams.logs import configure_logging
from streams.settings.settings import Settings
from streams.tuning import Tuning
from streams.worker import run_worker
from tests.crash.counting import TABLE, Count, CountingCore, Names, effect, event_id

SESSION_TIMEOUT = 6.0


def ours(kafka: str, app_id: str, store: Any, data_dir: Path) -> int:
    configure_logging()
    tuning = Tuning(
        app_id=app_id, session_timeout=SESSION_TIMEOUT, heartbeat_interval=1.0, changelog_check=0.5
    )
    app = create_app(Settings(kafka=kafka, data_dir=data_dir, store=store), tuning)
    Desk(app, CountingCore(Names(app_id)))
    return run_worker(app)


def stock(kafka: str, app_id: str, store: str, data_dir: Path) -> NoReturn:
    """Faust as it comes, with the settings that its documentation and our measurements recommend."""
    data_dir.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        app_id,
        broker=f"aiokafka://{kafka}",
        store=f"{store}://",
        datadir=data_dir,
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=True,
        broker_commit_interval=1.0,
        broker_session_timeout=SESSION_TIMEOUT,
        broker_heartbeat_interval=1.0,
        topic_disable_leader=True,
        topic_replication_factor=1,
        web_enabled=False,
        producer_acks=-1,
        producer_linger=0.05,
    )
    names = Names(app_id)
    raw: dict[str, Any] = {
        "key_type": bytes,
        "value_type": bytes,
        "key_serializer": "raw",
        "value_serializer": "raw",
    }
    inbox, effects = app.topic(names.inbox, **raw), app.topic(names.effects, **raw)
    table = app.Table(TABLE, key_type=bytes, value_type=bytes, partitions=None)

    async def count(stream: faust.StreamT[Any]) -> None:
        async for event in stream.events():
            found = event_id(event.value)
            counted = Count.load(table.get(event.key) or Count().dump()).after(found)
            table[event.key] = counted.dump()
            sent = effect(names.effects, found, counted)
            await effects.send(key=sent.key, value=sent.value)

    app.agent(inbox)(count)
    worker = faust.Worker(app, loglevel="warning", redirect_stdouts=False)
    worker.execute_from_commandline()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--app-id", required=True)
    parser.add_argument("--store", choices=["memory", "rocksdb"], required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--stock", action="store_true")
    args = parser.parse_args()
    logging.captureWarnings(capture=True)
    if args.stock:
        stock(args.kafka, args.app_id, args.store, args.data_dir)
    return ours(args.kafka, args.app_id, args.store, args.data_dir)


if __name__ == "__main__":
    sys.exit(main())
