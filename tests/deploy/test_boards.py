"""The boards are what their source says, are dashboards to Grafana, and ask for what is served."""

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ops.boards.__main__ import BOARDS, written
from streams.metric_labels import declared
from tests.deploy.alerting import ROOT, metrics_in, program
from tests.deploy.dashboard_schema import BOARD
from tests.deploy.test_alerts import SERVED

FOLDER = ROOT / "deploy" / "grafana"
OF_THE_CLIENT = {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"}

every_board = pytest.mark.parametrize("name", BOARDS)


def board(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def pictures(name: str) -> list[dict[str, Any]]:
    return [panel for panel in board(name)["panels"] if panel["type"] != "row"]


def test_the_files_are_those_of_the_boards() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == set(BOARDS)
    assert len({each.uid for each in BOARDS.values()}) == len(BOARDS)


@every_board
def test_a_file_is_what_its_source_says(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == written(BOARDS[name])


@every_board
def test_a_board_is_a_dashboard_to_grafana(name: str) -> None:
    jsonschema.validate(board(name), BOARD)


def test_the_schema_refuses_what_is_no_dashboard() -> None:
    broken = board("law.json")
    del broken["panels"][1]["fieldConfig"]["defaults"]["unit"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, BOARD)


@every_board
def test_panels_have_numbers_of_their_own_and_none_lies_upon_another(name: str) -> None:
    panels = board(name)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@every_board
def test_titles_of_a_row_differ_and_descriptions_are_sentences(name: str) -> None:
    of_a_row: set[str] = set()
    for panel in board(name)["panels"]:
        if panel["type"] == "row":
            of_a_row = set()
            continue
        assert panel["title"] not in of_a_row
        of_a_row.add(panel["title"])
        assert panel["description"].endswith(".")
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@every_board
def test_expressions_ask_for_metrics_that_are_served(name: str) -> None:
    for panel in pictures(name):
        for target in panel["targets"]:
            found = metrics_in(target["expr"])
            assert found, panel["title"]
            assert found - SERVED - OF_THE_CLIENT == set(), panel["title"]


@every_board
def test_every_expression_parses(name: str, tmp_path: Path) -> None:
    expressions = [expr.replace("$__rate_interval", "1m") for expr in BOARDS[name].expressions()]
    groups = {
        "groups": [
            {
                "name": "board",
                "rules": [
                    {"record": f"board:{number}", "expr": expr} for number, expr in enumerate(expressions)
                ],
            }
        ]
    }
    # JSON is YAML.
    rules = tmp_path / "board.yml"
    rules.write_text(json.dumps(groups), encoding="utf-8")
    command = [program("promtool"), "check", "rules", str(rules)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, done.stdout + done.stderr)


def test_every_metric_of_ours_stands_on_a_board() -> None:
    shown = {
        name
        for each in BOARDS.values()
        for expression in each.expressions()
        for name in metrics_in(expression)
    }
    parts = ("", "_bucket", "_count", "_sum")
    missing = {name for name in declared() if not any(f"{name}{part}" in shown for part in parts)}
    assert missing == {"jardem_kept_total", "jardem_tombstones_total", "jardem_sms_reports_total"}
