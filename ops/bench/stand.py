"""Where systems are measured: the broker, the load and one system at a time, from start to stop."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ops.bench.load_process import LoadProcess
from ops.bench.systems import Beside, System, Wired
from ops.bench.usage import processor_seconds
from ops.brokers.broker import Broker
from ops.brokers.choose import choose
from streams.errors import UserError

BROKER, LOAD = "broker", "load"
_SETTLE_SECONDS = 300.0

Progress = Callable[[int, int], None]


class Tell(Protocol):
    """Says what is done now, and how far it is."""

    def doing(self, what: str) -> None:
        """Something new begins."""
        ...

    def progress(self, done: int, of: int) -> None:
        """So many of so many are done."""
        ...


@dataclass(slots=True)
class Played:
    """What the load says of a plan, and the processor seconds of each role while it was measured."""

    result: Mapping[str, Any]
    seconds: Mapping[str, float]

    @property
    def faults(self) -> list[str]:
        """What was not as it must be; with faults there are no figures."""
        return list(self.result["faults"])

    def milliseconds_a_case(self, role: str) -> float:
        """Processor time of a role for each case that was measured."""
        return self.seconds.get(role, 0.0) * 1000 / max(int(self.result["measured"]), 1)


@dataclass(slots=True)
class Stand:
    """A broker and a load, before which a system stands. Citizens are taken from number `first` on."""

    beside: Beside
    load: LoadProcess
    folder: Path
    tell: Tell
    broker_pid: int | None = None
    wired: Wired | None = None
    first: int = 0
    _marks: dict[str, dict[str, float]] = field(default_factory=dict)

    async def connect(self, system: System, wired: Wired) -> None:
        """Have the load speak with a started system."""
        self.wired = wired
        await self.load.connect(wired)
        await settle(system.settled)

    async def register(self, system: System, count: int) -> int:
        """Publish the facts of so many new citizens, and wait until they are known: the first's number."""
        first, self.first = self.first, self.first + count
        await self.load.facts(first, count)
        await settle(system.settled)
        return first

    async def play(self, system: System, count: int, **plan: Any) -> Played:  # noqa: ANN401 - see `Plan`
        """Play a plan with so many new citizens."""
        first = await self.register(system, count)
        self._marks.clear()
        self.load.marked = self._mark
        result = await self.load.cases(first=first, count=count, **plan)
        used = {
            role: self._marks["end"][role] - began
            for role, began in self._marks.get("begin", {}).items()
            if role in self._marks.get("end", {})
        }
        return Played(result, used)

    def _mark(self, mark: str) -> None:
        self._marks[mark] = processor_seconds(self.roles())

    def roles(self) -> dict[str, list[int]]:
        """All processes by what they are: the system's, the broker, the load."""
        found = {role: list(pids) for role, pids in (self.wired.processes if self.wired else {}).items()}
        found[LOAD] = [self.load.pid]
        if self.broker_pid:
            found[BROKER] = [self.broker_pid]
        return found


async def settle(settled: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a system has applied all. Raises `UserError` after five minutes."""
    try:
        async with asyncio.timeout(_SETTLE_SECONDS):
            while not await settled():  # noqa: ASYNC110 - other processes' doing
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise UserError(
            f"the system has not applied everything within {_SETTLE_SECONDS:.0f} s of its publishing"
        ) from None


@asynccontextmanager
async def stand(kafka: str | None, tell: Tell) -> AsyncIterator[Stand]:
    """A load beside this broker, or beside a new and empty one of its own; with "" beside none.

    Raises `BrokerError`.
    """
    with tempfile.TemporaryDirectory(prefix="jardem-bench-") as name:
        folder = Path(name)
        if kafka is not None:
            async with LoadProcess(tell.progress) as load:
                yield Stand(Beside(kafka, load.sms, load.decisions), load, folder, tell)
            return
        tell.doing("starting Apache Kafka")
        broker, _ = choose("kafka", folder)
        async with stand_with(broker, broker.address, folder, tell) as on:
            yield on


@asynccontextmanager
async def stand_with(broker: Broker, address: str, folder: Path, tell: Tell) -> AsyncIterator[Stand]:
    """A load beside this broker, which is started here and reached by the load at this address.

    Raises `BrokerError`.
    """
    try:
        await asyncio.to_thread(broker.start)
        async with LoadProcess(tell.progress) as load:
            beside = Beside(address, load.sms, load.decisions)
            yield Stand(beside, load, folder, tell, broker_pid=broker.pid)
    finally:
        await asyncio.to_thread(broker.stop)


@asynccontextmanager
async def started(on: Stand, system: System) -> AsyncIterator[None]:
    """A system that runs and is connected while the context lasts."""
    on.tell.doing(f"starting {system.title}")
    try:
        await on.connect(system, await system.start(on.beside))
        yield
    finally:
        await system.stop()
