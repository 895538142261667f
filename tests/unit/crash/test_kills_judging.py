"""The judges of the hundred kills notice what is wrong: a green run means something only if they do."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.demo.sample import IBAN
from schemas.ids import Pseudonyms
from streams.clock import Clock
from streams.records import Record
from tests.crash.kills.evidence import Evidence
from tests.crash.kills.invariants import Invariants, Judged, unfinished
from tests.crash.kills.people import STORIES, Person
from tests.crash.kills.plan import Act, Fault, Kind
from tests.crash.kills.sms_record import Recorded
from tests.crash.kills.standstill import rows, stood_too_long, waits
from tests.crash.kills.story import Hurt

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PSEUDONYMS = Pseudonyms(b"x" * 32)
HERO = Person(1, STORIES[0])
CASE = HERO.case_id(PSEUDONYMS)
OFFER, ACCOUNT = "the offer", "the account, please"


def record(topic: str, name: str, data: dict[str, Any], n: int = 0, key: bytes = b"k") -> Record:
    headers = (
        ("ce_source", b"test"),
        ("ce_id", f"{name}-{n}".encode()),
        ("ce_type", f"kz.jardem.{name}".encode()),
    )
    return Record(topic, 0, n, NOW + n * SECOND, key, json.dumps(data).encode(), headers)


def granted(step: int = 5, **changes: Any) -> dict[str, Any]:
    return {
        "case_id": CASE,
        "step": step,
        "decision_id": "d-1",
        "outcome": "granted",
        "language": "kk",
        "scheme": "standalone",
        "decided_at": (NOW + 20 * SECOND).isoformat(),
        **changes,
    }


def ended(reason: str, step: int = 5) -> dict[str, Any]:
    return {"case_id": CASE, "step": step, "reason": reason}


def sms(sid: str, text: str, second: int, *, inbound: bool = False) -> Recorded:
    return Recorded(sid, HERO.phone, text, inbound, NOW + second * SECOND)


def accepted(sid: str, message_id: str, n: int) -> Record:
    return record("sms.inbox.v1", "message.accepted", {"sid": sid, "message_id": message_id}, n)


@pytest.fixture
def evidence() -> Evidence:
    """Of a run in which all went well."""
    found = Evidence()
    found.records["benefit.decided.v1"].append(record("benefit.decided.v1", "benefit.decided.v1", granted()))
    found.records["sms.inbox.v1"] += [accepted("SM1", "m-1", 1), accepted("SM2", "m-2", 2)]
    found.sms = {
        one.sid: one
        for one in (
            sms("SM1", OFFER, 1),
            sms("IN1", "1", 3, inbound=True),
            sms("SM2", ACCOUNT, 5),
            sms("IN2", IBAN, 8, inbound=True),
        )
    }
    return found


def judged(evidence: Evidence, *people: Person) -> Judged:
    return Invariants(evidence, people or [HERO], PSEUDONYMS, Clock()).judge()


def test_a_sound_run_has_no_breach(evidence: Evidence) -> None:
    found = judged(evidence)
    assert not found.breaches
    assert (found.lost, found.doubled, found.sms, found.sms_twice) == (0, 0, 2, 0)
    assert unfinished(evidence, [HERO], PSEUDONYMS) == []


def test_an_entitlement_without_an_outcome_is_lost(evidence: Evidence) -> None:
    other = Person(2, STORIES[0])
    found = judged(evidence, HERO, other)
    assert found.lost == 1
    assert "no outcome" in found.breaches[0]
    assert unfinished(evidence, [HERO, other], PSEUDONYMS) == [other]


def test_an_outcome_of_nobody_is_a_breach(evidence: Evidence) -> None:
    evidence.records["benefit.process-ended.v1"].append(
        record("t", "benefit.process-ended.v1", {**ended("declined"), "case_id": "of nobody"})
    )
    assert judged(evidence).breaches == ["an outcome of nobody: of nobody"]


def test_another_outcome_than_the_answers_call_for_is_a_loss(evidence: Evidence) -> None:
    evidence.records["benefit.decided.v1"].clear()
    evidence.records["benefit.process-ended.v1"].append(
        record("t", "benefit.process-ended.v1", ended("no_reply"))
    )
    assert judged(evidence).lost == 1


def no_reply(evidence: Evidence, until: int) -> Judged:
    """The term ended at this second, and a hundred others were in time."""
    evidence.records["benefit.decided.v1"].clear()
    evidence.records["benefit.process-ended.v1"].append(
        record("t", "benefit.process-ended.v1", ended("no_reply"))
    )
    end = (NOW + until * SECOND).isoformat()
    step = {"case_id": CASE, "step": 1, "until": end, "to": "x", "at": NOW.isoformat()}
    evidence.records["case.advanced.v1"].append(
        record("t", "case.advanced.v1", {**step, "cause": {"type": "t", "id": "i"}})
    )
    return Invariants(evidence, [HERO], PSEUDONYMS, Clock(86_400 / 60, NOW)).judge()


# The last answer came at 8 s, and two seconds are nobody's. The clock runs from NOW on, 1440 times as fast.
@pytest.mark.parametrize(("until", "late"), [(11, 0), (9, 1)])
def test_no_reply_is_right_only_where_an_answer_came_too_late(
    evidence: Evidence, until: int, late: int
) -> None:
    found = no_reply(evidence, until * 1440)
    assert (found.late, found.lost) == (late, 1 - late)


@pytest.mark.parametrize(("until", "late"), [(200, 0), (60, 1)])
def test_a_question_that_never_came_is_a_loss_unless_the_term_was_nearly_over(
    evidence: Evidence, until: int, late: int
) -> None:
    del evidence.sms["IN2"], evidence.sms["SM2"]
    found = no_reply(evidence, until * 1440)
    assert (found.late, found.lost) == (late, 1 - late)


def test_a_run_in_which_many_were_too_late_shows_nothing(evidence: Evidence) -> None:
    assert "were too late" in no_reply(evidence, 9 * 1440).breaches[0]


def test_the_outcome_with_the_highest_step_counts(evidence: Evidence) -> None:
    evidence.records["benefit.process-ended.v1"].append(
        record("t", "benefit.process-ended.v1", ended("phone_not_registered", step=1))
    )
    assert not judged(evidence).breaches


@pytest.mark.parametrize(
    "data",
    [granted(step=7, decision_id="d-2"), granted(step=5, language="ru")],
    ids=["another id", "other content"],
)
def test_a_second_decision_is_a_double(evidence: Evidence, data: dict[str, Any]) -> None:
    evidence.records["benefit.decided.v1"].append(record("t", "benefit.decided.v1", data, 9))
    assert judged(evidence).doubled == 1


def test_a_decision_told_again_alike_is_none(evidence: Evidence) -> None:
    evidence.records["benefit.decided.v1"] *= 2
    found = judged(evidence)
    assert (found.breaches, found.repeats) == ([], 1)


def test_a_grant_without_consent_is_a_breach(evidence: Evidence) -> None:
    del evidence.sms["IN1"]
    assert "granted without the answers" in judged(evidence).breaches[0]


def test_consent_after_the_grant_is_none(evidence: Evidence) -> None:
    evidence.sms["IN1"] = replace(evidence.sms["IN1"], at=NOW + 30 * SECOND)
    assert "granted without the answers" in judged(evidence).breaches[0]


def test_an_sms_that_was_sent_twice_is_a_breach_unless_it_was_in_doubt(evidence: Evidence) -> None:
    evidence.sms["SM3"] = sms("SM3", OFFER, 2)
    found = judged(evidence)
    assert found.sms_twice == 1
    assert any("an SMS sent 2 times" in breach for breach in found.breaches)
    assert any("belongs to 0 messages" in breach for breach in found.breaches)

    doubt = record("t", "message.in-doubt", {"message_id": "m-1"}, 9)
    evidence.records["sms.inbox.v1"].append(doubt)
    to_send = {"message_id": "m-1", "phone": HERO.phone, "text": OFFER}
    evidence.records["sms.outbox.v1"].append(record("t", "sms.outbox.v1", to_send))
    found = judged(evidence)
    assert (found.sms_twice, found.in_doubt, found.breaches) == (0, 1, [])


def test_a_message_that_bears_two_sids_and_a_sid_that_the_api_does_not_know_are_breaches(
    evidence: Evidence,
) -> None:
    evidence.records["sms.inbox.v1"].append(accepted("SM9", "m-2", 9))
    assert len(judged(evidence).breaches) == 2


def test_a_dead_letter_is_a_breach(evidence: Evidence) -> None:
    evidence.records["dead-letter.v1"].append(record("dead-letter.v1", "x", {}))
    assert "a dead letter" in judged(evidence).breaches[0]


def hurt(kind: Kind, act: Act, began: int, ended_: int, ready: int) -> Hurt:
    fault = Fault(kind, act, 0, "any", 0, 0, together=False)
    return Hurt(fault, "worker-0", NOW + began * SECOND, NOW + ended_ * SECOND, NOW + ready * SECOND)


def waited(
    evidence: Evidence, *hurts: Hurt, since: int = 0, until: int = 12
) -> tuple[list[str], float, list[str]]:
    evidence.records["case.inbox.v1"].append(record("case.inbox.v1", "x", {}, since))
    evidence.records["jardem-people-changelog"].append(record("jardem-people-changelog", "x", {}, until))
    evidence.records["sms.inbox.v1"].clear()
    found, unmatched = waits(evidence, hurts)
    assert unmatched == 0
    (row,) = rows(found, hurts)
    return [row.during], row.excess, stood_too_long(found)


def test_a_case_that_stands_for_more_than_ten_seconds_in_a_rebalance_is_told(evidence: Evidence) -> None:
    during, excess, told = waited(evidence, hurt(Kind.WORKER, Act.STOP, 1, 2, 11))
    assert (during, excess) == (["clean stop of worker"], 12)
    assert len(told) == 1


def test_the_time_of_a_freeze_is_the_freezes(evidence: Evidence) -> None:
    during, excess, told = waited(evidence, hurt(Kind.WORKER, Act.FREEZE, 1, 11, 11))
    assert (during, excess, told) == (["freeze of worker"], 2, [])


def test_without_a_fault_nothing_excuses(evidence: Evidence) -> None:
    during, excess, _ = waited(evidence, hurt(Kind.WORKER, Act.FREEZE, 20, 21, 22))
    assert (during, excess) == (["nothing"], 12)


def test_what_was_handed_to_the_carrier_is_on_its_way_until_it_is_known_what_became_of_it(
    evidence: Evidence,
) -> None:
    """A run is not over, and not judged, before."""
    assert evidence.on_their_way() == set()
    for n, message_id in enumerate(("m-1", "m-2", "m-3")):
        data = {"message_id": message_id, "phone": HERO.phone, "text": OFFER}
        evidence.records["sms.outbox.v1"].append(record("t", "sms.outbox.v1", data, n))
    deferred = record("sms.inbox.v1", "message.deferred", {"message_id": "m-3"}, 3)
    evidence.records["sms.inbox.v1"].append(deferred)
    assert evidence.on_their_way() == {"m-3"}

    evidence.records["sms.inbox.v1"].append(accepted("SM3", "m-3", 4))
    assert evidence.on_their_way() == set()
