"""The plots of the first page, each with the table of the same numbers."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from ops.console import plots
from ops.console.pages.filters import STATES
from ops.console.words import Words
from ops.read_model.views import Overview

_LANGUAGES = ("kk", "ru")

Row = tuple[str | float, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot under its name; `rows` are its numbers, `head` the names of the columns."""

    id: str
    key: str
    plot: Markup
    rows: Sequence[Row]
    head: Sequence[str]


def figures_of(overview: Overview, words: Words) -> list[Figure]:
    """All plots, what matters most first."""
    found = [
        _funnel(overview, words),
        _per_day(overview, words),
        _waiting(overview, words),
        _uptake(overview, words),
        _counts("by_state", "state", "state", _in_order(overview.by_state), words),
        _counts("endings", "reason", "reason", _largest(overview.endings), words),
        _counts("sms_status", "state", "sms_status", _largest(overview.sms_status), words),
        _counts("sms_errors", "code", "sms_error", _largest(overview.sms_errors), words),
    ]
    if overview.waiting:
        found.insert(2, _counts("service_waits", "reason", "note", _largest(overview.waiting), words))
    return found


def _funnel(overview: Overview, words: Words) -> Figure:
    rows = [(words.known("funnel", step), count) for step, count in overview.funnel]
    first = overview.funnel[0][1] if overview.funnel else 0
    shares = [(name, count, words.percent(count, first)) for name, count in rows]
    head = [words("col.state"), words("col.count"), words("col.share")]
    return Figure("funnel", "now.funnel", plots.bars(rows, words.number), shares, head)


def _per_day(overview: Overview, words: Words) -> Figure:
    series = [(words.known("series", one.name), list(one.values)) for one in overview.per_day]
    labels = [_short(one, words) for one in overview.per_day[0].labels] if overview.per_day else []
    rows: list[Row] = [
        (label, *(values[place] for _, values in series)) for place, label in enumerate(labels)
    ]
    head = [words("col.day"), *(name for name, _ in series)]
    return Figure("per-day", "now.per_day", plots.lines(labels, series, words.number), rows, head)


def _waiting(overview: Overview, words: Words) -> Figure:
    rows = [(words.short_day(day), count) for day, count in overview.term_ends]
    head = [words("col.until"), words("col.count")]
    return Figure("waiting", "now.waiting", plots.columns(rows, words.number), rows, head)


def _uptake(overview: Overview, words: Words) -> Figure:
    """Of the offered cases of each ground, how many consented, and in which language they did."""
    offered: Counter[str] = Counter()
    consented: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for ground, language, asked, agreed in overview.uptake:
        offered[ground] += asked
        consented[ground][language or ""] += agreed
    rows: list[Row] = []
    parts = []
    for ground, asked in offered.items():
        agreed_in = [consented[ground][language] for language in _LANGUAGES]
        agreed = sum(agreed_in)
        parts.append((ground, [100 * one / asked if asked else 0.0 for one in (*agreed_in, asked - agreed)]))
        rows.append((ground, asked, *agreed_in, words.percent(agreed, asked)))
    spoken = [words(f"spoken.{language}") for language in _LANGUAGES]
    head = [words("col.ground"), words("col.offered"), *spoken, words("col.share")]
    names = [*spoken, words("now.no_consent")]
    plot = plots.shares(parts, names, lambda value: words.percent(value, 100))
    return Figure("uptake", "now.uptake", plot, rows, head)


def _counts(name: str, column: str, group: str, counts: Sequence[tuple[str, int]], words: Words) -> Figure:
    rows = [(words.known(group, value), count) for value, count in counts]
    head = [words(f"col.{column}"), words("col.count")]
    return Figure(name.replace("_", "-"), f"now.{name}", plots.bars(rows, words.number), rows, head)


def _in_order(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    known = [(state, counts[state]) for state in STATES if counts.get(state)]
    return known + [(state, count) for state, count in counts.items() if state not in STATES]


def _largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: -one[1])


def _short(label: str, words: Words) -> str:
    """A day as a label of a plot; a label that is no day stands as it is."""
    try:
        return words.short_day(date.fromisoformat(label))
    except ValueError:
        return label
