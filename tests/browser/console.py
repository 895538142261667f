"""A console on a port of this machine, its read model filled with made-up histories, for real browsers."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from aiohttp import ClientError, ClientSession

from ops.bench.histories import NOW, histories
from ops.bench.people import Log
from ops.console.app import create_app
from ops.reach import free_port
from ops.read_model.store import Store
from ops.read_model.writing import Place
from schemas.ids import Pseudonyms
from streams.clock import Clock, real_now
from streams.records import Record
from streams.settings.settings import Settings
from tests.unit.console.running import Running, running

CASES = 400


@dataclass(frozen=True, slots=True)
class StoppedClock(Clock):
    """Stands still where the histories end, so that what they say is the same whenever a test runs."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Served:
    """A console that browsers can open, and what it is made of."""

    url: str
    running: Running
    log: Log

    async def write(self, records: Iterable[Record]) -> None:
        """Put more records into the read model, as its follower would, and wake who waits."""
        await fill(self.running.console.store, records)
        await self.running.console.store.wake()


def pseudonyms(settings: Settings) -> Pseudonyms:
    """Those of an installation."""
    return Pseudonyms(settings.pseudonym_key.get_secret_value().encode())


async def fill(store: Store, records: Iterable[Record]) -> None:
    """Project records as the follower does."""
    generation = await store.generation()
    assert await generation.take_over(real_now())
    taken = list(records)
    ends = {(one.topic, one.partition): one.offset + 1 for one in taken}
    places = [Place(topic, partition, None, end, end) for (topic, partition), end in ends.items()]
    await generation.writer().write(taken, places, now=real_now())


@asynccontextmanager
async def told(folder: Path, cases: int = CASES, **settings: Any) -> AsyncIterator[tuple[Running, Log]]:
    """A console whose read model holds histories, at the instant at which they end."""
    async with running(folder, **settings) as bare:
        console = replace(bare.console, clock=StoppedClock())
        log = Log()
        await fill(console.store, histories(cases, pseudonyms(console.settings), log))
        # What a page shows as its own state is the real beat of whoever follows: here it is kept alive.
        beating = asyncio.create_task(_beat(console.store))
        try:
            yield replace(bare, console=console, app=create_app(console)), log
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)


@asynccontextmanager
async def served(folder: Path, cases: int = CASES, **settings: Any) -> AsyncIterator[Served]:
    """The same on a port."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    bind = f"127.0.0.1:{port}"
    async with told(folder, cases, console_bind=bind, **settings) as (made, log):
        config = uvicorn.Config(
            made.app,
            host="127.0.0.1",
            port=port,
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        try:
            await _answers(url)
            yield Served(url, made, log)
        finally:
            made.console.stopping.set()
            server.should_exit = True
            await serving


async def _beat(store: Store) -> None:
    while True:
        await asyncio.sleep(1)
        await fill(store, ())


async def _answers(url: str) -> None:
    async with asyncio.timeout(20), ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/healthz"):
                    return
            except ClientError:
                await asyncio.sleep(0.05)
