"""`jardem bench rivals`: the same load before jardem and each rival, in turn.

What this machine lacks something for is left out, and the report says why; the rest is measured.
"""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
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
from ops.brokers.kafka_files import obstacles
from streams.errors import UserError

RATES = (20, 100)
_SECONDS, _QUICK = 30, 10

NO_BROKER = ""


@dataclass(frozen=True, slots=True)
class Contender:
    """A system that is measured, and whether a broker of ours is to run beside it."""

    make: Callable[[Stand], System]
    kafka: bool


async def run_rivals(options: Options, cache: Path, only: Sequence[str]) -> Report:
    """All systems, round by round, each on a stand of its own. Raises `UserError` for an unknown name."""
    report = new_report("rivals", kept_options(options))
    stop_in_order_on_sigterm()
    with Screen() as screen:
        systems: dict[str, Contender] = {}
        no_kafka = "; ".join(obstacles())
        if no_kafka:
            report.left_out[OURS] = f"it needs Apache Kafka: {no_kafka}"
        else:
            systems[OURS] = Contender(_ours(options), kafka=True)
            report.versions[OURS] = versions_of(OUR_CODE)
            report.systems[OURS] = f"jardem {report.versions[OURS]['jardem']}"
        for manifest in _chosen(only):
            why = _obstacles(manifest, no_kafka) or await _prepare(manifest, cache, report, screen)
            if why:
                report.left_out[manifest.title] = why
            else:
                systems[manifest.name] = Contender(_rival(manifest, cache), manifest.kafka)
        order = list(systems)
        for round_ in range(1, options.rounds + 1):
            for name in order if round_ % 2 else reversed(order):
                screen.round(f"rivals, round {round_} of {options.rounds}, {name}")
                await _measure(name, systems[name], options, round_, report, screen)
    return report


def _ours(options: Options) -> Callable[[Stand], System]:
    subject = Subject(OURS, OUR_CODE)
    return lambda on: subject.on(on, more={"JARDEM_STORE": options.store})


def _chosen(only: Sequence[str]) -> list[Manifest]:
    found = rivals()
    unknown = sorted(set(only) - {one.name for one in found})
    if unknown:
        there = ", ".join(one.name for one in found) or "none; they are in the checkout only"
        raise UserError(f"there is no rival {', '.join(unknown)}: there are {there}")
    return [one for one in found if not only or one.name in only]


def _rival(manifest: Manifest, cache: Path) -> Callable[[Stand], System]:
    return lambda on: Rival(manifest, cache, on.folder / manifest.name)


def _obstacles(manifest: Manifest, no_kafka: str) -> str:
    """Why it cannot run on this machine; nothing where it can."""
    if missing := manifest.obstacles():
        return f"this machine has no {', no '.join(missing)}"
    return f"it needs Apache Kafka: {no_kafka}" if manifest.kafka and no_kafka else ""


async def _prepare(manifest: Manifest, cache: Path, report: Report, screen: Screen) -> str:
    """Prepare a rival; why it could not be, nothing where it is."""
    screen.doing(f"preparing {manifest.title}")
    try:
        report.versions[manifest.name] = await Rival(manifest, cache, cache).prepare()
    except RivalError as error:
        return str(error)
    report.systems[manifest.name] = f"{manifest.title} ({manifest.durability})"
    return ""


async def _measure(
    name: str, contender: Contender, options: Options, round_: int, report: Report, screen: Screen
) -> None:
    """A round of a system; that one of them fails does not end the others."""
    seconds = _QUICK if options.quick else _SECONDS
    async with AsyncExitStack() as stack:
        kafka = options.kafka if contender.kafka else NO_BROKER
        on = await stack.enter_async_context(stand(kafka, screen))
        system = contender.make(on)
        try:
            if contender.kafka:
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
