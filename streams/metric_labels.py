"""How a metric is declared: its meaning, and what its labels may say.

The values of a label are a closed set, or have a form in which no number of a person can stand. So nobody can
be known from what is served, and the rows of a metric are as many as there are on paper. A counter whose rows
are few begins with all of them at zero: one that appeared with its first event would hide that event from
whoever asks how much it has grown.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics


@dataclass(frozen=True, slots=True)
class Form:
    """Values that are not listed: a regular expression for the whole of one, and what it is in words."""

    pattern: str
    meaning: str

    def allows(self, value: str) -> bool:
        """Whether a value has this form."""
        return re.fullmatch(self.pattern, value) is not None


# A second row for each row of a counter, of which nothing here makes use.
disable_created_metrics()  # type: ignore[no-untyped-call]

Values = Collection[str] | Form

PARTITION = Form("[0-9]{1,4}", "the partition's number")

SECONDS = (0.01, 0.05, 0.25, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""Buckets for what takes machines milliseconds to minutes."""

HOUR = 3600.0
DAY = 24 * HOUR
DAYS = (10.0, 60.0, 600.0, HOUR, 3 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 4 * DAY, 7 * DAY, 30 * DAY)
"""Buckets for what takes people minutes to days, in seconds."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric of ours as it is served: its name there, what it means, and what its labels may say."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: Mapping[str, Values]

    def allows(self, label: str, value: str) -> bool:
        """Whether a label may have this value."""
        values = self.labels.get(label, ())
        return values.allows(value) if isinstance(values, Form) else value in values


_declared: dict[str, Declared] = {}


def declared() -> Mapping[str, Declared]:
    """Every metric of ours that was imported in this process, by its name."""
    return dict(_declared)


def counter(
    name: str,
    meaning: str,
    labels: Mapping[str, Values] | None = None,
    *,
    rows: Iterable[Sequence[str]] | None = None,
) -> Counter:
    """A counter, served as `name` with `_total` behind it.

    `rows` are those that begin at zero; without them all do, unless a label has values that are not listed.
    """
    labels = labels or {}
    metric = Counter(name, meaning, list(labels))
    _declared[f"{name}_total"] = Declared(f"{name}_total", "counter", meaning, labels)
    for row in _listed(labels) if rows is None else rows:
        metric.labels(*row)
    return metric


def gauge(name: str, meaning: str, labels: Mapping[str, Values] | None = None) -> Gauge:
    """A gauge. One with labels has no row before it is set."""
    labels = labels or {}
    _declared[name] = Declared(name, "gauge", meaning, labels)
    return Gauge(name, meaning, list(labels))


def histogram(
    name: str,
    meaning: str,
    labels: Mapping[str, Values] | None = None,
    *,
    buckets: Sequence[float] = SECONDS,
) -> Histogram:
    """A histogram of seconds. All its rows begin at zero."""
    labels = labels or {}
    metric = Histogram(name, meaning, list(labels), buckets=buckets)
    _declared[name] = Declared(name, "histogram", meaning, labels)
    for row in _listed(labels):
        metric.labels(*row)
    return metric


def _listed(labels: Mapping[str, Values]) -> Iterable[Sequence[str]]:
    """Every row that there can be, where all values are listed."""
    listed = [tuple(values) for values in labels.values() if not isinstance(values, Form)]
    return product(*listed) if labels and len(listed) == len(labels) else ()
