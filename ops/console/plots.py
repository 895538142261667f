"""Plots as SVG that stands in the page: no script, no style of its own; `console.css` gives it its colours.

What a plot shows stands in a table beneath it too, which is what a screen reader reads.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import pygal
from markupsafe import Markup
from pygal.style import Style

_WIDTH = 420
_ROW = 28
_MARGIN = 30
_LEGEND = 48
_STYLE = Style(
    font_family="sans-serif",
    label_font_size=15,
    major_label_font_size=15,
    value_font_size=12,
    legend_font_size=14,
    no_data_font_size=14,
)
"""From the sizes pygal works out how much room a text needs: a little more than `console.css` takes."""
_LEFT_OUT = ("defs", "title", "desc")
"""What pygal writes for its script and for itself: styles, the configuration, a title that names pygal."""
_BESIDE = 5.0
_THREE = 3
_PERCENTS = (0, 25, 50, 75, 100)

Number = Callable[[float], str]
"""How a number is written."""


def _plain(root: Element) -> Element:
    """Take out what our pages forbid or do not need. The picture is named by the figure around it."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in _LEFT_OUT or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
            child.attrib.pop("style", None)
            child.attrib.pop("id", None)
    root.attrib.pop("id", None)
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return root


def _beside(root: Element) -> Element:
    """Put each number beside the end of its bar, where it is read on any colour."""
    rects = [one for one in root.iter("rect") if "reactive" in one.get("class", "")]
    numbers = [one for one in root.iter("text") if one.get("class") == "value"]
    for rect, number in zip(rects, numbers, strict=False):
        number.set("x", str(float(rect.get("x", "0")) + float(rect.get("width", "0")) + _BESIDE))
        number.set("class", "value beside")
        number.attrib.pop("text-anchor", None)
    return root


def _draw(chart: Any, *filters: Callable[[Element], Element]) -> Markup:  # noqa: ANN401 - pygal has no types
    for one in (_plain, *filters):
        chart.add_xml_filter(one)
    return Markup(chart.render(is_unicode=True))  # noqa: S704 - made of elements, which escape what they hold


def _options(height: int, number: Number) -> dict[str, Any]:
    return {
        "width": _WIDTH,
        "height": height,
        "js": [],
        "style": _STYLE,
        "no_prefix": True,
        "disable_xml_declaration": True,
        "show_legend": False,
        "value_formatter": lambda value: number(value or 0),
        "truncate_label": -1,
        "truncate_legend": -1,
        "margin": 6,
    }


def _legend(names: Sequence[str]) -> dict[str, Any]:
    return {
        "show_legend": True,
        "legend_at_bottom": True,
        "legend_at_bottom_columns": 3 if len(names) == _THREE else 2,
    }


def bars(rows: Sequence[tuple[str, float]], number: Number) -> Markup:
    """A horizontal bar for each row, the first on top, with its number at it."""
    if not rows:
        return Markup()
    chart = pygal.HorizontalBar(
        **_options(_MARGIN + _ROW * max(len(rows), 1), number),
        print_values=True,
        show_x_labels=False,
        show_y_labels=True,
        show_x_guides=False,
        range=(0, max((value for _, value in rows), default=0) * 1.22 or 1),
        spacing=4,
        rounded_bars=3,
    )
    chart.x_labels = [label for label, _ in reversed(rows)]
    chart.add("", [value for _, value in reversed(rows)])
    return _draw(chart, _beside)


def shares(rows: Sequence[tuple[str, Sequence[float]]], names: Sequence[str], number: Number) -> Markup:
    """A horizontal bar for each row, made of the parts that are named; the parts are in percent."""
    if not rows:
        return Markup()
    options = _options(_MARGIN + _LEGEND + _ROW * max(len(rows), 1), number) | _legend(names)
    chart = pygal.HorizontalStackedBar(
        **options, margin_right=24, y_labels=_PERCENTS, show_x_guides=False, range=(0, 100), spacing=4
    )
    chart.x_labels = [label for label, _ in reversed(rows)]
    for place, name in enumerate(names):
        chart.add(name, [parts[place] for _, parts in reversed(rows)])
    return _draw(chart)


def columns(rows: Sequence[tuple[str, float]], number: Number) -> Markup:
    """A column for each row, from left to right, with its number at it."""
    if not rows:
        return Markup()
    chart = pygal.Bar(
        **_options(220, number),
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


def _whole(top: float) -> list[int]:
    """Up to five whole numbers, from nothing to the top or just above it: what is counted has no halves."""
    step = max(1, math.ceil(top / 4))
    return list(range(0, max(math.ceil(top), 1) + step, step))


def lines(
    labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], number: Number, *, every: int = 7
) -> Markup:
    """A line for each series over the same labels, of which every so many is written."""
    if not labels:
        return Markup()
    whole = _whole(max((value for _, values in series for value in values), default=0))
    chart = pygal.Line(
        **(_options(290, number) | _legend([name for name, _ in series])),
        show_minor_x_labels=False,
        y_labels=whole,
        dots_size=1.6,
        range=(0, whole[-1]),
    )
    chart.x_labels = list(labels)
    chart.x_labels_major = list(labels)[:: max(every, 1)]
    for name, values in series:
        chart.add(name, list(values))
    return _draw(chart)
