"""What Grafana demands of a dashboard, as far as ours go.

Written down after the schema that Grafana's makers publish for their dashboard kind
(`jsonschema/dashboard.jsonschema.json` of github.com/grafana/grafana-foundation-sdk, read in November 2026),
with the fields that our boards have. Stricter than that one where a field that is missing would leave a panel
empty. The first threshold's value is null: a remark there says that null stands for minus infinity.
"""

from typing import Any

_TEXT = {"type": "string", "minLength": 1}
_DATASOURCE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "uid"],
    "properties": {"type": {"const": "prometheus"}, "uid": {"const": "${datasource}"}},
}
_GRID = {
    "type": "object",
    "additionalProperties": False,
    "required": ["h", "w", "x", "y"],
    "properties": {
        "h": {"type": "integer", "exclusiveMinimum": 0},
        "w": {"type": "integer", "exclusiveMinimum": 0, "maximum": 24},
        "x": {"type": "integer", "minimum": 0, "exclusiveMaximum": 24},
        "y": {"type": "integer", "minimum": 0},
    },
}
_THRESHOLDS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["mode", "steps"],
    "properties": {
        "mode": {"enum": ["absolute", "percentage"]},
        "steps": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["value", "color"],
                "properties": {"value": {"type": ["number", "null"]}, "color": _TEXT},
            },
        },
    },
}
_TARGET = {
    "type": "object",
    "additionalProperties": False,
    "required": ["refId", "datasource", "expr", "legendFormat", "range", "instant"],
    "properties": {
        "refId": {"type": "string", "pattern": "^[A-Z]$"},
        "datasource": _DATASOURCE,
        "expr": _TEXT,
        "legendFormat": _TEXT,
        "range": {"type": "boolean"},
        "instant": {"type": "boolean"},
    },
}
_PANEL = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "id",
        "type",
        "title",
        "description",
        "datasource",
        "gridPos",
        "targets",
        "fieldConfig",
        "options",
    ],
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "type": {"enum": ["timeseries", "stat", "bargauge"]},
        "title": _TEXT,
        "description": _TEXT,
        "datasource": _DATASOURCE,
        "gridPos": _GRID,
        "targets": {"type": "array", "minItems": 1, "items": _TARGET},
        "fieldConfig": {
            "type": "object",
            "additionalProperties": False,
            "required": ["defaults", "overrides"],
            "properties": {
                "defaults": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["unit", "thresholds"],
                    "properties": {
                        "unit": {
                            "enum": ["short", "s", "bytes", "ops", "percentunit", "dateTimeFromNow"],
                        },
                        "thresholds": _THRESHOLDS,
                        "custom": {"type": "object"},
                        "min": {"type": "number"},
                    },
                },
                "overrides": {"type": "array"},
            },
        },
        "options": {"type": "object"},
    },
}
_ROW = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "type", "title", "collapsed", "gridPos", "panels"],
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "type": {"const": "row"},
        "title": _TEXT,
        "collapsed": {"const": False},
        "gridPos": _GRID,
        "panels": {"type": "array", "maxItems": 0},
    },
}
_VARIABLE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "name"],
    "properties": {
        "type": {"const": "datasource"},
        "name": {"const": "datasource"},
        "label": _TEXT,
        "query": {"const": "prometheus"},
    },
}
_LINK_FIELDS: dict[str, Any] = {
    "title": _TEXT,
    "type": {"enum": ["link", "dashboards"]},
    "icon": _TEXT,
    "tooltip": _TEXT,
    "tags": {"type": "array", "items": _TEXT},
    "asDropdown": {"type": "boolean"},
    "targetBlank": {"type": "boolean"},
    "includeVars": {"type": "boolean"},
    "keepTime": {"type": "boolean"},
}
_BOARD_FIELDS: dict[str, Any] = {
    "uid": {"type": "string", "pattern": "^[a-z-]{8,40}$"},
    "title": _TEXT,
    "description": _TEXT,
    "tags": {"type": "array", "items": _TEXT},
    "timezone": {"const": "browser"},
    "editable": {"type": "boolean"},
    "graphTooltip": {"enum": [0, 1, 2]},
    "schemaVersion": {"type": "integer", "minimum": 36},
    "version": {"type": "integer"},
    "refresh": {"type": "string", "pattern": "^[0-9]+[smhd]$"},
    "time": {
        "type": "object",
        "additionalProperties": False,
        "required": ["from", "to"],
        "properties": {"from": _TEXT, "to": _TEXT},
    },
    "annotations": {"type": "object", "properties": {"list": {"type": "array"}}},
    "templating": {
        "type": "object",
        "additionalProperties": False,
        "required": ["list"],
        "properties": {"list": {"type": "array", "items": _VARIABLE}},
    },
    "links": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": list(_LINK_FIELDS),
            "properties": _LINK_FIELDS,
        },
    },
    "panels": {"type": "array", "minItems": 1, "items": {"anyOf": [_PANEL, _ROW]}},
}
BOARD = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "additionalProperties": False,
    "required": list(_BOARD_FIELDS),
    "properties": _BOARD_FIELDS,
}
