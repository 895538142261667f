"""Runs a benchmark: its rounds, this version and another in turn, the report, and how far it is."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ops.bench.measured import AGAINST, OURS, Measurement, Report, new_report, versions_of
from ops.bench.subject import Subject, subjects
from ops.reach import require_broker
from streams.errors import UserError
from streams.settings.settings import Settings


class BadOptionsError(UserError):
    """Options that do not go together."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Options:
    """What all benchmarks are told.

    `cases` is of how many cases each point is, or how many are open; 0: as the benchmark has it. `quick`:
    small sizes, for a look. `kafka`: a broker with nothing else on it; else one of its own is started.
    """

    rounds: int = 1
    cases: int = 0
    quick: bool = False
    store: str = "memory"
    kafka: str | None = None
    against: Path | None = None
    json: Path | None = None
    plots: Path | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """What one point gave: its figures by name, or the faults for which there are none."""

    name: str
    figures: dict[str, float]
    faults: Sequence[str] = ()


Measure = Callable[[Subject, Options, "Screen"], AsyncIterator[Point]]


class Screen:
    """A progress bar on standard error; where that is no terminal, a line for each thing that is begun."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._live = console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._task = self._progress.add_task("", total=None, count="")
        self._round = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def round(self, words: str) -> None:
        """Which round of which system this is."""
        self._round = words

    def doing(self, what: str) -> None:
        """Something new begins."""
        text = f"{self._round}: {what}" if self._round else what
        self._progress.reset(self._task, description=text, total=None, count="")
        if not self._live:
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - a command's output

    def progress(self, done: int, of: int) -> None:
        """So many of so many are done."""
        self._progress.update(self._task, completed=done, total=of, count=f"{done}/{of}")


async def run(benchmark: str, measure: Measure, options: Options) -> Report:
    """Run all rounds; the two versions' order changes from round to round. Raises `UserError`."""
    if options.against and options.kafka:
        raise BadOptionsError(
            "two versions would read each other's tables on one broker: leave out --kafka with --against"
        )
    if options.kafka:
        require_broker(Settings(kafka=options.kafka))
    report = new_report(benchmark, kept_options(options))
    versions = subjects(options.against)
    for subject in versions:
        report.versions[subject.name] = versions_of(subject.code)
        report.systems[subject.name] = f"jardem {report.versions[subject.name]['jardem']}"
    stop_in_order_on_sigterm()
    with Screen() as screen:
        for number_ in range(1, options.rounds + 1):
            for subject in versions if number_ % 2 else reversed(versions):
                screen.round(f"{benchmark}, round {number_} of {options.rounds}, {subject.name}")
                async for point in measure(subject, options, screen):
                    figures = {} if point.faults else point.figures
                    report.measurements.append(
                        Measurement(subject.name, point.name, number_, figures, list(point.faults))
                    )
                    # It may take hours: what was measured is there whatever becomes of the rest.
                    write(report, options)
    return report


def stop_in_order_on_sigterm() -> None:
    """SIGTERM ends a benchmark as Ctrl-C does: what it has started is stopped."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def kept_options(options: Options) -> dict[str, Any]:
    """The options that a report tells of: what was measured, not where it was written."""
    return {name: value for name, value in asdict(options).items() if name in _KEPT}


_KEPT = ("rounds", "cases", "quick", "store")


def table(report: Report) -> Table:
    """The figures of a report for the terminal."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column(report.benchmark)
    shown.add_column("figure")
    others = [name for name in report.systems if name != OURS]
    for heading in (report.systems.get(OURS, OURS), *(report.systems[name] for name in others)):
        shown.add_column(heading, justify="right")
    for other in others:
        shown.add_column("ratio" if other == AGAINST else f"to {other}", justify="right")
    for point in report.points():
        for figure in report.names(point):
            cells = [str(report.spread(figure, point, name) or "-") for name in (OURS, *others)]
            ratio = [str(report.ratio(figure, point, name) or "-") for name in others]
            shown.add_row(point, figure, *cells, *ratio)
    return shown


def write(report: Report, options: Options) -> None:
    """Write what the options ask for. Raises `UserError`."""
    if options.json:
        _into(options.json, report.json())
    if options.plots:
        from ops.bench.plots import plots  # noqa: PLC0415 - pygal is of an extra

        for name, picture in plots(report).items():
            _into(options.plots / name, picture)


def _into(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{file} cannot be written ({error.strerror}): name another") from None
