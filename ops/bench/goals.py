"""The goals that performance is held against, each beside the figure that was measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ops.bench.figures import Spread, number, spread
from ops.bench.measured import AGAINST, Report

Reports = Mapping[str, Report]
"""The reports that there are, by their benchmark's name."""

RESTATE, KAFKA_STREAMS = "restate", "kafka_streams"
SATURATION = "saturation"
A_MILLION = "1000000 open"
CLEAR, GUARDED = "in the clear", "TLS and encryption"
BESIDE = "TLS and encryption, the other in the clear"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, with its unit, and of what: where the goal speaks of more, that is said."""

    value: float
    words: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure and its bound: with `most` the figure is to be at most so much, else at least."""

    words: str
    bound: float
    figure: Callable[[Reports], Figure | None]
    most: bool = True

    def verdict(self, reports: Reports) -> tuple[str, str]:
        """The figure in words, and `met`, `missed` or `not measured`.

        A goal that speaks of more than was measured is not met by less, but may be missed by it.
        """
        found = self.figure(reports)
        if found is None:
            return "-", "not measured"
        met = found.value <= self.bound if self.most else found.value >= self.bound
        if met and not found.whole:
            return found.words, "not measured whole"
        return found.words, "met" if met else "missed"


def _median(
    benchmark: str, figure: str, unit: str, point: str | None = None
) -> Callable[[Reports], Figure | None]:
    """The median of a figure, with its spread in words."""

    def found(reports: Reports) -> Figure | None:
        report = reports.get(benchmark)
        measured = report.spread(figure, point) if report else None
        return Figure(measured.median, f"{measured} {unit}") if measured else None

    return found


def _ratio(figure: str, rival: str) -> Callable[[Reports], Figure | None]:
    """How many times a rival's our figure is, at saturation."""

    def found(reports: Reports) -> Figure | None:
        report = reports.get("rivals")
        measured = report.ratio(figure, SATURATION, rival) if report else None
        return Figure(measured.median, f"{measured} x") if measured else None

    return found


def _desk(reports: Reports) -> Figure | None:
    report = reports.get("desk")
    if report is None:
        return None
    ours = [point for point in report.points() if point.startswith("jardem")]
    best = max(
        (found for point in ours if (found := report.spread("events_per_second", point))),
        key=lambda one: one.median,
        default=None,
    )
    return Figure(best.median, f"{best} events/s") if best else None


def _idle_cost(reports: Reports) -> Figure | None:
    """What a case costs at 20 a second, in times of what it costs at saturation."""
    few, full = reports.get("latency"), reports.get("lifecycle")
    slow = few.spread("cpu_ms", "20/s") if few else None
    fast = full.spread("cpu_ms") if full else None
    if slow is None or fast is None:
        return None
    value = slow.median / fast.median
    return Figure(value, f"{number(value)} x ({number(slow.median)} to {number(fast.median)} ms)")


def _growth(reports: Reports) -> Figure | None:
    """How many times more a case costs beside most open cases than beside fewest, round by round."""
    report = reports.get("growth")
    points = report.points() if report else []
    if report is None or len(points) < 2:  # noqa: PLR2004 - something to compare with
        return None
    few, many = report.values("cpu_ms", points[0]), report.values("cpu_ms", points[-1])
    if not few or len(few) != len(many):
        return None
    measured: Spread = spread([more / less for more, less in zip(many, few, strict=True)])
    words = f"{measured} x from {points[0]} to {points[-1]}"
    return Figure(measured.median, words, whole=points[-1] == A_MILLION)


def _recovery(figure: str, unit: str, store: str) -> Callable[[Reports], Figure | None]:
    """The worst of a store's points: of RocksDB those with and without its folder."""

    def found(reports: Reports) -> Figure | None:
        report = reports.get("recovery")
        points = [point for point in report.points() if store in point] if report else []
        measured = [(one, point) for point in points if report and (one := report.spread(figure, point))]
        if not measured:
            return None
        worst, point = max(measured, key=lambda pair: pair[0].median)
        return Figure(worst.median, f"{worst} {unit} ({point})", whole=point.startswith(A_MILLION))

    return found


def _timers(reports: Reports) -> Figure | None:
    """The latest timer beside as many open cases as were measured."""
    report = reports.get("timers")
    point = next(iter(report.points()), "") if report else ""
    measured = report.spread("late_max_ms", point) if report else None
    return Figure(measured.median, f"{measured} ms", whole=point == A_MILLION) if measured else None


def _guarded(reports: Reports) -> Figure | None:
    """The speed with TLS and encryption as a part of that in the clear, round by round.

    In the clear of the other checkout, where there was one, as the goal has it; else of this one.
    """
    report = reports.get("guarded")
    plain = report.values("cases_per_second", CLEAR) if report else []
    sealed = report.values("cases_per_second", GUARDED) if report else []
    if not plain or len(plain) != len(sealed):
        return None
    measured = spread([one / other for one, other in zip(sealed, plain, strict=True)])
    before = report.ratio("cases_per_second", BESIDE, AGAINST) if report else None
    if before is None:
        return Figure(measured.median, f"{measured} of today's")
    return Figure(before.median, f"{before} of the commit before's; {measured} of today's")


_AT_100 = "100/s"

GOALS: Sequence[Goal] = (
    Goal(
        "full cases a second: at least 3 times Restate's",
        3,
        _ratio("cases_per_second", RESTATE),
        most=False,
    ),
    Goal(
        "full cases a second: not behind Kafka Streams",
        1,
        _ratio("cases_per_second", KAFKA_STREAMS),
        most=False,
    ),
    Goal("CPU a case: no more than Kafka Streams'", 1, _ratio("cpu_ms", KAFKA_STREAMS)),
    Goal(
        "with TLS and encryption at least 0.85 of the speed in the clear, of the commit before",
        0.85,
        _guarded,
        most=False,
    ),
    Goal(
        "event to first SMS at 100/s, p50: 20 ms",
        20,
        _median("latency", "first_sms_p50_ms", "ms", _AT_100),
    ),
    Goal(
        "event to first SMS at 100/s, p99: 100 ms",
        100,
        _median("latency", "first_sms_p99_ms", "ms", _AT_100),
    ),
    Goal("a worker at rest: below 1 % of a core", 1, _median("rest", "cpu_percent.worker", "%")),
    Goal("CPU a case at 20/s: at most twice that at full load", 2, _idle_cost),
    Goal(
        "a full case on the log at saturation, without documents: 20 kB",
        20_000,
        _median("log", "log_bytes", "bytes", "at saturation"),
    ),
    Goal("a desk alone: 40,000 events a second a worker", 40_000, _desk, most=False),
    Goal("cost a case: flat within 10 % from a thousand to a million open", 1.1, _growth),
    Goal("recovery of a million, in memory: 120 s", 120, _recovery("seconds", "s", "memory")),
    Goal("recovery of a million, RocksDB: 120 s", 120, _recovery("seconds", "s", "rocksdb")),
    Goal(
        "memory a case in the worker, with RocksDB: 1.5 kB",
        1500,
        _recovery("memory_bytes_a_case", "bytes", "rocksdb"),
    ),
    Goal(
        "memory a case in the worker, without: 4 kB",
        4000,
        _recovery("memory_bytes_a_case", "bytes", "memory"),
    ),
    Goal("a timer beside a million open cases goes off within 5 s of its instant", 5000, _timers),
    Goal(
        "deadlines at one instant are sent within 5 s",
        5000,
        _median("waiting", "sent_late_max_ms", "ms"),
    ),
    Goal(
        "an answer while they are drained is answered within 2 s at p99",
        2000,
        _median("waiting", "answer_p99_ms", "ms"),
    ),
)
"""What was promised, in its order."""
