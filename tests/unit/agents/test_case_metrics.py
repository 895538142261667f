"""What is counted of cases and numbers: each event once, under labels that were declared."""

from datetime import timedelta
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from agents import case_gauges, line_metrics
from agents.case_metrics import CaseMetrics
from agents.event_desk import EventDesk, Shape
from agents.line_metrics import LineMetrics
from rules.policy import Policy
from rules.turn import Advanced
from schemas.deadlines import DeadlineElapsed
from schemas.ids import NOBODY, SERVICE, CaseId, MessageId, PersonId, Pseudonyms
from schemas.questions import AccountGiven, Consent, Decline, QuestionNotUnderstood
from schemas.received import ReceivedEvent
from schemas.registry import EntitlementRevoked
from schemas.turned import Turned
from schemas.values import Language
from sms.conversation.line import Line, Message
from streams import summary
from streams.clock import Clock
from streams.counts import Counts
from streams.metric_labels import declared
from tests.unit.rules.case_desk import ACCOUNT, CASE, IBAN, IIN, NOON, OFFER, PERSON, REGISTERED, TITLE, Desk

YES = Consent(language=Language.KAZAKH)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"jardem_{name}", labels) or 0.0


class Counted(Desk):
    """The case desk of the rules' tests, with everything counted as the worker does."""

    counting = CaseMetrics(Clock())

    def turn(self, cause: ReceivedEvent) -> Advanced:
        turned = super().turn(cause)
        self.counting.count(self.person, cause, turned, self.now)
        return turned

    def shown(self, name: str, **labels: str) -> float:
        counted = Counts()
        counted.change(0, (), summary.counted(case_gauges.counts(self.person)))
        case_gauges.show(counted)
        return value(name, **labels)


def fresh() -> Counted:
    desk = Counted(Policy(facts_grace=timedelta(seconds=3)))
    desk.reads(REGISTERED, TITLE, at=NOON - timedelta(hours=2))
    return desk


@pytest.fixture
def desk() -> Counted:
    return fresh()


def test_a_case_is_shown_where_it_stands_and_its_term_while_it_runs(desk: Counted) -> None:
    assert desk.shown("cases", state="received", ground="4-2") == 1
    assert desk.shown("terms_running", term="offer") == 0
    desk.rings("grace")
    desk.sent()
    assert desk.shown("cases", state="offer_sent", ground="4-2") == 1
    assert desk.shown("cases", state="received", ground="4-2") == 0
    assert desk.shown("terms_running", term="offer") == 1
    desk.hears(YES)
    desk.sent(ACCOUNT)
    assert desk.shown("terms_running", term="offer") == 0
    assert desk.shown("terms_running", term="account") == 1


def test_a_grant_is_an_outcome_of_its_ground_once(desk: Counted) -> None:
    labels = {"outcome": "granted", "reason": "none", "ground": "4-2"}
    before = value("outcomes_total", **labels)
    desk.rings("grace")
    desk.sent()
    desk.hears(YES)
    desk.sent(ACCOUNT)
    desk.hears(AccountGiven(iban=IBAN), ACCOUNT)
    assert value("outcomes_total", **labels) == before + 1
    desk.hears(AccountGiven(iban=IBAN), ACCOUNT)
    assert value("outcomes_total", **labels) == before + 1


def test_an_ending_bears_its_reason_and_a_grant_in_question_the_cause(desk: Counted) -> None:
    declined = {"outcome": "ended", "reason": "declined", "ground": "4-2"}
    before = value("outcomes_total", **declined), value("decisions_questioned_total", reason="revoked")
    desk.rings("grace")
    desk.sent()
    desk.hears(Decline())
    assert value("outcomes_total", **declined) == before[0] + 1
    other = fresh()
    other.rings("grace")
    other.sent()
    other.hears(YES)
    other.sent(ACCOUNT)
    other.hears(AccountGiven(iban=IBAN), ACCOUNT)
    other.reads(EntitlementRevoked(iin=IIN, record_id="A", reason="an error"))
    assert value("decisions_questioned_total", reason="revoked") == before[1] + 1


def test_the_way_from_the_event_to_the_first_offer_is_measured_and_no_other(desk: Counted) -> None:
    count, seconds = value("event_to_sms_seconds_count"), value("event_to_sms_seconds_sum")
    desk.rings("grace")
    left = desk.now + timedelta(minutes=1)
    desk.sent(at=left)
    took = left - (NOON - timedelta(hours=2))
    assert value("event_to_sms_seconds_count") == count + 1
    assert value("event_to_sms_seconds_sum") == pytest.approx(seconds + took.total_seconds())
    desk.sent(at=left)
    desk.hears(YES)
    desk.sent(ACCOUNT)
    assert value("event_to_sms_seconds_count") == count + 1


def test_an_answer_is_counted_by_its_meaning_and_how_long_it_took(desk: Counted) -> None:
    yes = {"question": "offer", "answer": "consent"}
    unread = {"question": "offer", "answer": "not_understood"}
    before = value("answers_total", **yes), value("answers_total", **unread)
    seconds = value("time_to_answer_seconds_sum", question="offer")
    desk.rings("grace")
    desk.sent()
    desk.reads(
        QuestionNotUnderstood(
            question_id=OFFER,
            case_id=CASE,
            person_id=PERSON,
            message_id=cast("Any", "S"),
            received_at=desk.now,
        )
    )
    desk.hears(YES, at=desk.now + timedelta(minutes=5))
    assert (value("answers_total", **yes), value("answers_total", **unread)) == (before[0] + 1, before[1] + 1)
    assert value("time_to_answer_seconds_sum", question="offer") == pytest.approx(seconds + 300)


def test_a_deadline_is_late_by_real_time_whatever_the_clock_runs_at(desk: Counted) -> None:
    fast = CaseMetrics(Clock(86_400.0, NOON))
    elapsed = DeadlineElapsed(deadline=f"{CASE}/term", version=1, due=NOON)
    count = value("deadline_lateness_seconds_count", deadline="term")
    seconds = value("deadline_lateness_seconds_sum", deadline="term")
    event = ReceivedEvent("h", "urn:test", "e", NOON, "d" * 64, elapsed)
    fast.count(desk.person, event, Turned(desk.person, (), ()), NOON + timedelta(days=3))
    assert value("deadline_lateness_seconds_count", deadline="term") == count + 1
    assert value("deadline_lateness_seconds_sum", deadline="term") == pytest.approx(seconds + 3)


@pytest.mark.parametrize("name", [SERVICE, f"{CASE}/unheard_of"])
def test_what_tells_that_the_service_has_changed_is_no_term_that_is_late(desk: Counted, name: str) -> None:
    elapsed = DeadlineElapsed(deadline=name, version=1, due=NOON)
    event = ReceivedEvent("h", "urn:test", "e", NOON, "d" * 64, elapsed)
    CaseMetrics(Clock()).count(desk.person, event, Turned(desk.person, (), ()), NOON + timedelta(days=3))
    counted = {"deadline": name.rpartition("/")[2]}
    assert REGISTRY.get_sample_value("jardem_deadline_lateness_seconds_count", counted) is None


def message(**changes: Any) -> Message:
    found = Message(message_id=MessageId("m"), text="t", case_id=CaseId("c"), person_id=PersonId("p"))
    return found.with_(**changes)


def test_a_number_s_messages_are_held_with_the_carrier_or_in_doubt() -> None:
    line = Line(
        messages=(message(), message(handed_at=NOON, tried_at=NOON), message(tried_at=NOON, retry_at=NOON))
    )
    counted = Counts()
    found = summary.counted(line_metrics.counts(line))
    counted.change(0, (), found)
    line_metrics.show(counted)
    for where in ("held", "with_carrier", "in_doubt"):
        assert value("sms_messages", where=where) == 1
    counted.change(0, found, summary.counted(line_metrics.counts(Line())))
    assert value("sms_messages", where="in_doubt") == 0


def test_a_number_that_is_woken_is_late_under_its_own_name() -> None:
    count = value("deadline_lateness_seconds_count", deadline="wake")
    elapsed = DeadlineElapsed(deadline="wake", version=1, due=NOON)
    event = ReceivedEvent("h", "urn:test", "e", NOON, "d" * 64, elapsed)
    LineMetrics(Clock()).count(Line(), event, Turned(Line(), (), ()), NOON)
    assert value("deadline_lateness_seconds_count", deadline="wake") == count + 1


def test_no_event_is_lost_because_it_could_not_be_counted() -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    desk = EventDesk(
        name="lines",
        inbox="inbox",
        source="urn:test",
        shape=Shape(Line, 1),
        known={},
        empty=lambda _: Line(),
        turn=lambda state, *_: Turned(state, (), ("done",)),
        waits=lambda _: (),
        subject=lambda _: NOBODY,
        pseudonyms=Pseudonyms(b"key"),
        count=broken,
    )
    elapsed = DeadlineElapsed(deadline="wake", version=1, due=NOON)
    event = ReceivedEvent("h", "urn:test", "e", NOON, "d" * 64, elapsed)
    assert desk.apply(Line(), event, NOON) == (Line(), [])


def test_every_row_that_is_served_was_declared_with_its_values() -> None:
    rows = 0
    for family in text_string_to_metric_families(generate_latest().decode()):
        metric = declared().get(family.name) or declared().get(f"{family.name}_total")
        # Tests of other floors count under labels of their own.
        if metric is None or metric.labels.keys() & {"topic", "table", "failure", "code"}:
            continue
        for sample in family.samples:
            labels = {name: found for name, found in sample.labels.items() if name != "le"}
            assert all(metric.allows(name, found) for name, found in labels.items()), sample
            rows += 1
    assert rows > 200
