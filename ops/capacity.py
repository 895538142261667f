"""How much an installation has to bear, reckoned from what was measured: `python -m ops.capacity`.

It writes the tables of `docs/capacity.md` from `docs/reports/capacity.json`, which has every figure with
where it comes from. What was not measured yet is null there, and what hangs on it says so.
"""

import json
import math
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
FIGURES = DOCS / "reports" / "capacity.json"
PAGE = DOCS / "capacity.md"
UNKNOWN = "not measured"
SIZES = {"a region": 1_000_000, "Kazakhstan": 20_000_000, "ten countries": 200_000_000}

_TABLE = re.compile(r"(<!-- (?P<name>figures|reckoned) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its unit; `source` says where it was measured, or that it was assumed. None: not yet."""

    value: float | None
    unit: str
    source: str


class Missing(Exception):  # noqa: N818 - no error: a figure that is still to come
    """A figure that was not measured yet."""


def load(path: Path = FIGURES) -> dict[str, Figure]:
    """The figures by their names."""
    return {name: Figure(**each) for name, each in json.loads(path.read_text(encoding="utf-8")).items()}


@dataclass(frozen=True)
class Load:
    """What so many people bring with them."""

    people: int
    figures: Mapping[str, Figure]

    def of(self, name: str) -> float:
        """A figure's value. Raises `Missing`."""
        value = self.figures[name].value
        if value is None:
            raise Missing
        return value

    def cases(self) -> float:
        """Cases a year."""
        return self.people * self.of("cases_per_person_year")

    def batch(self) -> float:
        """Cases of one day's batch of the registries, the largest of the year."""
        return self.cases() / self.of("working_days") * self.of("largest_batch")

    def busy_cores(self) -> float:
        """Processors that take the largest batch in the time that is allowed for it."""
        return self.batch() * self.of("case_cpu_ms") / 1000 / (self.of("batch_hours") * 3600)

    def workers(self) -> int:
        """Workers of a processor each: half busy at the largest batch, and one for each of three sites."""
        return max(3, math.ceil(2 * self.busy_cores()))

    def partitions(self) -> int:
        """Partitions of each inbox: four a worker, so that there may be more workers one day."""
        return max(12, 1 << math.ceil(math.log2(4 * self.workers())))

    def offers_a_second(self) -> float:
        """SMS a second that bring the largest batch's offers out on one day, within the hours for SMS."""
        return self.batch() / (self.of("sms_hours") * 3600)

    def midnight(self) -> float:
        """Terms that end at one midnight: the largest batch's, where nobody answers."""
        return self.batch()

    def table_bytes(self) -> float:
        """The tables at rest: facts of everybody, and the cases of the years for which they are kept."""
        kept = self.cases() * self.of("kept_years")
        return self.people * self.of("facts_per_person") * self.of("fact_table_bytes") + kept * self.of(
            "case_table_bytes"
        )

    def log_bytes(self) -> float:
        """What each of three brokers keeps: tables twice over, the last changelogs, inboxes, the record."""
        two_weeks = self.cases() * 14 / 365 + self.batch()
        a_week = self.cases() * 7 / 365 + self.batch()
        kept = self.cases() * self.of("kept_years")
        return (
            2 * self.table_bytes()
            + a_week * self.of("case_changelog_bytes")
            + two_weeks * self.of("case_inbox_bytes")
            + kept * self.of("case_record_bytes")
        )

    def facts(self) -> float:
        """Facts of the first load."""
        return self.people * self.of("facts_per_person")

    def first_load_hours(self) -> float:
        """Hours of the first load, with all workers."""
        return self.facts() * self.of("fact_cpu_ms") / 1000 / 3600 / self.workers()

    def first_load_bytes(self) -> float:
        """What the first load leaves in the inbox until its retention ends."""
        return self.facts() * self.of("fact_inbox_bytes")

    def recovery_minutes(self) -> float:
        """Minutes in which all workers read their tables anew, as after a restore."""
        return self.facts() * self.of("fact_recovery_us") / 1e6 / 60 / self.workers()


def _count(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ")


def _rate(value: float) -> str:
    return f"{value:,.2g}" if value < 10 else _count(value)  # noqa: PLR2004 - below ten, decimals say something


def _gigabytes(value: float) -> str:
    return f"{value / 1e9:,.0f} GB".replace(",", " ") if value >= 1e9 else f"{value / 1e6:,.0f} MB"  # noqa: PLR2004


def _of(unit: str) -> Callable[[float], str]:
    return lambda value: f"{_rate(value)} {unit}"


ROWS: tuple[tuple[str, Callable[[Load], float], Callable[[float], str]], ...] = (
    ("cases a year", Load.cases, _count),
    ("cases of the largest day's batch", Load.batch, _count),
    ("processors for it, while it lasts", Load.busy_cores, _rate),
    ("workers, a processor each", Load.workers, _count),
    ("partitions of each inbox", Load.partitions, _count),
    ("terms that end at one midnight, at most", Load.midnight, _count),
    ("SMS a second for the batch's offers on one day", Load.offers_a_second, _rate),
    ("tables at rest", Load.table_bytes, _gigabytes),
    ("disk of each of three brokers", Load.log_bytes, _gigabytes),
    ("first load: facts", Load.facts, _count),
    ("first load: time", Load.first_load_hours, _of("h")),
    ("first load: the inbox besides, for two weeks", Load.first_load_bytes, _gigabytes),
    ("all tables read anew", Load.recovery_minutes, _of("min")),
)


def reckoned(figures: Mapping[str, Figure]) -> str:
    """The table of what each size needs."""
    loads = [Load(people, figures) for people in SIZES.values()]
    heads = [f"{name}, {people // 1_000_000} million" for name, people in SIZES.items()]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    lines += [
        f"| {words} | {' | '.join(_cell(load, of, told) for load in loads)} |" for words, of, told in ROWS
    ]
    return "\n".join(lines) + "\n"


def _cell(load: Load, of: Callable[[Load], float], told: Callable[[float], str]) -> str:
    try:
        return told(of(load))
    except Missing:
        return UNKNOWN


def table_of(figures: Mapping[str, Figure]) -> str:
    """The table of the figures."""
    lines = ["| figure | value | where it comes from |", "|---|---|---|"]
    for name, each in figures.items():
        value = UNKNOWN if each.value is None else f"{each.value:g} {each.unit}".rstrip()
        lines.append(f"| `{name}` | {value} | {each.source} |")
    return "\n".join(lines) + "\n"


def page(text: str, figures: Mapping[str, Figure]) -> str:
    """The page with its tables drawn anew."""
    tables = {"figures": table_of(figures), "reckoned": reckoned(figures)}
    return _TABLE.sub(lambda found: found[1] + tables[found["name"]] + found[3], text)


def main() -> int:
    """Draw the tables anew."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), load()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
