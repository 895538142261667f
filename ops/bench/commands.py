"""`jardem bench`: parses arguments and wires the parts, as jardem.py does for the other commands."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ops.bench.measured import Report
    from ops.bench.running import Measure, Options

bench_app = typer.Typer(no_args_is_help=True)

_Rounds = Annotated[int, typer.Option(min=1, help="How many rounds; of two versions in turn.")]
_Cases = Annotated[int, typer.Option(min=0, help="How many cases; 0 as the benchmark has it.")]
_Quick = Annotated[bool, typer.Option("--quick", help="Small sizes, for a look.")]
_Rocks = Annotated[bool, typer.Option("--rocksdb", help="Tables in RocksDB in place of memory.")]
_Kafka = Annotated[
    str | None, typer.Option(help="A broker with nothing else on it; else one of its own is started.")
]
_Against = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="A checkout of another version, run in turn.")
]
_Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write what was measured here.")]
_Plots = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Draw plots (SVG) into this folder.")]


def _command(name: str, help_: str, choose: "Callable[[], Measure]") -> None:
    """Add a benchmark that takes the options that all have."""

    @bench_app.command(name, help=help_)
    def command(  # noqa: PLR0913 - each is an option
        *,
        rounds: _Rounds = 1,
        cases: _Cases = 0,
        quick: _Quick = False,
        rocksdb: _Rocks = False,
        kafka: _Kafka = None,
        against: _Against = None,
        json: _Json = None,
        plots: _Plots = None,
    ) -> None:
        from ops.bench.extra import require_bench

        require_bench()
        from ops.bench.running import Options

        store = "rocksdb" if rocksdb else "memory"
        _run(name, choose(), Options(rounds, cases, quick, store, kafka, against, json, plots))


def _run(name: str, measure: "Measure", options: "Options") -> None:
    from ops.bench.running import run

    _show(run(name, measure, options), options)


def _show(running: "Coroutine[Any, Any, Report]", options: "Options") -> None:
    """Run it to its end, and tell what was measured. Exit code 1 where something has no figure."""
    import asyncio

    from rich.console import Console

    from ops.bench.running import table, write

    try:
        report = asyncio.run(running)
    except asyncio.CancelledError:
        # SIGTERM: everything that was started has been stopped.
        raise typer.Abort from None
    Console().print(table(report))
    write(report, options)
    for title, why in report.left_out.items():
        typer.echo(f"left out: {title}: {why}", err=True)
    for fault in report.faults():
        typer.echo(f"no figure: {fault}", err=True)
    if report.faults():
        raise typer.Exit(1)


def _lifecycle() -> "Measure":
    from ops.bench.lifecycle import lifecycle

    return lifecycle


def _guarded() -> "Measure":
    from ops.bench.guarded import guarded

    return guarded


def _workers() -> "Measure":
    from ops.bench.lifecycle import workers

    return workers


def _latency() -> "Measure":
    from ops.bench.latency import latency

    return latency


def _rest() -> "Measure":
    from ops.bench.latency import rest

    return rest


def _growth() -> "Measure":
    from ops.bench.standing import growth

    return growth


def _recovery() -> "Measure":
    from ops.bench.standing import recovery

    return recovery


def _waiting() -> "Measure":
    from ops.bench.waiting import waiting

    return waiting


def _log() -> "Measure":
    from ops.bench.log_bytes import log

    return log


def _timers() -> "Measure":
    from ops.bench.timers import timers

    return timers


@bench_app.command("rivals")
def bench_rivals(
    only: Annotated[list[str] | None, typer.Argument(metavar="RIVAL", help="Only these.")] = None,
    *,
    rounds: _Rounds = 1,
    cases: _Cases = 0,
    quick: _Quick = False,
    rocksdb: _Rocks = False,
    json: _Json = None,
    plots: _Plots = None,
) -> None:
    """Measure jardem and other systems in turn under the same load; those that cannot run here are named."""
    from ops.bench.extra import require_bench

    require_bench()
    from ops.bench.rivals import run_rivals
    from ops.bench.running import Options
    from streams.settings.load import load_settings

    store = "rocksdb" if rocksdb else "memory"
    options = Options(rounds, cases, quick, store, None, None, json, plots)
    cache = load_settings().data_dir / "rivals"
    _show(run_rivals(options, cache, only or ()), options)


_command("lifecycle", "Measure full cases at saturation: how many a second, what each costs.", _lifecycle)
_command("guarded", "Measure full cases in the clear, and with TLS and encryption on.", _guarded)
_command("latency", "Measure from an award to its first SMS at 1, 20, 100 cases a second and more.", _latency)
_command("rest", "Measure what a worker uses that has nothing to do.", _rest)
_command("growth", "Measure full cases beside a thousand, a hundred thousand, a million open ones.", _growth)
_command("workers", "Measure full cases with 1, 2 and 4 workers.", _workers)
_command(
    "recovery",
    "Measure how soon a worker is ready with a million open cases, and its memory.",
    _recovery,
)
_command("log", "Measure what a full case leaves in Kafka's log and in the tables.", _log)
_command("timers", "Measure how late a timer goes off beside a million open cases.", _timers)
_command("waiting", "Measure many deadlines at one instant, and answers meanwhile.", _waiting)


@bench_app.command("desk")
def bench_desk(*, rounds: _Rounds = 1, json: _Json = None) -> None:
    """Measure a desk on Faust as it comes and on ours: on JARDEM_KAFKA, or on a broker of its own."""
    from ops.bench.desk import RUNS, measure, report, table
    from ops.bench.running import Options, write
    from ops.reach import require_broker
    from streams.settings.load import load_settings

    settings = load_settings()
    if settings.kafka:
        require_broker(settings)
    measured = []
    for number in range(1, rounds + 1):
        with _broker(settings.kafka) as address:
            measured.append(measure(address, RUNS))
        typer.echo(table(measured[-1]))
        # What was measured is there whatever becomes of the rounds to come.
        write(report(measured, number), Options(json=json))


@contextmanager
def _broker(address: str) -> "Iterator[str]":
    """The address of a broker: this one, or one of our own while the context lasts."""
    import tempfile

    from ops.brokers.choose import choose

    if address:
        yield address
        return
    with tempfile.TemporaryDirectory(prefix="jardem-bench-") as folder:
        broker, _ = choose("kafka", Path(folder))
        try:
            broker.start()
            yield broker.address
        finally:
            broker.stop()
