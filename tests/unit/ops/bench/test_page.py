"""The page of performance: each goal beside its figure."""

import re
from pathlib import Path

import pytest

from ops.bench import page
from ops.bench.goals import GOALS
from ops.bench.measured import OURS, Measurement, Report, new_report


def report(benchmark: str, *points: tuple[str, dict[str, float]], **others: dict[str, float]) -> Report:
    """A report of one round, in which others are measured at the first point."""
    made = new_report(benchmark, {"rounds": 1, "store": "memory"})
    made.systems[OURS], made.versions[OURS] = "jardem v9", {"jardem": "v9"}
    made.measurements += [Measurement(OURS, point, 1, figures) for point, figures in points]
    for name, figures in others.items():
        made.systems[name] = name
        made.measurements.append(Measurement(name, points[0][0], 1, figures))
    return made


def verdicts(*reports: Report) -> dict[str, tuple[str, str]]:
    found = {one.benchmark: one for one in reports}
    return {goal.words: goal.verdict(found) for goal in GOALS}


def test_without_reports_no_goal_is_measured() -> None:
    assert set(verdicts().values()) == {("-", "not measured")}


@pytest.mark.parametrize(
    ("words", "made", "verdict"),
    [
        (
            "full cases a second: at least 3 times Restate's",
            [report("rivals", ("saturation", {"cases_per_second": 450}), restate={"cases_per_second": 153})],
            ("2.94 x", "missed"),
        ),
        (
            "with TLS and encryption at least 0.85 of the speed in the clear, of the commit before",
            [
                report(
                    "guarded",
                    ("in the clear", {"cases_per_second": 100}),
                    ("TLS and encryption", {"cases_per_second": 80}),
                )
            ],
            ("0.8 of today's", "missed"),
        ),
        (
            "with TLS and encryption at least 0.85 of the speed in the clear, of the commit before",
            [
                report(
                    "guarded",
                    ("TLS and encryption, the other in the clear", {"cases_per_second": 81}),
                    ("in the clear", {"cases_per_second": 100}),
                    ("TLS and encryption", {"cases_per_second": 81}),
                    against={"cases_per_second": 90},
                )
            ],
            ("0.9 of the commit before's; 0.81 of today's", "met"),
        ),
        (
            "full cases a second: not behind Kafka Streams",
            [
                report(
                    "rivals",
                    ("saturation", {"cases_per_second": 456}),
                    kafka_streams={"cases_per_second": 456},
                )
            ],
            ("1 x", "met"),
        ),
        (
            "CPU a case: no more than Kafka Streams'",
            [report("rivals", ("saturation", {"cpu_ms": 4.0}), kafka_streams={"cpu_ms": 3.7})],
            ("1.08 x", "missed"),
        ),
        (
            "event to first SMS at 100/s, p99: 100 ms",
            [report("latency", ("1/s", {"first_sms_p99_ms": 9}), ("100/s", {"first_sms_p99_ms": 101}))],
            ("101 ms", "missed"),
        ),
        (
            "a worker at rest: below 1 % of a core",
            [report("rest", ("", {"cpu_percent.worker": 0.7}))],
            ("0.7 %", "met"),
        ),
        (
            "CPU a case at 20/s: at most twice that at full load",
            [report("latency", ("20/s", {"cpu_ms": 62})), report("lifecycle", ("", {"cpu_ms": 7.6}))],
            ("8.16 x (62 to 7.6 ms)", "missed"),
        ),
        (
            "a full case on the log at saturation, without documents: 20 kB",
            [report("log", ("at saturation", {"log_bytes": 20_001}), ("20/s", {"log_bytes": 5}))],
            ("20001 bytes", "missed"),
        ),
        (
            "a desk alone: 40,000 events a second a worker",
            [
                report(
                    "desk",
                    ("Faust as it comes, memory", {"events_per_second": 90_000}),
                    ("jardem, 500 records a poll, memory", {"events_per_second": 16_000}),
                    ("jardem, 2000 records a poll, memory", {"events_per_second": 41_000}),
                )
            ],
            ("41000 events/s", "met"),
        ),
        (
            "cost a case: flat within 10 % from a thousand to a million open",
            [report("growth", ("1000 open", {"cpu_ms": 5}), ("1000000 open", {"cpu_ms": 5.4}))],
            ("1.08 x from 1000 open to 1000000 open", "met"),
        ),
        (
            "recovery of a million, RocksDB: 120 s",
            [
                report(
                    "recovery",
                    ("1000000 open, memory", {"seconds": 500}),
                    ("1000000 open, rocksdb, new folder", {"seconds": 119}),
                    ("1000000 open, rocksdb, its folder", {"seconds": 6}),
                )
            ],
            ("119 s (1000000 open, rocksdb, new folder)", "met"),
        ),
        (
            "a timer beside a million open cases goes off within 5 s of its instant",
            [report("timers", ("1000000 open", {"late_p50_ms": 40, "late_max_ms": 5001}))],
            ("5001 ms", "missed"),
        ),
        (
            "a timer beside a million open cases goes off within 5 s of its instant",
            [report("timers", ("100000 open", {"late_p50_ms": 40, "late_max_ms": 80}))],
            ("80 ms", "not measured whole"),
        ),
    ],
)
def test_a_goal_is_held_against_its_figure(words: str, made: list[Report], verdict: tuple[str, str]) -> None:
    assert verdicts(*made)[words] == verdict


def test_less_than_a_million_meets_no_goal_of_a_million_but_may_miss_it() -> None:
    words = "recovery of a million, in memory: 120 s"
    few = report("recovery", ("2000 open, memory", {"seconds": 3}))
    assert verdicts(few)[words] == ("3 s (2000 open, memory)", "not measured whole")
    slow = report("recovery", ("2000 open, memory", {"seconds": 121}))
    assert verdicts(slow)[words][1] == "missed"


def test_the_page_has_every_figure_note_plot_and_omission(tmp_path: Path) -> None:
    made = report("lifecycle", ("", {"cases_per_second": 173.0, "cpu_ms.worker": 5.7}))
    made.left_out["Restate"] = "this machine has no node"
    made.measurements.append(Measurement(OURS, "", 2, {}, ["a second decision in one case (2 times)"]))
    (tmp_path / "lifecycle.json").write_text(made.json(), encoding="utf-8")
    (tmp_path / "NOTES.md").write_text("# Notes\n\n## lifecycle\n\nThe fold is 36 %.\n", encoding="utf-8")
    page.main(["--reports", str(tmp_path), "--into", str(tmp_path / "page.md")])
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    for goal in GOALS:
        assert f"| {goal.words} |" in text
    assert "| cases per second | 173 |" in text
    assert "| cpu ms, worker | 5.7 |" in text
    assert "Left out: Restate: this machine has no node." in text
    assert "No figure: jardem, lifecycle, round 2: a second decision" in text
    assert "The fold is 36 %." in text
    picture = re.search(r"!\[.*\]\((.*)\)", text)
    assert picture
    assert Path(picture[1]).read_text(encoding="utf-8").startswith("<svg")


def test_rivals_that_ran_by_themselves_stand_beside_the_others_and_in_no_goal(tmp_path: Path) -> None:
    few, many = (
        report("rivals", ("saturation", {"cases_per_second": rate, "cpu_ms": 9.0})) for rate in (80.0, 110.0)
    )
    (tmp_path / "rivals_others.json").write_text(few.json(), encoding="utf-8")
    (tmp_path / "rivals.json").write_text(many.json(), encoding="utf-8")
    page.main(["--reports", str(tmp_path), "--into", str(tmp_path / "page.md")])
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    first, second = (
        text.index("| saturation | cases per second | 110 |"),
        text.index("## Beside those of which no goal speaks"),
    )
    assert first < second < text.index("| saturation | cases per second | 80 |")
    drawn = (tmp_path / "rivals-cases_per_second.svg").read_text(encoding="utf-8")
    assert "110" in drawn
