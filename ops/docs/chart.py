"""What the chart's schema says of settings: all that there are, with what their values look like."""

import json
import re
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from ops.docs.schemas import as_json
from streams.settings.secret_files import SUFFIX
from streams.settings.settings import Settings
from streams.settings.values import Hours, PublicAddress, RetentionDays, WebAddress, variable

CHART_SCHEMA = Path("deploy/helm/jardem/values.schema.json")

_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
_WRITTEN: dict[type, str] = {int: r"^[0-9]+$", float: r"^[0-9]+(\.[0-9]+)?$"}
_KINDS: dict[Any, str] = {
    WebAddress: r"^https?://[^/\s]+(/\S*)?$",
    PublicAddress: r"^https?://[^/\s]+(/\S*)?$",
    Hours: rf"^(off|{_TIME} *- *{_TIME})$",
    RetentionDays: r"^(for_ever|[0-9]{2,5})$",
}
"""Of values of our own kinds; the process reads them more closely."""


def chart_schema(committed: Path = CHART_SCHEMA) -> str:
    """The chart's schema as it is, with the settings as they are now."""
    schema = json.loads(committed.read_text(encoding="utf-8"))
    schema["properties"]["settings"] = chart_settings()
    return as_json(schema)


def chart_settings() -> dict[str, Any]:
    """A schema of the settings by their variables. Values are strings; an empty one is not set."""
    properties: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        properties[variable(name)] = _value(field)
        if field.annotation is SecretStr:
            properties[variable(name) + SUFFIX] = {"type": "string", "pattern": "^/.*$|^$"}
    # Which of the two it is says what the chart demands of everything else.
    properties[variable("profile")] = {"enum": ["development", "production"]}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [variable("profile")],
        "properties": properties,
    }


def _value(field: FieldInfo) -> dict[str, Any]:
    kinds = [kind for kind in _parts(field.annotation) if kind is not type(None)]
    if kinds == [bool]:
        return {"enum": ["true", "false", ""]}
    if get_origin(kinds[0]) is Literal:
        return {"enum": [*get_args(kinds[0]), ""]}
    return {"type": "string", **({"pattern": f"^$|{pattern}"} if (pattern := _pattern(field, kinds)) else {})}


def _pattern(field: FieldInfo, kinds: list[Any]) -> str | None:
    for kind, pattern in _KINDS.items():
        if set(kind.__metadata__) <= set(field.metadata):
            return pattern
    for each in field.metadata:
        if isinstance(said := getattr(each, "pattern", None), str | re.Pattern):
            return said if isinstance(said, str) else said.pattern
    return _WRITTEN.get(kinds[0])


def _parts(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401 - whatever a field may be annotated with
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
