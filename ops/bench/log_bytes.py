"""`jardem bench log`: what a full case leaves in Kafka, when cases are many and when each comes alone.

Each topic by itself is shown by `python -m ops.bench.log_size`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping

from ops.bench.latency import at_rate
from ops.bench.lifecycle import cases_of, saturate
from ops.bench.log_size import DOCUMENTS, Weight, weigh
from ops.bench.running import Options, Point, Screen
from ops.bench.stand import Stand, settle, stand, started
from ops.bench.subject import Subject
from ops.bench.systems import System
from streams.topics import CHANGELOGS

FULL, ALONE = "at saturation", "20/s"
CASES = "cases"
_CASES, _QUICK = 2_000, 500
_RATE = 20.0
_SETTLED_SECONDS = 3.0


async def log(subject: Subject, options: Options, screen: Screen) -> AsyncIterator[Point]:
    """As fast as it goes, where records come in batches; then at a rate at which most come alone."""
    count = cases_of(options, _CASES, _QUICK)
    async with stand(options.kafka, screen) as on:
        system = subject.on(on, more={"JARDEM_STORE": options.store})
        async with started(on, system):
            before = await _weighed(on, system)
            played = await saturate(on, system, count, FULL)
            between = await _weighed(on, system)
            yield Point(FULL, a_case(before, between), played.faults)
            played, _ = await at_rate(on, system, _RATE, count / _RATE, ALONE)
            yield Point(ALONE, a_case(between, await _weighed(on, system)), played.faults)


async def _weighed(on: Stand, system: System) -> dict[str, float]:
    """What the topics hold, and of how many cases. Those before and after what is timed are full ones too."""
    await settle(system.settled)
    await asyncio.sleep(_SETTLED_SECONDS)
    on.tell.doing("weighing the topics")
    return sums(await asyncio.to_thread(weigh, on.beside.kafka)) | {CASES: on.first}


def a_case(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What has come, for each case that has come."""
    grown = {name: after[name] - before[name] for name in after}
    cases = grown.pop(CASES)
    return {name: value / cases for name, value in grown.items()}


def sums(weights: Mapping[str, Weight]) -> dict[str, float]:
    """All but the documents, of that the changelogs, the documents, and the tables as they stand."""
    tables = [weight for name, weight in weights.items() if name in CHANGELOGS]
    rest = [weight for name, weight in weights.items() if name != DOCUMENTS]

    def kept(some: Iterable[Weight]) -> int:
        return sum(weight.kept for weight in some)

    return {
        "log_bytes": kept(rest),
        "log_bytes.changelogs": kept(tables),
        "records": sum(weight.records for weight in rest),
        "written_bytes": sum(weight.written for weight in rest),
        "document_bytes": kept(weights.values()) - kept(rest),
        "table_bytes": sum(sum(weight.last.values()) for weight in tables),
    }
