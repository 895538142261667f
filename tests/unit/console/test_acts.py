import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.console.access import GRANTS, May, NotAllowedError, Role, User
from ops.console.acts import BadActError, intend_refusal, on_case, on_message, on_offers
from ops.console.audit import SOURCE
from ops.console.producer import NotRecordedError
from ops.console.publisher import Act
from ops.console.signing import bytes_to_sign, extended, heard, signed
from schemas.cloudevents import decode
from schemas.emaket import DecisionSigned
from schemas.ids import Pseudonyms
from schemas.operators import OperatorActed
from streams.officer_signatures import OfficerKeys, OfficerSignatures, load_officers
from tests.officers import OFFICER, SIGNED_AT, jwk, jws
from tests.unit.console.running import Running

PERSON = "9f2c" * 16
CASE = "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11"
DECISION = f"{PERSON}.{CASE}"
NOW = datetime(2021, 7, 30, 6, tzinfo=UTC)
IIN = "850101300015"

OPERATOR = User("dana", frozenset({Role.OPERATOR}))
ASEL = User(OFFICER, frozenset({Role.OFFICER}))
NO_KEYS = OfficerSignatures()
DRAFT = {"decision_id": DECISION, "outcome": "granted", "iban": "KZ86125KZT5004100100", "step": 4}


def refusal(given: Callable[[], object]) -> str:
    with pytest.raises(BadActError) as caught:
        given()
    return caught.value.key


@pytest.mark.parametrize("act", ["hold", "resume", "manual_route", "note"])
def test_an_act_on_a_case_names_the_person_who_has_to_obey(act: str) -> None:
    event = on_case(OPERATOR, act, case_id=CASE, person_id=PERSON, reason=" lives abroad ").event(OPERATOR)
    assert (event.act, event.object.kind, event.object.id) == (act, "case", CASE)
    assert (event.person_id, event.reason, event.operator) == (PERSON, "lives abroad", "dana")


@pytest.mark.parametrize("reason", ["", "  ", "\n\t"])
def test_no_act_is_without_a_reason(reason: str) -> None:
    assert (
        refusal(lambda: on_case(OPERATOR, "hold", case_id=CASE, person_id=PERSON, reason=reason))
        == "no_reason"
    )
    assert refusal(lambda: on_offers(OPERATOR, "pause", reason=reason)) == "no_reason"


@pytest.mark.parametrize("role", [role for role in Role if May.OPERATE not in GRANTS[role]])
def test_only_an_operator_operates(role: Role) -> None:
    user = User("somebody", frozenset({role}))
    with pytest.raises(NotAllowedError):
        on_case(user, "hold", case_id=CASE, person_id=PERSON, reason="why")
    with pytest.raises(NotAllowedError):
        on_offers(user, "pause", reason="why")
    with pytest.raises(NotAllowedError):
        on_message(user, message_id="m", phone_id=PERSON, reason="why", sent_at=None, now=NOW)


@pytest.mark.parametrize("role", [role for role in Role if May.SIGN not in GRANTS[role]])
def test_only_an_officer_signs(role: Role) -> None:
    user = User("somebody", frozenset({role}))
    with pytest.raises(NotAllowedError):
        signed(
            user,
            NO_KEYS,
            DRAFT,
            decision_id=DECISION,
            outcome="granted",
            ground="",
            signature="",
            signed_at="",
            now=NOW,
        )
    with pytest.raises(NotAllowedError):
        heard(user, decision_id=DECISION, held_on="2021-07-29", objection=False, today="2021-07-30")
    with pytest.raises(NotAllowedError):
        extended(user, decision_id=DECISION, until="2021-08-30", reason="why")
    with pytest.raises(NotAllowedError):
        intend_refusal(user, decision_id=DECISION, case_id=CASE, person_id=PERSON, ground="1", reason="why")
    with pytest.raises(NotAllowedError):
        bytes_to_sign(user, DRAFT, outcome="granted", ground="", signed_at=NOW)


def test_an_unknown_act_is_refused() -> None:
    assert (
        refusal(lambda: on_case(OPERATOR, "erase", case_id=CASE, person_id=PERSON, reason="why")) == "unknown"
    )
    assert refusal(lambda: on_offers(OPERATOR, "hold", reason="why")) == "unknown"


def test_a_case_without_a_person_is_refused_in_words() -> None:
    assert (
        refusal(lambda: on_case(OPERATOR, "hold", case_id=CASE, person_id="x", reason="why")) == "unreadable"
    )


@pytest.mark.parametrize(
    ("act", "given", "kind", "id_", "details"),
    [
        ("pause", {}, "offers", "all", {}),
        ("pause", {"ground": "4-2"}, "ground", "4-2", {}),
        ("resume", {"ground": "8-1"}, "ground", "8-1", {}),
        ("shadow", {"ground": "4-2"}, "offers", "all", {}),
        ("end_pilot", {"share": "5"}, "offers", "all", {}),
        ("daily_sms", {"number": "0"}, "offers", "all", {"number": 0}),
        ("daily_sms", {"number": " "}, "offers", "all", {"number": None}),
        ("pilot", {"share": "12,5 %".replace(" ", "")}, "offers", "all", {"share": 12.5}),
        ("pilot", {"share": "100"}, "offers", "all", {"share": 100}),
        ("pilot", {"persons": f"{PERSON}\n{PERSON}"}, "offers", "all", {"persons": [PERSON]}),
    ],
)
def test_the_service_is_set_as_the_form_says(
    act: str, given: dict[str, Any], kind: str, id_: str, details: dict[str, Any]
) -> None:
    event = on_offers(OPERATOR, act, reason="a start", **given).event(OPERATOR)
    assert (event.act, event.object.kind, event.object.id, event.details) == (act, kind, id_, details)


@pytest.mark.parametrize(
    ("act", "given", "key"),
    [
        ("pause", {"ground": "99"}, "unknown_ground"),
        ("daily_sms", {"number": "-1"}, "bad_number"),
        ("daily_sms", {"number": "1.5"}, "bad_number"),
        ("daily_sms", {"number": "9" * 5000}, "bad_number"),
        ("pilot", {}, "empty_pilot"),
        ("pilot", {"share": "101"}, "bad_share"),
        ("pilot", {"share": "nan"}, "bad_share"),
        ("pilot", {"share": "-1"}, "bad_share"),
        ("pilot", {"share": "half"}, "bad_share"),
        ("pilot", {"persons": "850101300016"}, "bad_person"),
        ("pilot", {"persons": "x " * 10_001}, "many_persons"),
    ],
)
def test_a_setting_that_can_not_be_meant_is_refused(act: str, given: dict[str, Any], key: str) -> None:
    assert refusal(lambda: on_offers(OPERATOR, act, reason="a start", **given)) == key


def test_a_list_of_iins_becomes_one_of_pseudonyms() -> None:
    pseudonyms = Pseudonyms(b"key")
    act = on_offers(OPERATOR, "pilot", reason="why", persons=f"{IIN}, {PERSON}", pseudonym=pseudonyms.person)
    assert act.details["persons"] == sorted([PERSON, pseudonyms.person(IIN)])
    assert IIN not in act.event(OPERATOR).model_dump_json()


def test_a_complaint_about_a_list_says_where_and_not_what() -> None:
    with pytest.raises(BadActError) as caught:
        on_offers(OPERATOR, "pilot", reason="why", persons=f"{PERSON} 850101300016")
    assert caught.value.values == {"place": 2}


def test_a_message_left_at_a_time_that_is_past_or_not_at_all() -> None:
    said: dict[str, Any] = {
        "message_id": "m-1",
        "phone_id": PERSON,
        "reason": "the carrier says so",
        "now": NOW,
    }
    left = on_message(OPERATOR, sent_at="2021-07-30T10:00:00+06:00", **said).event(OPERATOR)
    assert (left.act, left.details, left.phone_id) == ("sent", {"sent_at": "2021-07-30T04:00:00Z"}, PERSON)
    assert on_message(OPERATOR, sent_at=None, **said).event(OPERATOR).act == "not_sent"
    assert refusal(lambda: on_message(OPERATOR, sent_at="yesterday", **said)) == "bad_time"
    assert refusal(lambda: on_message(OPERATOR, sent_at="2021-07-30T12:00:01+06:00", **said)) == "time_ahead"


def test_a_refusal_is_intended_by_one_of_four_grounds() -> None:
    said = {"decision_id": DECISION, "case_id": CASE, "person_id": PERSON, "reason": "why"}
    event = intend_refusal(ASEL, ground="3", **said).event(ASEL)
    assert (event.object.kind, event.object.id, event.details) == (
        "decision",
        DECISION,
        {"refusal_ground": 3},
    )
    assert refusal(lambda: intend_refusal(ASEL, ground="5", **said)) == "no_ground"


def decided(officers: OfficerSignatures = NO_KEYS, **changes: Any) -> DecisionSigned:
    given = {
        "outcome": "granted",
        "ground": "",
        "signature": "",
        "signed_at": SIGNED_AT.isoformat(),
        "now": NOW,
    }
    return signed(ASEL, officers, DRAFT, decision_id=DECISION, **{**given, **changes})


def test_without_keys_the_sign_in_is_the_signature() -> None:
    event = decided()
    assert (event.outcome, event.officer, event.signed_at, event.signature) == ("granted", OFFICER, NOW, None)
    assert decided(outcome="refused", ground="2").refusal_ground == 2


@pytest.mark.parametrize(
    ("outcome", "ground", "key"),
    [("refused", "", "no_ground"), ("granted", "2", "no_outcome"), ("", "", "no_outcome")],
)
def test_a_refusal_and_nothing_else_has_a_ground(outcome: str, ground: str, key: str) -> None:
    assert refusal(lambda: decided(outcome=outcome, ground=ground)) == key


def test_with_keys_the_signature_is_over_the_bytes_that_were_offered() -> None:
    keys = OfficerSignatures(OfficerKeys.model_validate({"keys": [jwk("ES256")]}))
    offered = bytes_to_sign(ASEL, DRAFT, outcome="granted", ground="", signed_at=SIGNED_AT)
    assert json.loads(offered)["decided_at"] == "2021-07-30T04:05:06Z"
    good = jws("ES256", offered, detached=True)
    event = decided(keys, signature=f" {good[:40]}\n{good[40:]} ")
    assert (event.signature, event.signed_at) == (good, SIGNED_AT)
    assert refusal(lambda: decided(keys)) == "bad_signature"
    assert refusal(lambda: decided(keys, signature=jws("ES256", b"{}"))) == "bad_signature"
    assert refusal(lambda: decided(keys, signature=good, outcome="refused", ground="1")) == "bad_signature"
    late = (SIGNED_AT + timedelta(seconds=1)).isoformat()
    assert refusal(lambda: decided(keys, signature=good, signed_at=late)) == "bad_signature"
    assert refusal(lambda: decided(keys, signature=good, now=SIGNED_AT - timedelta(hours=1))) == "time_ahead"
    assert not load_officers(None, None)


def test_a_hearing_was_held_on_a_day_that_has_come_and_a_term_ends_on_a_day() -> None:
    said: dict[str, Any] = {"decision_id": DECISION, "objection": True, "today": "2021-07-30"}
    assert heard(ASEL, held_on="2021-07-30", **said).objection
    assert refusal(lambda: heard(ASEL, held_on="2021-07-31", **said)) == "time_ahead"
    assert refusal(lambda: heard(ASEL, held_on="30.07.2021", **said)) == "bad_day"
    assert extended(ASEL, decision_id=DECISION, until="2021-08-30", reason="why").officer == OFFICER
    assert refusal(lambda: extended(ASEL, decision_id=DECISION, until="soon", reason="why")) == "bad_day"
    assert refusal(lambda: extended(ASEL, decision_id=DECISION, until="2021-08-30", reason="")) == "no_reason"


HOLD = Act("hold", "case", CASE, "checking", person_id=PERSON, case_id=CASE)


async def test_an_act_is_told_to_the_audit_and_then_to_who_obeys(running: Running) -> None:
    act_id = await running.console.publisher.act(OPERATOR, HOLD, form_id="form-1")
    audit, act = running.broker.sent
    assert [audit.topic, act.topic] == ["audit.console.v1", "operator.acted.v1"]
    assert [audit.key, act.key] == [PERSON.encode()] * 2
    envelope = decode(act.value, act.headers, timestamp=None)
    assert (envelope.id, envelope.source) == (act_id, SOURCE)
    assert OperatorActed.model_validate_json(envelope.data).act == "hold"
    look = running.broker.looks[0]
    assert (look.who, look.role, look.what, look.act_id) == ("dana", "operator", "acted", act_id)
    assert (look.person_id, look.case_id) == (PERSON, CASE)


async def test_an_act_about_nobody_has_the_key_of_its_object(running: Running) -> None:
    await running.console.publisher.act(OPERATOR, Act("pause", "offers", "all", "why"), form_id="form-1")
    audit, act = running.broker.sent
    assert (audit.key, act.key) == (None, b"all")


async def test_a_double_click_is_one_act_and_a_changed_form_another(running: Running) -> None:
    publisher = running.console.publisher
    first = await publisher.act(OPERATOR, HOLD, form_id="form-1")
    assert await publisher.act(OPERATOR, HOLD, form_id="form-1") == first
    ids = [decode(one.value, one.headers, timestamp=None).id for one in running.broker.sent]
    assert ids[:2] == ids[2:]
    changed = Act("hold", "case", CASE, "another reason", person_id=PERSON, case_id=CASE)
    others = {
        await publisher.act(OPERATOR, changed, form_id="form-1"),
        await publisher.act(OPERATOR, HOLD, form_id="form-2"),
        await publisher.act(User("erlan", OPERATOR.roles), HOLD, form_id="form-1"),
    }
    assert len(others | {first}) == 4


async def test_a_decision_signed_twice_on_one_form_is_one_though_the_clock_goes_on(running: Running) -> None:
    publisher = running.console.publisher
    first = await publisher.say(ASEL, decided(), form_id="form-1", case_id=CASE)
    later = decided(now=NOW + timedelta(seconds=3))
    assert await publisher.say(ASEL, later, form_id="form-1", case_id=CASE) == first
    assert running.broker.sent[1].topic == "emaket.decision-signed.v1"
    assert running.broker.sent[1].key == PERSON.encode()


async def test_while_the_broker_is_away_nothing_is_done_or_shown(running: Running) -> None:
    running.broker.away = True
    with pytest.raises(NotRecordedError):
        await running.console.publisher.act(OPERATOR, HOLD, form_id="form-1")
    with pytest.raises(NotRecordedError):
        await running.console.audit.looked(OPERATOR, person_id=PERSON)
    assert running.broker.sent == []


async def test_the_audit_tells_the_role_that_allowed_it_and_takes_no_other(running: Running) -> None:
    both = User("asel", frozenset({Role.OFFICER, Role.VIEWER}))
    await running.console.audit.looked(both, person_id=PERSON, case_id=CASE)
    await running.console.audit.unmasked(both, person_id=PERSON)
    await running.console.audit.searched(both)
    await running.console.audit.exported(both)
    assert [(one.what, one.role) for one in running.broker.looks] == [
        ("looked", "viewer"),
        ("unmasked", "officer"),
        ("searched", "viewer"),
        ("exported", "officer"),
    ]
    with pytest.raises(NotAllowedError):
        await running.console.audit.unmasked(OPERATOR, person_id=PERSON)
