"""`jardem bench rivals`: the same load before jardem and each rival, in turn.

A rival that this machine lacks something for is left out, and the report says why.
"""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from ops.bench.installed import OUR_CODE
from ops.bench.latency import at_rate
from ops.bench.lifecycle import cases_of, saturate
from ops.bench.measured import OURS, Measurement, Report, new_report, versions_of
from ops.bench.rival import Manifest, Rival, RivalError, rivals
from ops.bench.running import Options, Point, Screen, kept_options, stop_in_order_on_sigterm, write
from ops.bench.stand import Stand, stand, started
from ops.bench.subject import Subject
from ops.bench.systems import System
from streams.errors import UserError

RATES = (20, 100)
_SECONDS, _QUICK = 30, 10

MakeSystem = Callable[[Stand], System]


async def run_rivals(options: Options, cache: Path, only: Sequence[str]) -> Report:
    """All systems, round by round, each on a stand of its own. Raises `UserError` for an unknown name."""
    report = new_report("rivals", kept_options(options))
    stop_in_order_on_sigterm()
    with Screen() as screen:
        systems: dict[str, MakeSystem] = {OURS: _ours(options)}
        report.versions[OURS] = versions_of(OUR_CODE)
        report.systems[OURS] = f"jardem {report.versions[OURS]['jardem']}"
        for manifest in _chosen(only):
            await _admit(manifest, cache, report, systems, screen)
        order = list(systems)
        for round_ in range(1, options.rounds + 1):
            for name in order if round_ % 2 else reversed(order):
                screen.round(f"rivals, round {round_} of {options.rounds}, {name}")
                await _measure(name, systems[name], options, round_, report, screen)
    return report


def _ours(options: Options) -> MakeSystem:
    subject = Subject(OURS, OUR_CODE)
    return lambda on: subject.on(on, more={"JARDEM_STORE": options.store})


def _chosen(only: Sequence[str]) -> list[Manifest]:
    found = rivals()
    unknown = sorted(set(only) - {one.name for one in found})
    if unknown:
        there = ", ".join(one.name for one in found) or "none; they are in the checkout only"
        raise UserError(f"there is no rival {', '.join(unknown)}: there are {there}")
    return [one for one in found if not only or one.name in only]


async def _admit(
    manifest: Manifest, cache: Path, report: Report, systems: dict[str, MakeSystem], screen: Screen
) -> None:
    """Prepare a rival, or say why it is left out."""
    if missing := manifest.obstacles():
        report.left_out[manifest.title] = f"this machine has no {', no '.join(missing)}"
        return
    screen.doing(f"preparing {manifest.title}")
    try:
        report.versions[manifest.name] = await Rival(manifest, cache, cache).prepare()
    except RivalError as error:
        report.left_out[manifest.title] = str(error)
        return
    report.systems[manifest.name] = f"{manifest.title} ({manifest.durability})"
    systems[manifest.name] = lambda on: Rival(manifest, cache, on.folder / manifest.name)


async def _measure(
    name: str, make: MakeSystem, options: Options, round_: int, report: Report, screen: Screen
) -> None:
    """A round of a system; that one of them fails does not end the others."""
    seconds = _QUICK if options.quick else _SECONDS
    async with AsyncExitStack() as stack:
        on = await stack.enter_async_context(stand(options.kafka, screen))
        system = make(on)
        try:
            await _topics(on, system)
            async with started(on, system):
                _keep(report, name, round_, await saturate(on, system, cases_of(options), "saturation"))
                for rate in RATES:
                    point, steady = await at_rate(on, system, rate, seconds, f"{rate}/s")
                    late = [] if steady else [f"it does not keep up with {rate} cases a second"]
                    _keep(report, name, round_, Point(point.name, point.figures, point.faults or late))
        except UserError as error:
            _keep(report, name, round_, Point("saturation", {}, [str(error)]))
    write(report, options)


async def _topics(on: Stand, system: System) -> None:
    """Every system finds the same topics, whoever made them."""
    if isinstance(system, Rival):
        await Subject(OURS, OUR_CODE).on(on).prepare(on.beside.kafka)


def _keep(report: Report, name: str, round_: int, point: Point) -> None:
    figures = {} if point.faults else point.figures
    report.measurements.append(Measurement(name, point.name, round_, figures, list(point.faults)))
