"""What the SMS channel counts, and that codes from outside never make rows without end."""

import time

import pytest
from prometheus_client import REGISTRY

from sms import metrics
from sms.sending.dispatcher import Dispatcher
from sms.sending.sender import Limits
from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import BadApi, status
from tests.unit.sms.dispatching import MemoryJournal, message, new_dispatcher
from tests.unit.sms.webhook_calls import STATUS, Caller


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"jardem_sms_{name}", labels) or 0.0


@pytest.fixture
def no_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_codes", set())


@pytest.mark.usefixtures("no_codes")
def test_of_many_different_codes_not_all_have_a_row() -> None:
    labels = {metrics.code_label(code) for code in range(30_000, 31_000)}
    assert len(labels) == 201
    assert "other" in labels
    assert metrics.code_label(30_000) == "30000"
    assert [metrics.code_label(code) for code in (None, 0, -5, 77_011_234_567)] == [
        "none",
        "none",
        "other",
        "other",
    ]


@pytest.fixture
def dispatcher(carrier: TwilioCarrier, api: BadApi) -> Dispatcher:
    return new_dispatcher(
        carrier, MemoryJournal(api), Limits(per_second=4, burst=1, quick_seconds=1, unasked_seconds=2)
    )


async def test_a_message_s_wait_for_the_rate_is_measured(dispatcher: Dispatcher) -> None:
    count, seconds = value("rate_wait_seconds_count"), value("rate_wait_seconds_sum")
    await dispatcher.dispatch([message(f"m{n}", f"+770155502{n:02}") for n in range(4)])
    assert value("rate_wait_seconds_count") == count + 4
    # 0, 1, 2 and 3 quarters of a second, less what it took the others to be begun.
    assert value("rate_wait_seconds_sum") >= seconds + 0.75


async def test_what_the_api_refuses_for_good_is_counted_by_its_code(
    api: BadApi, dispatcher: Dispatcher
) -> None:
    before = value("refusals_total", code="21211")
    api.troubles.append(status(400, 21211))
    await dispatcher.dispatch([message()])
    assert value("refusals_total", code="21211") == before + 1


async def test_messages_that_go_back_are_counted_by_why_and_the_pause_is_told(
    api: BadApi, dispatcher: Dispatcher
) -> None:
    resting, other = value("deferrals_total", reason="resting"), value("deferrals_total", reason="other")
    await dispatcher.dispatch([message("m0")])
    assert value("paused_until_timestamp_seconds") <= time.time()
    api.always = status(500, 20500)
    for number in range(6):
        await dispatcher.dispatch([message(f"m{number}", f"+770155502{number:02}")])
    assert value("paused_until_timestamp_seconds") > time.time()
    assert value("deferrals_total", reason="resting") > resting
    assert value("deferrals_total", reason="other") >= other


async def test_reports_are_counted_by_status_and_code_and_calls_by_their_time(caller: Caller) -> None:
    failed = {"status": "undelivered", "code": "30003"}
    before = value("statuses_total", **failed), value("statuses_total", status="other", code="none")
    seconds = value("webhook_seconds_count", endpoint="status")
    await caller.form("/sms/status", STATUS)
    await caller.form("/sms/status", {**STATUS, "MessageStatus": "receiving", "ErrorCode": ""})
    assert value("statuses_total", **failed) == before[0] + 1
    assert value("statuses_total", status="other", code="none") == before[1] + 1
    assert value("webhook_seconds_count", endpoint="status") == seconds + 2
