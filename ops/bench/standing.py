"""`jardem bench growth` and `recovery`: what many open cases cost, and when a worker comes back."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from ops.bench.installed import Jardem
from ops.bench.lifecycle import saturate
from ops.bench.many import read_prototype, write_copies
from ops.bench.running import Options, Point, Screen
from ops.bench.stand import Stand, settle, stand
from ops.bench.subject import Subject
from ops.bench.usage import resident_bytes

OPEN, QUICK_OPEN = (1_000, 100_000, 1_000_000), (1_000, 20_000, 100_000)
"""How many cases are open while others are played."""

RECOVERED, QUICK_RECOVERED = 1_000_000, 100_000

_SILENT = 60
_CASES, _QUICK = 4_000, 800
_RECOVERY_SECONDS = 3600.0
_CALM_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Standing:
    """Open cases that stand in the changelogs; `empty` is the memory of a worker without them."""

    system: Jardem
    count: int
    size: int
    empty: int


async def open_cases(on: Stand, system: Jardem, count: int) -> Standing:
    """Have so many cases wait for their citizens' answer; afterwards only the webhooks run."""
    beside = on.beside
    await system.prepare(beside.kafka)
    await system.start_webhooks(beside)
    worker = await system.start_worker(beside)
    on.wired = system.wired(beside)
    await on.load.connect(on.wired)
    await settle(system.settled)
    await asyncio.sleep(_CALM_SECONDS)
    empty = resident_bytes([worker.pid or 0])
    on.tell.doing("a few silent citizens, of whom the others are copies")
    first = await on.register(system, _SILENT)
    # The copied one comes first, and alone: what its state remembers of offsets is committed everywhere then.
    for begin, silent in ((first, 1), (first + 1, _SILENT - 1)):
        await on.load.cases(first=begin, count=silent, in_flight=silent, silent=True)
        await settle(system.settled)
    await system.stop_worker(worker)
    on.tell.doing(f"writing {count} open cases")
    size = await write_copies(
        beside.kafka, await read_prototype(beside.kafka, first), count, on.tell.progress
    )
    return Standing(system, count, size, empty)


def system_of(subject: Subject, on: Stand, store: str, more: Mapping[str, str] | None = None) -> Jardem:
    """A system that may take long to recover; `more` are further settings."""
    settings = {"JARDEM_STORE": store, **(more or {})}
    return subject.on(on, more=settings, recovery_seconds=_RECOVERY_SECONDS)


async def growth(subject: Subject, options: Options, screen: Screen) -> AsyncIterator[Point]:
    """Full cases at saturation beside more and more that wait."""
    for count in QUICK_OPEN if options.quick else OPEN:
        async with stand(options.kafka, screen) as on:
            system = system_of(subject, on, options.store)
            try:
                standing = await open_cases(on, system, count)
                screen.doing(f"recovering {count} open cases")
                worker = await system.start_worker(on.beside)
                on.wired = system.wired(on.beside)
                await asyncio.sleep(_CALM_SECONDS)
                memory = (resident_bytes([worker.pid or 0]) - standing.empty) / count
                cases = options.cases or (_QUICK if options.quick else _CASES)
                point = await saturate(on, system, cases, f"{count} open")
                yield Point(point.name, point.figures | {"memory_bytes_a_case": memory}, point.faults)
            finally:
                await system.stop()


async def recovery(subject: Subject, options: Options, screen: Screen) -> AsyncIterator[Point]:
    """From a start to /readyz: in memory, with RocksDB on a new folder, and on the one that it had."""
    count = options.cases or (QUICK_RECOVERED if options.quick else RECOVERED)
    for store in ("memory", "rocksdb"):
        async with stand(options.kafka, screen) as on:
            system = system_of(subject, on, store)
            try:
                standing = await open_cases(on, system, count)
                for folder in ("new folder", "its folder") if store == "rocksdb" else ("",):
                    name = f"{count} open, {store}" + (f", {folder}" if folder else "")
                    yield await _recovered(on, standing, name)
            finally:
                await system.stop()


async def _recovered(on: Stand, standing: Standing, name: str) -> Point:
    on.tell.doing(f"recovering {name}")
    # The data folder of the worker that made the copies knows of none of them: a number of its own.
    worker = await standing.system.start_worker(on.beside, number=1)
    seconds = standing.system.ready_seconds
    await asyncio.sleep(_CALM_SECONDS)
    memory = resident_bytes([worker.pid or 0])
    # As a crash would; a worker with the same folder is the same member of the group, and waits for nobody.
    standing.system.kill_worker(worker)
    figures = {
        "seconds": seconds,
        "memory_bytes_a_case": (memory - standing.empty) / standing.count,
        "changelog_bytes_a_case": standing.size / standing.count,
    }
    return Point(name, figures)
