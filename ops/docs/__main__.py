"""`make docs`: writes what is drawn from the code, unless that would break a published schema."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

from ops.console.api.app import create_api, description
from ops.docs.chart import CHART_SCHEMA, chart_schema
from ops.docs.compatible import incompatibilities
from ops.docs.lifecycle import lifecycle
from ops.docs.metrics_page import metrics_page
from ops.docs.schemas import as_json, asyncapi, public_schemas
from ops.docs.settings_page import settings_page
from ops.http_intake.openapi import description as intake_description
from schemas.catalogue import PUBLIC_IN


def documents() -> dict[str, str]:
    """Every document by its path under docs/."""
    return {
        "lifecycle.md": lifecycle(),
        "settings.md": settings_page(),
        "metrics.md": metrics_page(),
        "asyncapi.json": as_json(asyncapi(version("jardem"))),
        "console-api.json": as_json(description(create_api())),
        "intake-api.json": as_json(intake_description()),
        **{f"schemas/{name}.json": as_json(schema) for name, schema in public_schemas().items()},
    }


def broken(docs: Path) -> list[str]:
    """What the code's schemas break of those that are committed."""
    found = []
    for path in sorted((docs / "schemas").glob("*.json")):
        schema = public_schemas().get(path.stem)
        old = json.loads(path.read_text(encoding="utf-8"))
        if schema is None:
            found.append(f"{path.stem}: the event is gone")
        else:
            breaks = incompatibilities(old, schema, incoming=path.stem in PUBLIC_IN)
            found += [f"{path.stem}: {line}" for line in breaks]
    return found


def main(docs: Path) -> int:
    """Write the documents into this folder; 1 if a published schema would be broken."""
    problems = broken(docs)
    for problem in problems:
        print(f"{problem}; an incompatible event needs a new version of its name", file=sys.stderr)  # noqa: T201
    if problems:
        return 1
    (docs / "schemas").mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (docs / name).write_text(text, encoding="utf-8")
    chart = docs.parent / CHART_SCHEMA
    if chart.exists():
        chart.write_text(chart_schema(chart), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path("docs")))
