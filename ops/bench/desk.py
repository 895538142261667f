"""`jardem bench desk`: a desk with state and one send an event, on Faust as it comes and on ours.

The same events in topics of the same broker, one run after the other, each desk in a process of its own. The
clock runs from the first effect that the broker has until it has the last one, so what is only sent does not
count; then all offsets must be committed.
"""

import asyncio
import hashlib
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import faust
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ops.bench.installed import OUR_CODE
from ops.bench.measured import OURS, Measurement, Report, new_report, versions_of
from schemas.deadlines import Deadline
from streams.app import create_app
from streams.desk import Desk
from streams.logs import configure_logging
from streams.records import Outgoing, Record
from streams.settings.settings import Settings
from streams.tuning import Tuning
from streams.worker import run_worker

Kind = Literal["stock", "ours"]

PARTITIONS = 4
_TABLE = "bench"
_to_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Run:
    """One desk to be measured."""

    kind: Kind
    max_poll_records: int = 500
    store: Literal["memory", "rocksdb"] = "memory"

    @property
    def label(self) -> str:
        """How a table of results calls it."""
        if self.kind == "stock":
            return f"Faust as it comes, {self.store}"
        return f"jardem, {self.max_poll_records} records a poll, {self.store}"


RUNS = (Run("stock"), Run("ours"), Run("ours", 2000), Run("ours", 500, "rocksdb"))
"""What `jardem bench desk` measures."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured: events a second, over `events` events and `seconds`."""

    run: Run
    events: int
    seconds: float

    @property
    def rate(self) -> float:
        """Events a second, each applied, written, sent and acknowledged."""
        return self.events / self.seconds


def table(results: Sequence[Result]) -> str:
    """The results as lines of text, each beside Faust as it comes."""
    stock = next((result.rate for result in results if result.run.kind == "stock"), None)
    lines = []
    for result in results:
        beside = f"  {result.rate / stock:5.1f} x" if stock else ""
        lines.append(f"{result.run.label:40} {result.rate:8.0f} events/s{beside}")
    return "\n".join(lines)


def report(rounds: Sequence[Sequence[Result]], count: int) -> Report:
    """The results of so many rounds as a report that is kept."""
    made = new_report("desk", {"rounds": count})
    made.versions[OURS] = versions_of(OUR_CODE)
    made.systems[OURS] = f"jardem {made.versions[OURS]['jardem']}"
    made.measurements += [
        Measurement(OURS, result.run.label, number, {"events_per_second": result.rate})
        for number, results in enumerate(rounds, start=1)
        for result in results
    ]
    return made


class BenchCore:
    """The same small work for both: a counter, the last ten ids, and one effect."""

    name = _TABLE
    shared = None

    def __init__(self, inbox: str, effects: str) -> None:
        self.inbox = inbox
        self._effects = effects

    def empty(self, key: bytes) -> dict[str, Any]:
        """Nothing counted."""
        del key
        return {"n": 0, "last": [], "note": "x" * 100}

    def load(self, key: bytes, data: bytes) -> dict[str, Any]:
        """JSON."""
        del key
        state: dict[str, Any] = json.loads(data)
        return state

    def dump(self, state: dict[str, Any]) -> bytes:
        """JSON."""
        return _to_json(state).encode()

    def read(self, record: Record) -> tuple[str, dict[str, Any]]:
        """JSON with an id."""
        event: dict[str, Any] = json.loads(record.value or b"")
        return event["id"], event

    def apply(
        self, state: dict[str, Any], event: dict[str, Any], now: datetime, shared: None
    ) -> tuple[dict[str, Any], Sequence[Outgoing]]:
        """Count, remember, and say so."""
        del now, shared
        counted = {**state, "n": state["n"] + 1, "last": [*state["last"][-9:], event["id"]]}
        said = _to_json({"id": f"effect-{event['id']}", "n": counted["n"]}).encode()
        return counted, (Outgoing(self._effects, event["person"].encode(), said),)

    def tells_more(self, state: dict[str, Any], event: dict[str, Any]) -> bool:
        """Never."""
        del state, event
        return False

    def deadlines(self, state: dict[str, Any]) -> Sequence[Deadline]:
        """None."""
        del state
        return ()

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        """Never called."""
        raise NotImplementedError


def measure(kafka: str, runs: Sequence[Run], events: int = 60_000, keys: int = 5_000) -> list[Result]:
    """Measure each of the runs, one after the other, on the same broker."""
    return [asyncio.run(_measure(kafka, run, events, keys)) for run in runs]


async def _measure(kafka: str, run: Run, events: int, keys: int) -> Result:
    name = f"bench-{run.kind}-{hashlib.sha256(f'{run}{monotonic()}'.encode()).hexdigest()[:8]}"
    topics = {
        "inbox": f"{name}.inbox",
        "effects": f"{name}.effects",
        "changelog": f"{name}-{_TABLE}-changelog",
    }
    await _make_topics(kafka, topics)
    await _fill(kafka, topics["inbox"], events, keys)
    with tempfile.TemporaryDirectory(prefix="jardem-bench-") as folder:
        command = [
            sys.executable,
            "-m",
            "ops.bench.desk",
            kafka,
            name,
            run.kind,
            run.store,
            str(run.max_poll_records),
        ]
        with (Path(folder) / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(*command, folder, stdout=log, stderr=log)
        try:
            seconds, counted = await _watch(kafka, name, topics, events, process)
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{(Path(folder) / 'log').read_text()[-2000:]}") from None
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
    await _delete_topics(kafka, topics)
    return Result(run, counted, seconds)


async def _watch(
    kafka: str, group: str, topics: dict[str, str], events: int, process: asyncio.subprocess.Process
) -> tuple[float, int]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id=group, enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    effects = [TopicPartition(topics["effects"], number) for number in range(PARTITIONS)]
    inbox = [TopicPartition(topics["inbox"], number) for number in range(PARTITIONS)]
    first, began, ended, committed = 0, 0.0, 0.0, 0
    try:
        while committed < events:
            if process.returncode is not None:
                raise RuntimeError(f"the desk ended with {process.returncode}")
            done = sum((await consumer.end_offsets(effects)).values())
            if not first and done:
                first, began = done, monotonic()
            if done >= events:
                ended = ended or monotonic()
                committed = sum([await consumer.committed(tp) or 0 for tp in inbox])
            await asyncio.sleep(0.05)
        return ended - began, events - first
    finally:
        await consumer.stop()


async def _make_topics(kafka: str, topics: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics.values()])
    await admin.close()


async def _delete_topics(kafka: str, topics: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_topics(list(topics.values()))
    await admin.close()


async def _fill(kafka: str, topic: str, events: int, keys: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=20)
    await producer.start()
    futures = []
    for number in range(events):
        # A step prime to the number of keys visits them all, in no simple order.
        key = f"key-{number * 7919 % keys:06d}"
        event = {"id": f"event-{number:08d}", "person": key, "data": {"a": number, "b": "x" * 120}}
        futures.append(await producer.send(topic, json.dumps(event).encode(), key=key.encode()))
    await asyncio.gather(*futures)
    await producer.stop()


def _run_ours(kafka: str, name: str, store: Literal["memory", "rocksdb"], records: int, folder: Path) -> int:
    configure_logging()
    settings = Settings(kafka=kafka, data_dir=folder, store=store)
    app = create_app(settings, Tuning(app_id=name, max_poll_records=records))
    Desk(app, BenchCore(f"{name}.inbox", f"{name}.effects"))
    return run_worker(app)


def _run_stock(kafka: str, name: str, store: str, folder: Path) -> None:
    """Faust as it comes, with its recommended settings, sends acknowledged by all replicas."""
    app = faust.App(
        name,
        broker=f"aiokafka://{kafka}",
        store=f"{store}://",
        datadir=folder,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=1.0,
        topic_disable_leader=True,
        topic_replication_factor=1,
        web_enabled=False,
        producer_acks=-1,
        producer_linger=0.005,
    )
    raw: dict[str, Any] = {
        "key_type": bytes,
        "value_type": bytes,
        "key_serializer": "raw",
        "value_serializer": "raw",
    }
    inbox, effects = app.topic(f"{name}.inbox", **raw), app.topic(f"{name}.effects", **raw)
    table = app.Table(_TABLE, key_type=bytes, value_type=bytes)
    core = BenchCore(f"{name}.inbox", f"{name}.effects")

    async def agent(stream: faust.StreamT[Any]) -> None:
        async for event in stream.events():
            parsed = json.loads(event.value)
            held = table.get(event.key)
            state = core.load(event.key, held) if held else core.empty(event.key)
            state, (sent,) = core.apply(state, parsed, datetime.min.replace(tzinfo=UTC), None)
            table[event.key] = core.dump(state)
            await effects.send(key=sent.key, value=sent.value)

    app.agent(inbox)(agent)
    faust.Worker(app, loglevel="warning", redirect_stdouts=False).execute_from_commandline()


def _child() -> int:
    kafka, name, kind, store, records, folder = sys.argv[1:]
    logging.captureWarnings(capture=True)
    if kind == "stock":
        _run_stock(kafka, name, store, Path(folder))
    return _run_ours(kafka, name, "rocksdb" if store == "rocksdb" else "memory", int(records), Path(folder))


if __name__ == "__main__":
    sys.exit(_child())
