"""`jardem bench latency` and `rest`: how long a citizen waits for the first SMS, and what it costs."""

import asyncio
from collections.abc import AsyncIterator

from ops.bench.lifecycle import figures_of
from ops.bench.running import Options, Point, Screen
from ops.bench.stand import LOAD, Stand, stand, started
from ops.bench.subject import Subject
from ops.bench.systems import System
from ops.bench.usage import processor_seconds

RATES = (1, 20, 100)
"""Cases a second at which the latency is measured."""

HIGHEST = "highest steady"

_SECONDS, _QUICK = 60, 15
_WARM_UP_SECONDS = 5
_STEADY_SECONDS = 2.0
_STEPS = 3
_MOST_RATE = 6400.0
_REST_SECONDS, _QUICK_REST = 60, 20
_QUIET_SECONDS = 5


async def at_rate(on: Stand, system: System, rate: float, seconds: float, point: str) -> tuple[Point, bool]:
    """Cases at a rate, and whether the system keeps up with it.

    It does not where the cases that are open at the end are more than two seconds' worth; then how long they
    wait says nothing but for how long it was looked at.
    """
    on.tell.doing(f"{rate:g} cases a second for {seconds:g} s")
    warm_up = max(1, int(rate * _WARM_UP_SECONDS))
    played = await on.play(system, warm_up + max(int(rate * seconds), 1), rate=rate, warm_up=warm_up)
    steady = not played.faults and played.result["backlog"] <= max(rate * _STEADY_SECONDS, 1)
    return figures_of(on, played, point), steady


async def latency(subject: Subject, options: Options, screen: Screen) -> AsyncIterator[Point]:
    """The rates one after the other, then the highest that is steady, found by doubling and halving."""
    seconds = _QUICK if options.quick else _SECONDS
    async with stand(options.kafka, screen) as on:
        system = subject.on(on, more={"JARDEM_STORE": options.store})
        async with started(on, system):
            kept: tuple[float, Point] | None = None
            for rate in RATES:
                point, steady = await at_rate(on, system, rate, seconds, f"{rate}/s")
                yield point if steady else _not_kept(point, rate)
                if steady:
                    kept = (float(rate), point)
            if kept is not None:
                yield await _highest(on, system, kept, seconds)


def _not_kept(point: Point, rate: float) -> Point:
    return Point(point.name, {}, point.faults or [f"it does not keep up with {rate:g} cases a second"])


async def _highest(on: Stand, system: System, kept: tuple[float, Point], seconds: float) -> Point:
    (low, best), high = kept, 0.0
    for _ in range(int(_MOST_RATE)):
        rate = low * 2 if not high else (low + high) / 2
        if rate > _MOST_RATE or (high and high / low < 1 + 1 / 2**_STEPS):
            break
        point, steady = await at_rate(on, system, rate, seconds, HIGHEST)
        if point.faults:
            return point
        if steady:
            low, best = rate, point
        else:
            high = rate
    return Point(HIGHEST, best.figures | {"offered_per_second": low})


async def rest(subject: Subject, options: Options, screen: Screen) -> AsyncIterator[Point]:
    """A system that has nothing to do: percent of one processor."""
    async with stand(options.kafka, screen) as on:
        system = subject.on(on, more={"JARDEM_STORE": options.store})
        async with started(on, system):
            # What happens at the beginning alone is not what it does at rest.
            await on.play(system, 20, in_flight=5)
            await asyncio.sleep(_QUIET_SECONDS)
            seconds = _QUICK_REST if options.quick else _REST_SECONDS
            screen.doing(f"{seconds} s of rest")
            before = processor_seconds(on.roles())
            await asyncio.sleep(seconds)
            after = processor_seconds(on.roles())
            used = {role: (after[role] - began) / seconds * 100 for role, began in before.items()}
            yield Point("", {f"cpu_percent.{role}": value for role, value in used.items() if role != LOAD})
