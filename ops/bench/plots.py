"""Plots of a report as SVG: for each figure that matters a bar for each point and system."""

from collections.abc import Mapping

import pygal
from pygal.style import Style

from ops.bench.figures import number
from ops.bench.measured import Report

SHOWN: Mapping[str, Mapping[str, str]] = {
    "lifecycle": {"cases_per_second": "full cases a second", "cpu_ms": "CPU ms a case"},
    "workers": {"cases_per_second": "full cases a second", "cpu_ms": "CPU ms a case"},
    "latency": {"first_sms_p50_ms": "first SMS, p50 ms", "first_sms_p99_ms": "first SMS, p99 ms"},
    "growth": {"cpu_ms": "CPU ms a case", "memory_bytes_a_case": "bytes of memory a case"},
    "recovery": {"seconds": "seconds to /readyz", "memory_bytes_a_case": "bytes of memory a case"},
    "waiting": {"ended_late_p99_ms": "ended late, p99 ms", "answer_p99_ms": "answered meanwhile, p99 ms"},
    "rest": {"cpu_percent.worker": "percent of a processor at rest"},
    "rivals": {"cases_per_second": "full cases a second", "cpu_ms": "CPU ms a case"},
}
"""What is drawn of each benchmark, in words."""

_STYLE = Style(font_family="sans-serif", background="white", plot_background="white")


def plots(report: Report) -> dict[str, str]:
    """The pictures by the names of their files."""
    found = {}
    for figure, words in SHOWN.get(report.benchmark, {}).items():
        points = [point for point in report.points() if figure in report.names(point)]
        if points:
            name = f"{report.benchmark}-{figure.replace('.', '-')}.svg"
            found[name] = _bars(report, figure, words, points)
    return found


def _bars(report: Report, figure: str, words: str, points: list[str]) -> str:
    chart = pygal.Bar(
        width=640,
        height=320,
        js=[],
        style=_STYLE,
        title=words,
        no_prefix=True,
        print_values=True,
        print_values_position="top",
        value_formatter=lambda value: number(value or 0),
        include_x_axis=True,
        show_legend=len(report.systems) > 1,
        legend_at_bottom=True,
        truncate_legend=-1,
        truncate_label=-1,
        disable_xml_declaration=True,
    )
    chart.x_labels = [point or report.benchmark for point in points]
    for system, title in report.systems.items():
        spreads = [report.spread(figure, point, system) for point in points]
        chart.add(title, [found.median if found else None for found in spreads])
    return str(chart.render(is_unicode=True)) + "\n"
