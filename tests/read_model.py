"""What the tests of the read model share: a store on a database, records told to it, and all its rows."""

import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from ops.bench.histories import NOW, PLOTS, History
from ops.bench.people import Log
from ops.read_model import tables
from ops.read_model.store import Store, open_store
from schemas.ids import Pseudonyms
from streams.clock import real_now
from streams.records import NotUnpacked, Record
from streams.settings.settings import DEMO_PSEUDONYM_KEY, Settings
from streams.signing import load_signer

PSEUDONYMS = Pseudonyms(DEMO_PSEUDONYM_KEY.encode())
Item = Record | NotUnpacked
Rows = dict[str, list[tuple[Any, ...]]]


def settings_in(folder: Path, url: str = "", **more: Any) -> Settings:
    """Settings of an installation whose read model is in this folder, or at this address."""
    return Settings(kafka="127.0.0.1:1", data_dir=folder, console_database=SecretStr(url), **more)


def history(number: int, log: Log, at: datetime = NOW - timedelta(days=3)) -> History:
    """A case that nothing is told of yet."""
    return History(number, log, PSEUDONYMS, load_signer(None, ""), at)


def told_of_every_plot(log: Log, each: int = 2) -> list[Record]:
    """Some cases of each kind, one after the other."""
    return [
        record
        for number, plot in enumerate(PLOTS * each)
        for record in history(number, log, NOW - timedelta(days=2 + number)).plays(plot)
    ]


def interleaved(records: Iterable[Record], seed: int) -> list[Record]:
    """The same records as another reader may get them: each partition in its order, partitions in any."""
    chance = random.Random(seed)  # noqa: S311 - a seed is to give the same again
    queues: defaultdict[tuple[str, int], list[Record]] = defaultdict(list)
    for record in records:
        queues[record.topic, record.partition].append(record)
    found = []
    while queues:
        key = chance.choice(sorted(queues))
        found.append(queues[key].pop(0))
        if not queues[key]:
            del queues[key]
    return found


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """A store for which this process follows."""
    async with open_store(settings) as store:
        assert await (await store.generation()).take_over(real_now())
        yield store


async def tell(store: Store, items: Sequence[Item], batch: int = 50) -> None:
    """Write records as the follower does, in batches."""
    writer = (await store.generation()).writer()
    for start in range(0, len(items), batch):
        await writer.write(items[start : start + batch], (), now=real_now())


async def all_rows(store: Store) -> Rows:
    """Every row of every table but bookkeeping."""
    found: Rows = {}
    async with store.reading() as connection:
        for table in tables.metadata.sorted_tables:
            if table.name not in tables.BOOKKEEPING:
                rows = (await connection.execute(select(table))).all()
                found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found
