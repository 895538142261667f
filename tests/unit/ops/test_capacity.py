"""The arithmetic of capacity, and that the page shows what the figures come to."""

from dataclasses import replace

import pytest

from ops.capacity import PAGE, SIZES, UNKNOWN, Figure, Load, load, page, reckoned


@pytest.fixture
def figures() -> dict[str, Figure]:
    known = {
        name: each if each.value is not None else replace(each, value=1000.0) for name, each in load().items()
    }
    return {
        **known,
        "cases_per_person_year": Figure(0.01, "", ""),
        "working_days": Figure(250, "", ""),
        "largest_batch": Figure(5, "", ""),
        "case_cpu_ms": Figure(36, "", ""),
        "batch_hours": Figure(2, "", ""),
        "sms_hours": Figure(10, "", ""),
    }


def test_the_page_is_drawn_from_the_figures() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, load()) == text, "run: python -m ops.capacity"


def test_what_a_batch_takes(figures: dict[str, Figure]) -> None:
    country = Load(20_000_000, figures)
    assert country.cases() == 200_000
    assert country.batch() == 4000
    assert country.busy_cores() == pytest.approx(4000 * 0.036 / 7200)
    assert country.workers() == 3
    assert country.partitions() == 16
    assert country.offers_a_second() == pytest.approx(4000 / 36_000)
    larger = Load(20_000_000, {**figures, "case_cpu_ms": Figure(36_000, "", "")})
    assert larger.workers() == 40
    assert larger.partitions() == 256


def test_disk_grows_with_people_and_with_years(figures: dict[str, Figure]) -> None:
    once, twice = Load(1_000_000, figures), Load(2_000_000, figures)
    assert twice.log_bytes() == pytest.approx(2 * once.log_bytes())
    longer = Load(1_000_000, {**figures, "kept_years": Figure(10, "", "")})
    assert longer.log_bytes() > once.log_bytes()


def test_what_hangs_on_a_figure_that_is_missing_says_so(figures: dict[str, Figure]) -> None:
    table = reckoned({**figures, "case_cpu_ms": Figure(None, "ms", "")})
    [cores] = [line for line in table.splitlines() if line.startswith("| processors")]
    assert cores.count(UNKNOWN) == len(SIZES)
    [cases] = [line for line in table.splitlines() if line.startswith("| cases a year")]
    assert UNKNOWN not in cases
