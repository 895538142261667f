"""Plots as SVG that stands in the page: no script, no style of its own; `console.css` gives it its colours.

What a plot shows stands in a table beneath it too, which is what a screen reader reads.
"""

from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element

import pygal
from markupsafe import Markup
from pygal.style import Style

_WIDTH = 560
_ROW = 34
_MARGIN = 48
_STYLE = Style(
    font_family="sans-serif",
    label_font_size=14,
    major_label_font_size=14,
    value_font_size=13,
    legend_font_size=14,
    no_data_font_size=16,
)
_LEFT_OUT = ("defs", "title", "desc")
"""What pygal writes for its script and for itself: styles, the configuration, a title that names pygal."""


def _plain(root: Element) -> Element:
    """Take out what our pages forbid or do not need. The picture is named by the figure around it."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in _LEFT_OUT or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
            child.attrib.pop("style", None)
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return root


def _draw(chart: pygal.graph.graph.Graph) -> Markup:
    chart.add_xml_filter(_plain)
    return Markup(chart.render(is_unicode=True))  # noqa: S704 - made of elements, which escape what they hold


def _options(height: int, number: Callable[[float], str]) -> dict[str, object]:
    return {
        "width": _WIDTH,
        "height": height,
        "js": [],
        "style": _STYLE,
        "no_prefix": True,
        "disable_xml_declaration": True,
        "show_legend": False,
        "value_formatter": lambda value: number(value or 0),
        "margin": 8,
    }


def bars(rows: Sequence[tuple[str, float]], number: Callable[[float], str]) -> Markup:
    """A horizontal bar for each row, the first on top, with its number at it."""
    chart = pygal.HorizontalBar(
        **_options(_MARGIN + _ROW * max(len(rows), 1), number),
        print_values=True,
        show_x_labels=False,
        show_x_guides=False,
        range=(0, max((value for _, value in rows), default=0) * 1.12 or 1),
        spacing=4,
        rounded_bars=3,
    )
    chart.x_labels = [label for label, _ in reversed(rows)]
    chart.add("", [value for _, value in reversed(rows)])
    return _draw(chart)


def columns(rows: Sequence[tuple[str, float]], number: Callable[[float], str]) -> Markup:
    """A column for each row, from left to right, with its number at it."""
    chart = pygal.Bar(
        **_options(260, number),
        print_values=True,
        print_zeroes=False,
        print_values_position="top",
        show_y_labels=False,
        show_y_guides=False,
        range=(0, max((value for _, value in rows), default=0) * 1.15 or 1),
        rounded_bars=3,
    )
    chart.x_labels = [label for label, _ in rows]
    chart.add("", [value for _, value in rows])
    return _draw(chart)


def lines(
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float]]],
    number: Callable[[float], str],
    *,
    every: int = 7,
) -> Markup:
    """A line for each series over the same labels, of which every so many is written."""
    options = _options(300, number) | {"show_legend": True}
    chart = pygal.Line(
        **options,
        legend_at_bottom=True,
        legend_at_bottom_columns=min(len(series), 3) or 1,
        show_minor_x_labels=False,
        dots_size=2,
        min_scale=3,
        range=(0, max((value for _, values in series for value in values), default=0) or 1),
    )
    chart.x_labels = list(labels)
    chart.x_labels_major = list(labels)[:: max(every, 1)]
    for name, values in series:
        chart.add(name, list(values))
    return _draw(chart)
