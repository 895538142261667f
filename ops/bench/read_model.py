"""`python -m ops.bench.read_model`: how fast the read model answers, on SQLite and on PostgreSQL.

Made-up cases are told as records and go the whole way that the topics' records go, without the broker. Then
everything is asked many times over. The report is written by the run.
"""

import argparse
import asyncio
import contextlib
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from pydantic import SecretStr
from sqlalchemy import text

from ops.bench.histories import NOW, histories
from ops.bench.people import Log
from ops.bench.postgres import NoPostgresError, PrivatePostgres
from ops.bench.questions import Known, Question, questions
from ops.read_model.preparing import prepare
from ops.read_model.queries import Queries
from ops.read_model.store import Store, open_store
from ops.read_model.views import CaseFilter
from streams.clock import real_now
from streams.records import Record
from streams.settings.settings import Settings

REPORT = Path("docs/reports/read-model.md")
BOUND = 100.0
"""Milliseconds within which every search and filter answers at the 99th percentile."""

_BATCH = 2000
_RUN = """\
Written by `python -m ops.bench.read_model --cases {cases} --times {times}` on {day}: {processors},
Python {python}, SQLite {sqlite}. Databases, benchmark and whatever else ran shared the machine, whose load
average was {load:.1f} at the end.

{cases} made-up cases as {records} records of the topics, taken in as the follower does. Each question
was asked {times} times, each time of something else; a page has 50 rows, and a deep page begins behind the
5000th row, or is the last. Milliseconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How long a question took, in milliseconds."""

    question: str
    p50: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured on one database. `seconds` took the writing of all records."""

    database: str
    records: int
    seconds: float
    bytes: int
    answers: Sequence[Answer]


async def measure(databases: dict[str, Settings], cases: int, times: int, tell: "Tell") -> list[Result]:
    """Fill each database with the same histories, and ask each the same."""
    async with contextlib.AsyncExitStack() as stack:
        stores = {
            name: await stack.enter_async_context(open_store(settings))
            for name, settings in databases.items()
        }
        seconds, count = await _fill(stores, cases, tell)
        results = []
        for name, store in stores.items():
            await (await store.generation()).analyse()
            tell(f"{name}: asking")
            answers = await _ask(store.queries, cases, times)
            size = await _size(store)
            results.append(Result(name, count, seconds[name], size, answers))
        return results


class Tell:
    """Says how far the benchmark is."""

    def __call__(self, line: str) -> None:
        """Say it on standard error."""
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - a command's output


async def _fill(stores: dict[str, Store], cases: int, tell: Tell) -> tuple[dict[str, float], int]:
    seconds, count = dict.fromkeys(stores, 0.0), 0
    means = next(iter(stores.values())).means
    told = histories(cases, means.pseudonyms, Log())
    for batch in _batches(told):
        started = time.monotonic()
        prepared = prepare(batch, means)
        preparing = time.monotonic() - started
        for name, store in stores.items():
            started = time.monotonic()
            generation = await store.generation()
            async with generation.engine.begin() as connection:
                await generation.writer().write_rows(connection, prepared)
            seconds[name] += preparing + time.monotonic() - started
        count += len(batch)
        if count // _BATCH % 50 == 0:
            tell(f"{count} records")
    return seconds, count


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, _BATCH)):
        yield batch


async def _ask(queries: Queries, persons: int, times: int) -> list[Answer]:
    page = await queries.cases(CaseFilter(), at=NOW, limit=1000)
    known = Known(persons, [row.case_id for row in page.rows], NOW)
    return [await _answered(question, queries, times) for question in questions(known)]


async def _answered(question: Question, queries: Queries, times: int) -> Answer:
    seed = len(question.name)
    prepare_it = getattr(question.ask, "prepare", None)
    if prepare_it is not None:
        await prepare_it(queries, Random(seed), times)  # noqa: S311 - the same is asked of each database
    chance, taken = Random(seed), []  # noqa: S311 - as above
    for _ in range(times):
        started = time.perf_counter()
        await question.ask(queries, chance)
        taken.append((time.perf_counter() - started) * 1000)
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return Answer(question.name, cuts[49], cuts[98], max(taken))


async def _size(store: Store) -> int:
    async with store.reading() as connection:
        if connection.dialect.name == "postgresql":
            asked = text("SELECT pg_database_size(current_database())")
            return int((await connection.execute(asked)).scalar_one())
    return await asyncio.to_thread(_bytes_in, store.database.folder or Path())


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def report(results: Sequence[Result], cases: int, times: int) -> str:
    """The report, as it is committed."""
    worst = max(answer.p99 for result in results for answer in result.answers)
    lines = [
        "# How fast the read model answers",
        "",
        _RUN.format(
            cases=cases,
            times=times,
            day=real_now().date(),
            processors=f"{os.cpu_count()} processors ({platform.machine()})",
            python=platform.python_version(),
            sqlite=sqlite3.sqlite_version,
            records=results[0].records,
            load=os.getloadavg()[0],
        ),
        "",
        f"**The slowest of all at p99: {worst:.1f} ms; the bound is {BOUND:.0f} ms.**",
        "",
        "| database | records a second taken in | size |",
        "|---|---|---|",
    ]
    lines += [
        f"| {one.database} | {one.records / one.seconds:.0f} | {one.bytes / 1e6:.0f} MB |" for one in results
    ]
    head = " | ".join(f"{one.database} p50 | p99 | most" for one in results)
    lines += ["", f"| question | {head} |", "|---" + "|---:" * 3 * len(results) + "|"]
    for answers in zip(*(one.answers for one in results), strict=True):
        cells = " | ".join(f"{one.p50:.1f} | {one.p99:.1f} | {one.most:.1f}" for one in answers)
        lines.append(f"| {answers[0].question} | {cells} |")
    return "\n".join(lines) + "\n"


@contextlib.asynccontextmanager
async def databases(folder: Path, tell: Tell) -> AsyncIterator[dict[str, Settings]]:
    """SQLite in a folder, and a PostgreSQL of our own where there is one on this machine."""
    base = Settings(kafka="none:1", data_dir=folder)
    found = {"SQLite": base}
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(PrivatePostgres())
            found["PostgreSQL"] = base.model_copy(update={"console_database": SecretStr(server.url)})
        except NoPostgresError as error:
            tell(f"PostgreSQL is left out: {error}")
        yield found


async def run(cases: int, times: int, into: Path, tell: Tell) -> int:
    """Measure and write the report; 1 where anything was slower than the bound."""
    with tempfile.TemporaryDirectory(prefix="jardem-bench-") as folder:
        async with databases(Path(folder), tell) as found:
            results = await measure(found, cases, times, tell)
    await asyncio.to_thread(into.write_text, report(results, cases, times), encoding="utf-8")
    slow = [
        f"{result.database}: {answer.question} took {answer.p99:.1f} ms at p99"
        for result in results
        for answer in result.answers
        if answer.p99 > BOUND
    ]
    for line in slow:
        tell(line)
    return int(bool(slow))


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench.read_model", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="how many cases (100000)")
    parser.add_argument("--times", type=int, default=200, help="how often each question is asked (200)")
    parser.add_argument("--into", type=Path, default=REPORT, help=f"where the report goes ({REPORT})")
    options = parser.parse_args()
    return asyncio.run(run(options.cases, options.times, options.into, Tell()))


if __name__ == "__main__":
    sys.exit(main())
