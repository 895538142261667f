"""The sample on real Kafka, looked at by a real Prometheus and by a collector of traces.

It is played once for all tests of this file. Every expression of every board gives data, every alert is quiet
for a reason, no label and no span names anybody, and one trace goes from the registry's event to the SMS.
"""

import asyncio
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ops.boards.__main__ import BOARDS
from ops.brokers.choose import choose
from ops.demo.installation import Installation
from ops.demo.outcomes import follow
from ops.demo.processes import Service
from ops.docs.metrics_page import DECLARED_IN
from ops.reach import free_port
from streams.metric_labels import declared
from tests.deploy.alerting import alerts, metrics_in, program
from tests.deploy.collector import Seen, collecting
from tests.deploy.prometheus import Prometheus, scraping
from tests.integration.test_pipeline import UNREADABLE, Play, produce
from tests.integration.waiting import until

DAY = 86_400
SECONDS_A_DAY = 4.0
EXPRESSIONS = [(name, expr) for name, board in BOARDS.items() for expr in board.expressions()]
LONG_NUMBER = re.compile(r"[0-9]{7,}")


@dataclass(slots=True)
class Observed:
    """What was seen of the run."""

    expressions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    alerts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    pages: dict[str, str] = field(default_factory=dict)
    spans: list[Seen] = field(default_factory=list)
    posted: bytes = b""
    people: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    where = program("prometheus")
    folder = tmp_path_factory.mktemp("running")
    broker, note = choose(None, folder)
    if note:
        sys.stderr.write(f"{note}\n")
    broker.start()
    try:
        yield asyncio.run(observe(broker.address, folder, where))
    finally:
        broker.stop()


async def observe(kafka: str, folder: Path, where: str) -> Observed:
    seen = Observed()
    async with collecting() as collector:
        installation = Installation(
            kafka, folder, scale=DAY / SECONDS_A_DAY, more={"JARDEM_TRACES": collector.url}
        )
        intake = f"127.0.0.1:{free_port()}"
        targets = {
            "jardem-worker": installation.env["JARDEM_HEALTH_BIND"],
            "jardem-webhooks": installation.env["JARDEM_WEBHOOKS_BIND"],
            "jardem-http-intake": intake,
        }
        async with installation, scraping(where, folder, targets) as prometheus:
            env = {**installation.env, "JARDEM_INTAKE_BIND": intake}
            http_intake = Service("http-intake", folder, env, f"http://{intake}/readyz")
            await http_intake.start()
            try:
                await play(installation, kafka, seen)
                await ask(prometheus, targets, seen)
            finally:
                await http_intake.stop()
        seen.spans = collector.spans
        seen.posted = b"".join(collector.raw)
    return seen


async def play(installation: Installation, kafka: str, seen: Observed) -> None:
    """The sample, until everybody has an outcome."""
    sample = Play(installation)
    for citizen in sample.citizens:
        seen.people += [citizen.iin, *([citizen.phone[1:]] if citizen.phone else [])]
    following = asyncio.create_task(follow(kafka, sample.came_out))
    await sample.publish([event for citizen in sample.citizens for event in citizen.before])
    await sample.publish([event for citizen in sample.citizens for event in citizen.events])
    await until(sample.outcomes.complete, 150)
    # Last, so that Prometheus has seen the count before it: what grows is the alarm.
    await produce(kafka, UNREADABLE)
    await sample.script.stop()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def ask(prometheus: Prometheus, targets: dict[str, str], seen: Observed) -> None:
    async with asyncio.timeout(60):
        while not await prometheus.query(f"sum(jardem_dead_letters_total) >= {len(UNREADABLE)}"):  # noqa: ASYNC110
            await asyncio.sleep(0.5)
    # Two scrapes more, and the worker's look at how far the logs go.
    await asyncio.sleep(6)
    seen.names = set(await prometheus.get("label/__name__/values"))
    for _, expression in EXPRESSIONS:
        seen.expressions[expression] = await prometheus.query(expression.replace("$__rate_interval", "1m"))
    for alert in alerts():
        seen.alerts[alert.name] = await prometheus.query(alert.expr)
    async with aiohttp.ClientSession() as session:
        for job, address in targets.items():
            async with session.get(f"http://{address}/metrics") as response:
                seen.pages[job] = await response.text()


pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OF_OPERATORS = {"jardem_sms_smpp_bound", "jardem_sms_smpp_throttled_total"}
"""Told of each operator whose SMPP is set; here there is none."""


@pytest.mark.parametrize(("board", "expression"), EXPRESSIONS)
def test_every_expression_of_every_board_gives_data(observed: Observed, board: str, expression: str) -> None:
    assert observed.expressions[expression], board


@pytest.mark.parametrize("name", [alert.name for alert in alerts()])
def test_every_alert_gives_data_or_is_quiet_over_metrics_that_there_are(
    observed: Observed, name: str
) -> None:
    (alert,) = [each for each in alerts() if each.name == name]
    assert observed.alerts[name] or metrics_in(alert.expr) <= observed.names | OF_OPERATORS


def test_the_run_is_seen_in_what_was_counted(observed: Observed) -> None:
    def total(job: str, name: str, **labels: str) -> float:
        samples = (
            sample
            for family in text_string_to_metric_families(observed.pages[job])
            for sample in family.samples
            if sample.name == f"jardem_{name}" and labels.items() <= sample.labels.items()
        )
        return sum(sample.value for sample in samples)

    worker, webhooks = "jardem-worker", "jardem-webhooks"
    assert total(worker, "outcomes_total", outcome="granted") >= 1
    assert total(worker, "outcomes_total", outcome="ended") >= 1
    assert total(worker, "dead_letters_total") == len(UNREADABLE)
    assert total(worker, "event_to_sms_seconds_count") >= 1
    assert total(worker, "time_to_answer_seconds_count", question="offer") >= 1
    assert total(worker, "deadline_lateness_seconds_count", deadline="term") >= 1
    assert total(worker, "sms_rate_wait_seconds_count") == total(worker, "sms_api_calls_total") > 1
    assert total(worker, "ready") == 1
    assert total(worker, "rebalances_total") >= 1
    assert total(worker, "not_ready_seconds_total") > 0
    assert total(worker, "recovery_seconds_count") >= 1
    assert total(worker, "recovery_left_records") == 0
    assert total(worker, "table_bytes", table="attempts") > total(worker, "table_keys", table="attempts") > 0
    assert total(worker, "table_keys", table="people") >= 1
    assert total(worker, "records_handled_total", topic="case.inbox.v1") > 10
    # A process without partitions does not say that it is not ready.
    assert "jardem_ready" not in observed.pages[webhooks]
    assert total(webhooks, "sms_webhooks_total", endpoint="inbound", result="taken") >= 1
    assert total(webhooks, "sms_statuses_total", status="delivered", code="none") >= 1


def test_dead_letters_of_the_run_raise_the_alarm(observed: Observed) -> None:
    topics = {row["metric"]["topic"] for row in observed.alerts["JardemDeadLetters"]}
    assert topics == {"registry.title-awarded.v1"}


@pytest.mark.parametrize("job", ["jardem-worker", "jardem-webhooks"])
def test_labels_of_every_metric_come_from_closed_sets(observed: Observed, job: str) -> None:
    assert DECLARED_IN
    for family in text_string_to_metric_families(observed.pages[job]):
        if not family.name.startswith("jardem_"):
            assert family.name.startswith(("python_", "process_"))
            continue
        metric = declared().get(family.name) or declared()[f"{family.name}_total"]
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            assert labels.keys() == metric.labels.keys()
            assert all(metric.allows(name, value) for name, value in labels.items()), sample
            assert not any(LONG_NUMBER.search(value) for value in labels.values())


def traces(observed: Observed) -> dict[str, set[str]]:
    """The names of the spans of each trace."""
    found: dict[str, set[str]] = defaultdict(set)
    for span in observed.spans:
        found[span.trace_id].add(span.name)
    return found


def test_one_trace_goes_from_the_registry_s_event_to_the_carrier_s_call(observed: Observed) -> None:
    wanted = {
        "intake registry.title-awarded.v1",
        "people registry.title-awarded.v1",
        "people deadline.elapsed",
        "lines question.asked",
        "carrier sms",
        "lines message.accepted",
        "people question.sent",
    }
    whole = [trace_id for trace_id, names in traces(observed).items() if wanted <= names]
    assert whole
    for trace_id in whole:
        ids = {span.span_id for span in observed.spans if span.trace_id == trace_id}
        parents = {span.parent for span in observed.spans if span.trace_id == trace_id and span.parent}
        assert parents <= ids


def test_one_trace_goes_from_the_answer_to_the_decision_and_is_linked_with_the_case_s(
    observed: Observed,
) -> None:
    wanted = {"webhooks inbound", "lines message.received", "people question.answered", "carrier sms"}
    whole = {trace_id for trace_id, names in traces(observed).items() if wanted <= names}
    assert whole
    cases = {span.trace_id for span in observed.spans if span.name.startswith("intake registry.")}
    linked = [
        span for span in observed.spans if span.trace_id in whole and span.name == "people question.answered"
    ]
    assert linked
    assert all(span.links & cases for span in linked)
    assert {span.service for span in observed.spans} == {"jardem-worker", "jardem-webhooks"}


def test_no_span_names_anybody(observed: Observed) -> None:
    assert len(observed.people) > 10
    assert observed.posted
    assert [number for number in observed.people if number.encode() in observed.posted] == []
