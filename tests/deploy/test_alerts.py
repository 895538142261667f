"""Each alert fires when it should and is quiet when it should, and leads to a page that says what to do."""

import re
import subprocess
from itertools import chain
from pathlib import Path

import pytest

from ops.docs.metrics_page import DECLARED_IN
from streams.metric_labels import declared
from tests.deploy.alerting import FILES, PROMETHEUS, ROOT, RUNBOOKS, Alert, alerts, metrics_in, program

CASES = Path(__file__).parent / "alerts"
ALERTS = alerts()
SECTIONS = ["## What it means for citizens", "## How to look", "## What to do"]
SERVED = {"up"} | {
    name
    for metric in declared().values()
    for name in (
        [f"{metric.name}_{part}" for part in ("bucket", "count", "sum")]
        if metric.kind == "histogram"
        else [metric.name]
    )
}
QUOTED_LINE = re.compile(r"`([a-z][a-z' ]+ [a-z' ]+ [a-z' ]+)`")


def promtool(*arguments: object) -> tuple[int, str]:
    command = [program("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_every_rule_was_read() -> None:
    written = sum(path.read_text(encoding="utf-8").count("- alert:") for path in FILES)
    assert DECLARED_IN
    assert len(ALERTS) == written > 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_alerts_of_a_file_fire_and_are_quiet_as_told(path: Path) -> None:
    code, said = promtool("test", "rules", CASES / path.name)
    assert (code, said) == (0, said)


def test_prometheus_can_read_the_sample_with_its_rules() -> None:
    code, said = promtool("check", "config", PROMETHEUS / "prometheus.yml")
    assert (code, said) == (0, said)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_is_tried_both_ways(alert: Alert) -> None:
    cases = (CASES / alert.file.name).read_text(encoding="utf-8").split("  - name: ")[1:]
    of_it = {case.partition("\n")[0].removeprefix(f"{alert.name} "): case for case in cases}
    assert "exp_alerts: []" not in of_it["fires"]
    assert "exp_alerts: []" in of_it["is quiet"]
    assert f"alertname: {alert.name}" in of_it["fires"]
    assert f"alertname: {alert.name}" in of_it["is quiet"]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_says_how_bad_it_is_and_where_to_read_on(alert: Alert) -> None:
    assert alert.said("severity") in ("warning", "critical")
    assert alert.said("summary")
    assert alert.said("description")
    page = (ROOT / alert.said("runbook")).read_text(encoding="utf-8")
    assert page.startswith(f"# {alert.name}\n\n**{alert.said('severity')}.**")
    assert [line for line in page.splitlines() if line.startswith("## ")] == SECTIONS
    bodies = re.split(r"^## .*$", page, flags=re.MULTILINE)[1:]
    assert all(len(body.strip()) > 40 for body in bodies)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_asks_for_metrics_that_are_served(alert: Alert) -> None:
    assert metrics_in(alert.expr)
    assert metrics_in(alert.expr) - SERVED == set()


def test_every_runbook_is_some_alert_s() -> None:
    assert {path.name for path in RUNBOOKS.glob("*.md")} == {
        Path(alert.said("runbook")).name for alert in ALERTS
    }


def test_lines_of_the_log_that_runbooks_quote_are_written_somewhere() -> None:
    code = "".join(
        re.sub(r'"\s+f?"', "", path.read_text(encoding="utf-8"))
        for path in chain(*(ROOT.joinpath(room).rglob("*.py") for room in ("agents", "sms", "streams")))
    )
    quoted = {
        line
        for path in RUNBOOKS.glob("*.md")
        for line in QUOTED_LINE.findall(path.read_text(encoding="utf-8"))
        if not line.startswith("jardem ")
    }
    assert len(quoted) > 5
    assert {line for line in quoted if line not in code} == set()


def test_what_runbooks_ask_prometheus_can_be_asked(tmp_path: Path) -> None:
    spans = {
        span
        for path in RUNBOOKS.glob("*.md")
        for span in re.findall(r"`([^`]+)`", path.read_text(encoding="utf-8"))
        if "jardem_" in span
        and not re.fullmatch(r"jardem_(reason|topic|partition|offset|form|last_offset)", span)
    }
    assert set().union(*map(metrics_in, spans)) - SERVED - set(declared()) == set()
    rules = tmp_path / "asked.yml"
    lines = [f"      - record: asked:{number}\n        expr: {span!r}\n" for number, span in enumerate(spans)]
    rules.write_text("groups:\n  - name: asked\n    rules:\n" + "".join(lines), encoding="utf-8")
    code, said = promtool("check", "rules", rules)
    assert (code, said) == (0, said)
