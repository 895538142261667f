"""The churn: events flow, workers come, go, are killed and are frozen; afterwards everything is counted.

    python -m tests.crash.churn --seconds 120 --store memory --partitions 4

One seed makes one order of joins, leaves, kills and freezes; it is printed, and can be given.
"""

import argparse
import asyncio
import itertools
import json
import random
import secrets
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams import envelope
from streams.dead_letters import DEAD_LETTERS
from streams.exits import Exit
from tests.crash.counting import Count, Names, event_id, fold
from tests.crash.faults import Brokers

REPOSITORY = Path(__file__).resolve().parents[2]
_ORDERLY = {0, -signal.SIGTERM, Exit.STOPPED_TOO_LONG, Exit.STOP_TIMED_OUT}
"""How a worker may end that was told to leave. What is lost or doubled by it is counted."""


@dataclass(frozen=True)
class Plan:
    """What a run does."""

    kafka: str
    store: str = "memory"
    partitions: int = 4
    seconds: float = 120.0
    rate: int = 450
    keys: int = 20_000
    most_workers: int = 3
    stock: bool = False
    seed: int = 0
    freeze: bool = True
    brokers: int = 1
    faults: bool = False


@dataclass
class Verdict:
    """What was counted afterwards."""

    source: int = 0
    lost: int = 0
    doubled: int = 0
    strange: int = 0
    repeats: int = 0
    keys_wrong: int = 0
    lagging: dict[str, int] = field(default_factory=dict)
    actions: Counter[str] = field(default_factory=Counter)
    ended_by_themselves: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Nothing lost, nothing doubled, tables right, no partition behind."""
        return not (
            self.lost or self.doubled or self.strange or self.keys_wrong or self.lagging or self.problems
        )


class Worker:
    """A worker process, its log beside its data."""

    def __init__(self, plan: Plan, app_id: str, folder: Path, number: int) -> None:
        self._plan, self._app_id, self._folder, self.number = plan, app_id, folder, number
        self.process: asyncio.subprocess.Process | None = None
        self.frozen = False

    async def start(self) -> None:
        plan = self._plan
        data = self._folder / f"data-{self.number}"
        log = (self._folder / f"worker-{self.number}.log").open("ab")
        command = [
            sys.executable,
            "-m",
            "tests.crash.churn_worker",
            "--kafka",
            plan.kafka,
            "--app-id",
            self._app_id,
        ]
        command += ["--store", plan.store, "--data-dir", str(data), *(["--stock"] if plan.stock else [])]
        self.process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdout=log, stderr=log)
        log.close()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def send(self, number: signal.Signals) -> None:
        if self.process is not None and self.running:
            self.process.send_signal(number)

    async def end(self, number: signal.Signals, patience: float = 30.0) -> int:
        """Signal and wait; the exit code, or -9 if it had to be killed."""
        assert self.process is not None
        self.send(number)
        try:
            return await asyncio.wait_for(self.process.wait(), patience)
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()


class Churn:
    """One run."""

    def __init__(self, plan: Plan, folder: Path, brokers: Brokers | None = None) -> None:
        self.plan, self.folder, self.brokers = plan, folder, brokers
        self.app_id = f"churn-{secrets.token_hex(4)}"
        self.names = Names(self.app_id)
        self.random = random.Random(plan.seed)  # noqa: S311
        self.workers: list[Worker] = []
        self.verdict = Verdict()
        self._started = 0
        self._fed = 0
        self._acts = 0
        self._faults = itertools.cycle(brokers.faults if brokers else [])

    async def run(self) -> Verdict:
        names = self.names
        await make_topics(self.plan, self.plan.partitions, [names.inbox, names.effects])
        await make_topics(self.plan, 1, [DEAD_LETTERS], missing_only=True)
        await make_topics(self.plan, self.plan.partitions, [names.changelog], compact=True)
        try:
            await self._join()
            await self._join()
            feeding = asyncio.create_task(self._feed(self.plan.seconds))
            await asyncio.sleep(6)
            while not feeding.done():
                await self._act()
                await asyncio.wait({feeding}, timeout=self.random.uniform(2, 9))
            await feeding
            await self._settle()
            await self._restart()
        finally:
            for worker in self.workers:
                if worker.running:
                    worker.send(signal.SIGCONT)
                    await worker.end(signal.SIGKILL)
        return self.verdict

    async def _feed(self, seconds: float) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self.plan.kafka, acks="all", enable_idempotence=True, linger_ms=5
        )
        await producer.start()
        began, sent = monotonic(), 0
        try:
            while (elapsed := monotonic() - began) < seconds:
                due = int(elapsed * self.plan.rate)
                futures = []
                for _ in range(due - sent):
                    event = {"id": f"{self.app_id}-{self._fed:07d}", "ballast": "x" * 100}
                    key = f"key-{self.random.randrange(self.plan.keys):05d}".encode()
                    futures.append(await producer.send(self.names.inbox, json.dumps(event).encode(), key=key))
                    self._fed += 1
                sent = due
                await asyncio.gather(*futures)
                await asyncio.sleep(0.02)
        finally:
            await producer.stop()

    async def _join(self) -> None:
        worker = Worker(self.plan, self.app_id, self.folder, self._started)
        self._started += 1
        self.workers.append(worker)
        await worker.start()
        self.verdict.actions["join"] += 1

    def _reap(self) -> list[Worker]:
        for worker in list(self.workers):
            if not worker.running:
                assert worker.process is not None
                self.verdict.ended_by_themselves[worker.process.returncode or 0] += 1
                self.workers.remove(worker)
        return [worker for worker in self.workers if not worker.frozen]

    async def _act(self) -> None:
        awake = self._reap()
        self._acts += 1
        if self.brokers is not None and self._acts % 2:
            fault = next(self._faults)
            self.verdict.actions[fault] += 1
            topics = [self.names.inbox, self.names.effects, self.names.changelog]
            await self.brokers.hurt(fault, topics, self.random)
            return
        choices = ["join"] if len(self.workers) < self.plan.most_workers else []
        if len(awake) > 1:
            choices += ["leave", "kill", "restart"]
            choices += ["freeze"] if self.plan.freeze and not self.plan.stock else []
        action = self.random.choice(choices or ["none"])
        if not awake:
            action = "join"
        if action == "join":
            await self._join()
            return
        if action == "none":
            return
        self.verdict.actions[action] += 1
        worker = self.random.choice(awake)
        if action == "freeze":
            worker.frozen = True
            worker.send(signal.SIGSTOP)
            asyncio.get_running_loop().call_later(self.random.uniform(1, 15), self._thaw, worker)
            return
        if action == "restart":
            await worker.end(signal.SIGKILL)
            await worker.start()
            return
        self.workers.remove(worker)
        code = await worker.end(signal.SIGTERM if action == "leave" else signal.SIGKILL)
        # A worker told to leave while it was still starting has no handler for the signal yet.
        # And one that has just been thawed may have lost its partitions with records to send.
        if action == "leave" and code not in _ORDERLY:
            self.verdict.problems.append(f"worker {worker.number} left with {code}")

    @staticmethod
    def _thaw(worker: Worker) -> None:
        worker.frozen = False
        worker.send(signal.SIGCONT)

    async def _settle(self) -> None:
        await asyncio.sleep(0.1)
        for worker in self.workers:
            if worker.frozen:
                self._thaw(worker)
        await asyncio.sleep(1)
        if not self._reap():
            await self._join()
        await self._wait_for_lag(180)
        await self._count("")

    async def _restart(self) -> None:
        """All workers leave, one comes; it must go on from where they were."""
        for worker in self._reap():
            code = await worker.end(signal.SIGTERM)
            # As above: one that came last may have no handler yet. What is lost or doubled is counted.
            if code not in _ORDERLY:
                self.verdict.problems.append(f"worker {worker.number} stopped with {code}")
        self.workers.clear()
        await self._join()
        await self._feed(3)
        await self._wait_for_lag(180)
        await self._count("after the restart: ")

    async def _wait_for_lag(self, patience: float) -> None:
        deadline = monotonic() + patience
        self.verdict.lagging = await self._lag()
        while self.verdict.lagging and monotonic() < deadline:
            await asyncio.sleep(1)
            if not self._reap():
                await self._join()
            self.verdict.lagging = await self._lag()

    async def _lag(self) -> dict[str, int]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.plan.kafka, group_id=self.app_id, enable_auto_commit=False
        )
        await consumer.start()
        try:
            tps = [TopicPartition(self.names.inbox, number) for number in range(self.plan.partitions)]
            ends = await consumer.end_offsets(tps)
            behind = {tp: ends[tp] - (await consumer.committed(tp) or 0) for tp in tps}
        finally:
            await consumer.stop()
        return {f"{tp.topic}[{tp.partition}]": lag for tp, lag in behind.items() if lag}

    async def _count(self, when: str) -> None:
        verdict, plan = self.verdict, self.plan
        source = [
            record
            for record in await read_all(plan.kafka, self.names.inbox, plan.partitions)
            if record.value and self.app_id.encode() in record.value
        ]
        ids = {event_id(record.value) for record in source}
        effects: dict[str, Counter[bytes]] = {}
        for record in await read_all(plan.kafka, self.names.effects, plan.partitions):
            if record.key.startswith(self.app_id.encode()):
                effects.setdefault(record.key.decode(), Counter())[record.value] += 1
        verdict.source = len(source)
        verdict.lost = len(ids - set(effects))
        verdict.strange = len(set(effects) - ids)
        verdict.doubled = sum(len(copies) > 1 for copies in effects.values())
        verdict.repeats = sum(sum(copies.values()) - 1 for copies in effects.values())
        values: dict[bytes, bytes] = {}
        for record in await read_all(plan.kafka, self.names.changelog, plan.partitions):
            values[record.key] = record.value
        table = {key: self._state(value) for key, value in values.items()}
        expected = fold((record.key, record.value) for record in source)
        verdict.keys_wrong = sum(table.get(key) != count for key, count in expected.items())
        if verdict.lost or verdict.doubled or verdict.strange or verdict.keys_wrong:
            verdict.problems.append(
                f"{when}{verdict.lost} lost, {verdict.doubled} doubled, {verdict.strange} strange, "
                f"{verdict.keys_wrong} keys wrong of {verdict.source} events"
            )

    def _state(self, value: bytes) -> Count:
        return Count.load(value if self.plan.stock else envelope.load(value).state)


async def make_topics(
    plan: Plan, partitions: int, names: list[str], *, compact: bool = False, missing_only: bool = False
) -> None:
    """Make topics, with a copy on each broker."""
    admin = AIOKafkaAdminClient(bootstrap_servers=plan.kafka)
    await admin.start()
    try:
        if missing_only:
            there = await admin.list_topics()
            names = [name for name in names if name not in there]
        config = {"cleanup.policy": "compact"} if compact else {}
        topics = [NewTopic(name, partitions, plan.brokers, topic_configs=config) for name in names]
        answer = await admin.create_topics(topics)
        for name, code, message in answer.topic_errors:
            if code:
                raise RuntimeError(f"{name}: {message} ({code})")
    finally:
        await admin.close()


async def read_all(kafka: str, topic: str, partitions: int) -> list:  # type: ignore[type-arg]
    """Every record of a topic, partition by partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False, max_poll_records=None)
    await consumer.start()
    try:
        tps = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        ends = await consumer.end_offsets(tps)
        records = []
        while any([await consumer.position(tp) < ends[tp] for tp in tps]):
            for found in (await consumer.getmany(timeout_ms=500)).values():
                records += found
    finally:
        await consumer.stop()
    return records


def run(plan: Plan, folder: Path | None = None) -> Verdict:
    """One run, from beginning to end, on the plan's broker or else on brokers of its own."""
    where = folder or Path(tempfile.mkdtemp(prefix="churn-"))
    print(f"{plan}\nlogs: {where}", flush=True)  # noqa: T201
    if plan.kafka:
        return asyncio.run(Churn(plan, where).run())
    with Brokers(where, plan.brokers) as brokers:
        hurt = brokers if plan.faults else None
        return asyncio.run(Churn(replace(plan, kafka=brokers.address), where, hurt).run())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kafka", default="", help="host:port; without it, a broker is started")
    parser.add_argument("--store", choices=["memory", "rocksdb"], default="memory")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--rate", type=int, default=450)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--most-workers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000))
    parser.add_argument("--stock", action="store_true", help="Faust's own classes; must lose")
    parser.add_argument("--no-freeze", dest="freeze", action="store_false")
    parser.add_argument("--brokers", type=int, choices=[1, 3], default=1, help="how many are started")
    parser.add_argument("--faults", action="store_true", help="hurt the brokers too, if they are our own")
    plan = Plan(**vars(parser.parse_args()))
    verdict = run(plan)
    print(json.dumps(vars(verdict), indent=1))  # noqa: T201
    return 0 if verdict.sound else 1


if __name__ == "__main__":
    sys.exit(main())
