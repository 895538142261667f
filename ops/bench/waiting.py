"""`jardem bench waiting`: many deadlines at one instant, and citizens who answer meanwhile.

The cases that wait are copies of one that the system has played up to its last day, under a fast clock. Then
the clock is set so that their common deadline comes at a chosen moment, and runs as fast as real time but for
a hundredth: a clock cannot be shifted, only be made to run.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiokafka import TopicPartition

from ops.bench.installed import PSEUDONYM_KEY, Jardem
from ops.bench.load.people import citizen
from ops.bench.load.run import quantiles
from ops.bench.many import FIRST, Names, read_prototype, write_copies
from ops.bench.offsets import ends_of, records_of
from ops.bench.running import Options, Point, Screen
from ops.bench.stand import Stand, settle, stand
from ops.bench.subject import Subject
from schemas.ids import Pseudonyms
from streams.errors import UserError

DUE, QUICK_DUE = 100_000, 10_000
"""How many deadlines there are at one instant."""

_DAY_SECONDS = 20.0
_FAST = 86_400 / _DAY_SECONDS
_BEFORE_THE_END = timedelta(hours=8)
_SCALE = 1.01
_SILENT = 60
_SECONDS_TO_START = 20.0
_SLOWER = 1.5
_RATE, _BEFORE = 5, 5.0
_PATIENCE = 900.0
Offsets = Mapping[TopicPartition, int]

_INBOX, _ENDED, _ADVANCED = "case.inbox.v1", "benefit.process-ended.v1", "case.advanced.v1"


@dataclass(frozen=True, slots=True)
class Clock:
    """The settings of a virtual clock, as processes take them."""

    scale: float
    origin: datetime

    def settings(self) -> dict[str, str]:
        """For the environment."""
        return {"JARDEM_TIME_SCALE": str(self.scale), "JARDEM_TIME_ORIGIN": self.origin.isoformat()}

    def real(self, virtual: datetime) -> datetime:
        """When it will be so late."""
        return self.origin + (virtual - self.origin) / self.scale


def clock_that_shows(virtual: datetime, at: datetime) -> Clock:
    """A clock that shows `virtual` at the real instant `at`, and runs nearly as real time does."""
    # Its origin is the instant at which both were equal: a hundred times as far back as it goes ahead.
    return Clock(_SCALE, at - (virtual - at) / (_SCALE - 1))


async def waiting(subject: Subject, options: Options, screen: Screen) -> AsyncIterator[Point]:
    """How late each deadline was sent and its case ended, and how fast citizens were answered meanwhile."""
    count = options.cases or (QUICK_DUE if options.quick else DUE)
    async with stand(options.kafka, screen) as on:
        first, until = await _played_to_the_last_day(subject, on, options.store)
        screen.doing(f"writing {count} cases that end at one instant")
        prototype = await read_prototype(on.beside.kafka, first)
        await write_copies(on.beside.kafka, prototype, count, screen.progress)
        seconds = await _seconds_to_start(subject, on, options.store, until)
        due = datetime.now(UTC) + timedelta(seconds=_SECONDS_TO_START + _SLOWER * seconds)
        system = _system(subject, on, options.store, clock_that_shows(until, due))
        try:
            screen.doing("starting before the instant")
            await system.start(on.beside)
            yield await _watched(on, system, count, due)
        finally:
            await system.stop()


def _system(subject: Subject, on: Stand, store: str, clock: Clock) -> Jardem:
    more = {"JARDEM_STORE": store, **clock.settings()}
    return subject.on(on, more=more, recovery_seconds=_PATIENCE)


async def _seconds_to_start(subject: Subject, on: Stand, store: str, until: datetime) -> float:
    """How long all processes take until they are ready, as long as nothing is due."""
    on.tell.doing("looking how long it takes to start")
    system = _system(subject, on, store, clock_that_shows(until - _BEFORE_THE_END, datetime.now(UTC)))
    began = asyncio.get_running_loop().time()
    try:
        await system.start(on.beside)
        return asyncio.get_running_loop().time() - began
    finally:
        await system.stop()


async def _played_to_the_last_day(subject: Subject, on: Stand, store: str) -> tuple[int, datetime]:
    """A citizen who has not answered, and when their term ends; no worker runs any more."""
    clock = Clock(_FAST, datetime.now(UTC))
    system = _system(subject, on, store, clock)
    try:
        await on.connect(system, await system.start(on.beside))
        on.tell.doing("a few silent citizens up to their last day")
        first = await on.register(system, _SILENT)
        for begin, silent in ((first, 1), (first + 1, _SILENT - 1)):
            await on.load.cases(first=begin, count=silent, in_flight=silent, silent=True)
            await settle(system.settled)
        until = await _term_of(on.beside.kafka, first)
        pause = clock.real(until - _BEFORE_THE_END) - datetime.now(UTC)
        await asyncio.sleep(max(pause.total_seconds(), 0))
        await settle(system.settled)
    finally:
        await system.stop()
    return first, until


async def _term_of(kafka: str, number: int) -> datetime:
    """When the offer's term of a citizen ends."""
    person = Pseudonyms(PSEUDONYM_KEY.encode()).person(citizen(number).iin).encode()
    found = None
    async for record in records_of(kafka, _ADVANCED):
        if record.key == person:
            found = json.loads(record.value).get("until") or found
    if found is None:
        raise UserError("no case waits for its citizen's answer: the system has not told of any term")
    return datetime.fromisoformat(found)


async def _watched(on: Stand, system: Jardem, count: int, due: datetime) -> Point:
    """Play others' cases from shortly before the instant until all that were due have ended."""
    inbox, ended = await ends_of(on.beside.kafka, _INBOX), await ends_of(on.beside.kafka, _ENDED)
    on.wired = system.wired(on.beside)
    await on.load.connect(on.wired)
    late = (datetime.now(UTC) - due).total_seconds() + _BEFORE
    if late > 0:
        return Point(f"{count} due", {}, [f"it was ready {late:.0f} s too late to see the instant"])
    before = max(2, int(_RATE * _BEFORE))
    await asyncio.sleep(-late)
    on.tell.doing(f"{count} cases end, others are played")
    others = before + max(_RATE * 10, count * _RATE // 1_000)
    played = await on.play(system, others, rate=_RATE, warm_up=before, patience=_PATIENCE)
    faults = list(played.faults)
    gone = await _until_ended(on, ended, count, due)
    elapsed = await _lateness(on, _INBOX, inbox, count, due)
    if len(gone) != count:
        faults.append(f"{len(gone)} cases have ended, and {count} were due")
    if min([*elapsed, *gone], default=0.0) < 0:
        faults.append("cases ended before their instant")
    figures = {f"sent_late_{name}_ms": value for name, value in quantiles(elapsed).items()}
    figures |= {f"ended_late_{name}_ms": value for name, value in quantiles(gone).items()}
    figures |= {f"answer_{name}_ms": value for name, value in played.result["answer_ms"].items()}
    figures["ended_per_second"] = count / max(gone) if gone else 0.0
    return Point(f"{count} due", figures, faults)


async def _until_ended(on: Stand, since: Offsets, count: int, due: datetime) -> Sequence[float]:
    """How late each case ended, once all have, or when none has for long."""
    loop = asyncio.get_running_loop()
    seen, moved_at = 0, loop.time()
    while loop.time() - moved_at < _PATIENCE:
        done = sum((await ends_of(on.beside.kafka, _ENDED)).values()) - sum(since.values())
        on.tell.progress(min(done, count), count)
        # Those of whom the copies were made end too, so that the topic alone does not tell.
        if done >= count and len(late := await _lateness(on, _ENDED, since, count, due)) >= count:
            return late
        if done > seen:
            seen, moved_at = done, loop.time()
        await asyncio.sleep(0.5)
    return await _lateness(on, _ENDED, since, count, due)


async def _lateness(on: Stand, topic: str, since: Offsets, count: int, due: datetime) -> Sequence[float]:
    """How many seconds after the instant each copy's first record came into a topic since then."""
    copies = {Names.of(citizen(number)).person for number in range(FIRST, FIRST + count)}
    first: dict[bytes, float] = {}
    begins = due.timestamp()
    async for record in records_of(on.beside.kafka, topic, since):
        if record.key in copies:
            first.setdefault(record.key, record.timestamp / 1000 - begins)
    return list(first.values())
