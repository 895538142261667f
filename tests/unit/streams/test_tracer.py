"""Spans leave in the background, and whoever does not want them pays nothing."""

import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ops.reach import free_port
from schemas.ids import CaseId
from streams.otlp import OtlpTracer
from streams.settings.settings import Settings
from streams.tracer import start_tracing, traces_url
from streams.tracing import Span, read_trace, trace_of_case, trace_of_event
from tests.deploy.collector import collecting
from tests.integration.waiting import until

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOTHING = """
import sys
import jardem, agents.bootstrap, sms.twilio.webhooks
from streams.settings.settings import Settings
from streams.tracer import start_tracing
assert start_tracing(Settings(), "worker") is None
sys.exit(any(name.split(".")[0] == "opentelemetry" for name in sys.modules))
"""


def test_ids_are_the_same_whenever_what_they_are_about_is() -> None:
    case, other = trace_of_case(CaseId("a")), trace_of_case(CaseId("b"))
    assert case == trace_of_case(CaseId("a"))
    assert case.trace_id != other.trace_id
    assert case != trace_of_event("a")
    assert case.child("people", "1") == case.child("people", "1")
    assert len({case.span_id, case.child("people", "1").span_id, case.child("people", "2").span_id}) == 3
    assert read_trace(str(case)) == case


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        GIVEN[:-2] + "00",
        GIVEN.upper(),
        "01" + GIVEN[2:],
        GIVEN + "0",
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
    ],
)
def test_what_is_no_trace_or_not_sampled_is_none(given: str | None) -> None:
    assert read_trace(given) is None


def test_without_an_address_nothing_is_imported() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", NOTHING], cwd=root, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("given", ["http://127.0.0.1:4318", "https://collector.example/otlp"])
def test_the_address_may_have_a_path_of_its_own(given: str) -> None:
    assert urlsplit(traces_url(given)).path == (urlsplit(given).path or "/v1/traces")
    assert Settings(traces=given).traces == given


async def test_a_span_arrives_with_the_ids_that_it_was_given() -> None:
    async with collecting() as collector:
        tracer = start_tracing(Settings(traces=collector.url), "worker")
        assert tracer is not None
        root, parent = trace_of_case(CaseId("a")), read_trace(GIVEN)
        assert parent is not None
        now = time.time_ns()
        tracer.record(Span(root, "first", "consumer", now, now + 5, links=[parent]))
        tracer.record(
            Span(parent.child("x"), "second", "client", now, now, parent, {"jardem.event": "e"}, failed=True)
        )
        await until(lambda: len(collector.spans) == 2, 20)
        tracer.close()
    first, second = sorted(collector.spans, key=lambda span: span.name)
    assert (first.trace_id, first.span_id, first.parent) == (root.trace_id, root.span_id, "")
    assert first.links == {parent.trace_id}
    assert (second.trace_id, second.parent) == (parent.trace_id, parent.span_id)
    assert second.span_id == parent.child("x").span_id
    assert {first.service, second.service} == {"jardem-worker"}


def test_where_nobody_takes_them_nothing_waits_and_nothing_is_raised() -> None:
    tracer = OtlpTracer(f"http://127.0.0.1:{free_port()}/v1/traces", "worker")
    now = time.time_ns()
    began = time.monotonic()
    for number in range(5_000):
        tracer.record(Span(trace_of_event(str(number)), "lost", "consumer", now, now))
    recorded = time.monotonic() - began
    tracer.close()
    assert recorded < 20
    assert time.monotonic() - began < recorded + 10
