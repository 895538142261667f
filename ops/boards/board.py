"""What a board is made of, and how it stands in Grafana's JSON.

Written by hand after Grafana's dashboard kind: a board needs few of its hundreds of fields, and the library
that has them all is larger than the worker.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

_WIDTH = 24
_SCHEMA = 39
_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_UNTIL_RED = {"mode": "absolute", "steps": [{"color": "green", "value": None}]}

Unit = Literal["short", "s", "bytes", "ops", "percentunit", "dateTimeFromNow"]
"""Grafana's names: a number, seconds, bytes, so many a second, a share of 1, a time seen from now."""


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and how each of its rows is called: `{{label}}` is replaced."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: red from the value `red_from` on, its rows laid upon each other where it is `stacked`."""

    title: str
    description: str
    unit: Unit
    queries: Sequence[Query]
    kind: Literal["timeseries", "stat", "bargauge"] = "timeseries"
    width: int = 8
    height: int = 8
    red_from: float | None = None
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Panels that answer one question, under its words."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Board:
    """A board. Its `uid` is a part of its address, so it never changes."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]

    def expressions(self) -> Iterator[str]:
        """Every expression, as it stands in the board."""
        for row in self.rows:
            for panel in row.panels:
                yield from (query.expr for query in panel.queries)


def one(title: str, description: str, unit: Unit, expr: str, *, red_from: float | None = None) -> Panel:
    """One number, in large digits."""
    return Panel(title, description, unit, [Query(expr)], "stat", 4, 4, red_from)


def many(
    title: str, description: str, unit: Unit, expr: str, legend: str = "", *, stacked: bool = False
) -> Panel:
    """The rows of one expression over time."""
    return Panel(title, description, unit, [Query(expr, legend)], stacked=stacked)


def quantiles(title: str, description: str, histogram: str, *, by: str = "", optional: bool = False) -> Panel:
    """Half and nine tenths of a histogram of seconds are below these; 0 of an `optional` one that is away."""
    legend = f"{{{{{by}}}}} " if by else ""
    labels = f"le, {by}" if by else "le"
    rate = f"sum by ({labels}) (rate({histogram}_bucket[$__rate_interval]))"
    otherwise = " or vector(0)" if optional else ""
    queries = [
        Query(f"histogram_quantile({quantile}, {rate}){otherwise}", f"{legend}{name}")
        for quantile, name in ((0.5, "half"), (0.9, "nine tenths"))
    ]
    return Panel(title, description, "s", queries)


def as_json(board: Board) -> dict[str, Any]:
    """The board as Grafana reads it, its panels side by side as far as a row is wide."""
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": ["jardem"],
        "timezone": "browser",
        "editable": False,
        "graphTooltip": 1,
        "schemaVersion": _SCHEMA,
        "version": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "annotations": {"list": []},
        "templating": {
            "list": [
                {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
            ]
        },
        "links": [_link()],
        "panels": list(_placed(board.rows)),
    }


def _link() -> dict[str, Any]:
    return {
        "title": "jardem",
        "type": "dashboards",
        "icon": "external link",
        "tooltip": "the other boards",
        "tags": ["jardem"],
        "asDropdown": False,
        "targetBlank": False,
        "includeVars": True,
        "keepTime": True,
    }


def _placed(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    number, top = 0, 0
    for row in rows:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": top, "w": _WIDTH, "h": 1},
            "panels": [],
        }
        top, left, height = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > _WIDTH:
                top, left, height = top + height, 0, 0
            number += 1
            yield _panel(panel, number, {"x": left, "y": top, "w": panel.width, "h": panel.height})
            left, height = left + panel.width, max(height, panel.height)
        top += height


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "targets": [
            {
                "refId": chr(ord("A") + place_),
                "datasource": _DATASOURCE,
                "expr": query.expr,
                "legendFormat": query.legend or "__auto",
                "range": panel.kind == "timeseries",
                "instant": panel.kind != "timeseries",
            }
            for place_, query in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    steps = [*_UNTIL_RED["steps"]]
    if panel.red_from is not None:
        steps.append({"color": "red", "value": panel.red_from})
    found: dict[str, Any] = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind == "timeseries":
        stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
        found["custom"] = {"fillOpacity": 20 if panel.stacked else 0, "stacking": stacking}
        found["min"] = 0
    return found


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "timeseries":
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    return {"reduceOptions": reduced, "orientation": "auto"}
