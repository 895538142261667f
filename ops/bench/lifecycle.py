"""`jardem bench lifecycle` and `workers`: full cases at saturation, and what a case costs there."""

from collections.abc import AsyncIterator
from typing import Any

from ops.bench.running import Options, Point, Screen
from ops.bench.stand import Stand, stand, started
from ops.bench.subject import Subject, case_figures
from ops.bench.systems import System

IN_FLIGHT = 200
"""How many cases are under way at once."""

WORKERS = (1, 2, 4)

_CASES, _QUICK = 4_000, 800


async def saturate(on: Stand, system: System, cases: int, point: str) -> Point:
    """A closed loop before a system that runs: as fast as it goes."""
    in_flight = min(IN_FLIGHT, max(cases // 3, 1))
    on.tell.doing(f"{cases} cases, {in_flight} in flight")
    played = await on.play(system, cases + 2 * in_flight, in_flight=in_flight, warm_up=in_flight)
    return figures_of(on, played, point)


def figures_of(on: Stand, played: Any, point: str) -> Point:  # noqa: ANN401 - `Played`
    """The point that was played, whose roles are those of the system that is connected."""
    roles = list(on.wired.processes) if on.wired else []
    return Point(point, case_figures(played, roles), played.faults)


def cases_of(options: Options, full: int = _CASES, quick: int = _QUICK) -> int:
    """How many cases there are: as many as were asked for, or as the size has it."""
    return options.cases or (quick if options.quick else full)


async def lifecycle(subject: Subject, options: Options, screen: Screen) -> AsyncIterator[Point]:
    """One worker, the webhooks, a broker."""
    async with stand(options.kafka, screen) as on:
        system = subject.on(on, more={"JARDEM_STORE": options.store})
        async with started(on, system):
            yield await saturate(on, system, cases_of(options), "")


async def workers(subject: Subject, options: Options, screen: Screen) -> AsyncIterator[Point]:
    """The same with more workers, each time from the beginning."""
    for count in WORKERS:
        async with stand(options.kafka, screen) as on:
            system = subject.on(on, workers=count, more={"JARDEM_STORE": options.store})
            async with started(on, system):
                yield await saturate(on, system, cases_of(options), _counted(count))


def _counted(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"
