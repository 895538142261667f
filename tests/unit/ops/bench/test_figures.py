"""The arithmetic of rounds, and reports as they are kept."""

from pathlib import Path

import pytest

from ops.bench.figures import Spread, number, ratios, spread
from ops.bench.measured import (
    AGAINST,
    OURS,
    Measurement,
    Report,
    UnreadableReportError,
    new_report,
    read_report,
)


def test_a_spread_is_median_least_and_most() -> None:
    assert spread([173, 168, 179, 170, 175]) == Spread(173, 168, 179, 5)
    assert str(spread([173, 168, 179])) == "173 (168-179)"
    assert str(spread([0.0412])) == "0.0412"
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])


def test_a_ratio_is_of_each_round_by_itself() -> None:
    # The medians are equal; in each round ours is half, the same or twice as much.
    assert ratios([100, 200, 200], [200, 200, 100]) == Spread(1.0, 0.5, 2.0, 3)
    with pytest.raises(ValueError, match="in turn"):
        ratios([1, 2], [1])
    with pytest.raises(ValueError, match="zero"):
        ratios([1], [0])


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (0.04123, "0.0412"), (5.724, "5.72"), (57.24, "57.2"), (172.6, "173"), (12800.4, "12800")],
)
def test_a_number_has_three_digits_or_all_whole_ones(value: float, written: str) -> None:
    assert number(value) == written


def report() -> Report:
    made = new_report("latency", {"rounds": 2})
    made.systems |= {OURS: "jardem new", AGAINST: "jardem old"}
    made.versions |= {OURS: {"jardem": "new"}, AGAINST: {"jardem": "old"}}
    for round_, ours, theirs in ((1, 10.0, 20.0), (2, 12.0, 48.0)):
        made.measurements += [
            Measurement(OURS, "1/s", round_, {"p50": ours}),
            Measurement(AGAINST, "1/s", round_, {"p50": theirs}),
        ]
    made.measurements.append(Measurement(OURS, "100/s", 1, {}, ["it does not keep up"]))
    return made


def test_a_report_tells_figures_ratios_and_faults() -> None:
    made = report()
    assert made.points() == ["1/s", "100/s"]
    assert made.spread("p50") == Spread(11.0, 10.0, 12.0, 2)
    assert made.ratio("p50", "1/s", AGAINST) == Spread(0.375, 0.25, 0.5, 2)
    assert made.spread("p50", "100/s") is None
    assert made.ratio("p50", "100/s", AGAINST) is None
    assert made.faults() == ["jardem, 100/s, round 1: it does not keep up"]


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = report()
    file = tmp_path / "latency.json"
    file.write_text(made.json(), encoding="utf-8")
    assert read_report(file) == made


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1}', '{"format": 99, "measurements": []}'])
def test_what_is_no_report_is_refused_by_its_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableReportError, match=r"other\.json"):
        read_report(file)
