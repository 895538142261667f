"""Acts: what will happen is said first, then it is done once, and nobody is named."""

import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from ops.bench.histories import NOW, History
from ops.bench.people import somebody
from ops.console.guard import FORM_ID
from ops.console.pages.dead_letters import letters_of
from ops.console.pages.forms import BadFieldError, nameless
from ops.dead_letters.letter import DeadLetter, Place, letter_from
from ops.read_model.views import CaseFilter, CaseRow
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.operators import OperatorActed
from streams.dead_letters import (
    DEAD_LETTERS,
    OFFSET,
    PARTITION,
    REASON,
    REDRIVEN_LETTERS,
    TIMESTAMP,
    TOPIC,
)
from streams.records import Outgoing, Record
from streams.signing import load_signer
from tests.browser.console import fill, pseudonyms
from tests.unit.console_pages.conftest import Told
from tests.unit.console_pages.html import read
from tests.unit.console_pages.test_pages import a_draft

pytestmark = pytest.mark.asyncio(loop_scope="module")

REASON_GIVEN = "asked by the branch in Atyrau"
ON_A_CASE = {
    "hold": "No offer goes out",
    "resume": "goes on from where it stands",
    "manual_route": "may apply on the ordinary route",
    "note": "nothing else changes",
}
ON_OFFERS: list[tuple[dict[str, str], str, str, dict[str, object]]] = [
    ({"act": "pause"}, "all", "on any ground", {}),
    ({"act": "resume"}, "all", "are offered now", {}),
    ({"act": "pause", "ground": "4-2"}, "4-2", "on ground 4-2", {}),
    ({"act": "resume", "ground": "8-1"}, "8-1", "ground 8-1 go out again", {}),
    ({"act": "pilot", "share": "12.5 %"}, "all", "12.5 % of persons", {"share": 12.5}),
    ({"act": "end_pilot"}, "all", "Everybody is offered again", {}),
    ({"act": "shadow"}, "all", "no offer leaves", {}),
    ({"act": "end_shadow"}, "all", "Offers leave again", {}),
    ({"act": "daily_sms", "number": "500"}, "all", "At most 500 offers", {"number": 500}),
    ({"act": "daily_sms", "number": ""}, "all", "no daily limit any more", {"number": None}),
]


async def a_row(told: Told) -> CaseRow:
    console = told.running.console
    found = await console.queries.cases(CaseFilter(state="offer_sent"), at=console.clock.now())
    return found.rows[0]


def confirming(answer: httpx.Response) -> dict[str, str]:
    """The fields of the confirming form."""
    assert answer.status_code == 200, answer.text
    hidden = read(answer.text).all("input")
    fields = {
        node.attributes["name"]: node.attributes["value"] for node in hidden if "value" in node.attributes
    }
    assert fields["confirmed"] == "1"
    return {name: value for name, value in fields.items() if name not in ("csrf", "back")}


def events(told: Told, before: int, topic: str) -> list[tuple[Outgoing, dict[str, object]]]:
    sent = [one for one in told.running.broker.sent[before:] if one.topic == topic]
    return [(one, json.loads(one.value or b"")) for one in sent]


def ids(sent: list[tuple[Outgoing, dict[str, object]]]) -> set[bytes]:
    return {dict(one.headers)["ce_id"] for one, _ in sent}


@pytest.mark.parametrize("act", list(ON_A_CASE))
async def test_an_act_on_a_case_says_what_it_will_do_and_is_done_once(told: Told, act: str) -> None:
    row = await a_row(told)
    path, before = f"/cases/{row.case_id}/acts", len(told.running.broker.sent)
    asked = await told.post("operator", path, act=act, reason=REASON_GIVEN)
    assert ON_A_CASE[act] in read(asked.text).text
    assert REASON_GIVEN in asked.text
    assert read(asked.text).faults() == []
    assert told.sent_since(before) == []
    fields = confirming(asked)
    for done in [await told.post("operator", path, **fields) for _ in range(2)]:
        assert (done.status_code, done.headers["location"]) == (303, f"/cases/{row.case_id}?done={act}")
    sent = events(told, before, OperatorActed.name)
    assert len(ids(sent)) == 1
    _, event = sent[0]
    assert event["object"] == {"kind": "case", "id": row.case_id}
    assert (event["act"], event["person_id"], event["reason"]) == (act, row.person_id, REASON_GIVEN)
    assert event["operator"] == "operator"
    page = await (await told.as_("operator")).get(f"/cases/{row.case_id}?done={act}")
    assert 'role="status"><p>' in page.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"act": "hold", "reason": " "}, "Say why"),
        ({"act": "hold", "reason": "x" * 1001}, "longer than 1000"),
        ({"act": "launch", "reason": "why not"}, "no such act"),
        ({"reason": "why not"}, "no such act"),
        ({"act": "note", "reason": f"{somebody(1).iin} called"}, "seems to name an IIN"),
        ({"act": "note", "reason": "called from +7 701 555 01 01"}, "seems to name an IIN"),
        ({"act": "note", "reason": "to KZ86 125K ZT50 0410 0100"}, "seems to name an IIN"),
    ],
)
async def test_a_form_that_is_wrong_does_nothing_and_keeps_what_was_typed(
    told: Told, given: dict[str, str], said: str
) -> None:
    row = await a_row(told)
    before = len(told.running.broker.sent)
    for confirmed in ({}, {"confirmed": "1", FORM_ID: "f"}):
        answer = await told.post("operator", f"/cases/{row.case_id}/acts", **given, **confirmed)
        assert answer.status_code == 422
        assert said in read(answer.text).text
        assert 'role="alert"' in answer.text
    assert events(told, before, OperatorActed.name) == []


async def test_ids_and_days_in_a_reason_name_nobody() -> None:
    said = "see case 0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11 of 2021-07-22, award 2021-17"
    assert nameless(said) == said
    with pytest.raises(BadFieldError):
        nameless("8 701 555 01 01")


@pytest.mark.parametrize("role", ["viewer", "caseworker", "officer"])
async def test_only_operators_act_on_cases_and_the_service(told: Told, role: str) -> None:
    row = await a_row(told)
    before = len(told.running.broker.sent)
    for path in (f"/cases/{row.case_id}/acts", "/service/acts", "/dead-letters/0/0/acts", "/doubts/x/acts"):
        answer = await told.post(role, path, act="hold", reason="why", confirmed="1")
        assert answer.status_code == 403
    assert told.sent_since(before) == []


@pytest.mark.parametrize(("fields", "object_id", "said", "details"), ON_OFFERS)
async def test_an_act_on_the_service_says_what_it_will_do_and_is_done(
    told: Told, fields: dict[str, str], object_id: str, said: str, details: dict[str, object]
) -> None:
    before = len(told.running.broker.sent)
    asked = await told.post("operator", "/service/acts", **fields, reason=REASON_GIVEN)
    assert said in read(asked.text).text
    done = await told.post("operator", "/service/acts", **confirming(asked))
    assert done.headers["location"] == f"/service?done={fields['act']}"
    [(_, event)] = events(told, before, OperatorActed.name)
    assert event["object"] == {"kind": "offers" if object_id == "all" else "ground", "id": object_id}
    assert (event["act"], event["details"]) == (fields["act"], details)


async def test_iins_of_a_pilot_become_pseudonyms_before_anything_is_shown_again(told: Told) -> None:
    people = [somebody(number) for number in (3, 4, 5)]
    before = len(told.running.broker.sent)
    iins = "\r\n".join(one.iin for one in people)
    asked = await told.post("operator", "/service/acts", act="pilot", iins=iins, reason=REASON_GIVEN)
    assert "3 persons of the list" in read(asked.text).text
    assert not any(one.iin in asked.text for one in people)
    await told.post("operator", "/service/acts", **confirming(asked))
    [(_, event)] = events(told, before, OperatorActed.name)
    wanted = sorted(told.running.console.queries.person_id_of(one.iin) for one in people)
    assert event["details"] == {"persons": wanted}
    wrong = await told.post("operator", "/service/acts", act="pilot", iins="85010130001", reason="why")
    assert wrong.status_code == 422
    assert "85010130001" not in wrong.text
    assert "Number 1 in the list" in read(wrong.text).text


async def test_a_message_in_doubt_is_said_to_have_left_or_not(told: Told) -> None:
    console = told.running.console
    history = History(
        777, told.log, pseudonyms(console.settings), load_signer(None, ""), NOW - timedelta(days=3)
    )
    await fill(console.store, history.plays("doubt"))
    doubt = (await console.queries.doubts()).rows[0]
    path, before = f"/doubts/{doubt.message_id}/acts", len(told.running.broker.sent)
    for sent_at, said in (
        ("", "no instant"),
        ("yesterday", "no instant"),
        ("2099-01-01T10:00:00", "to come"),
    ):
        wrong = await told.post("operator", path, act="sent", sent_at=sent_at, reason="why")
        assert wrong.status_code == 422
        assert said in read(wrong.text).text
    asked = await told.post("operator", path, act="sent", sent_at="2026-11-20T10:00:05", reason="its log")
    assert "20 Nov 2026, 10:00:05 (20 Nov 2026, 05:00:05 UTC)" in read(asked.text).text
    await told.post("operator", path, **confirming(asked))
    not_sent = await told.post("operator", path, act="not_sent", reason="its log")
    await told.post("operator", path, **confirming(not_sent))
    (_, sent), (_, other) = events(told, before, OperatorActed.name)
    assert sent["details"] == {"sent_at": "2026-11-20T05:00:05Z"}
    assert (sent["phone_id"], sent["act"], other["act"]) == (doubt.phone_id, "sent", "not_sent")
    gone = await told.post("operator", "/doubts/nothing/acts", act="not_sent", reason="why")
    assert gone.status_code == 404


class LettersAtHand:
    """The dead letters as they stand in the log."""

    async def letter(self, place: Place) -> DeadLetter:
        return letter_from(letter(place.offset))


def letter(offset: int, reason: str = "no JSON", *more: tuple[str, bytes]) -> Record:
    headers = (
        (REASON, reason.encode()),
        (TOPIC, b"registry.title-awarded.v1"),
        (PARTITION, b"0"),
        (OFFSET, b"%d" % offset),
        (TIMESTAMP, b"1795665600000"),
        *more,
    )
    at = datetime.fromtimestamp(1795665600, UTC)
    return Record(DEAD_LETTERS, 0, offset, at, b"key", b'{"iin": "850101300015"', headers)


@pytest.mark.parametrize("act", ["redrive", "discard"])
async def test_a_dead_letter_is_put_in_again_before_it_is_told_or_discarded(told: Told, act: str) -> None:
    await fill(told.running.console.store, [letter(1)])
    told.running.app.dependency_overrides[letters_of] = LettersAtHand
    page = await (await told.as_("operator")).get("/dead-letters/0/1")
    assert page.status_code == 200
    assert "850101300015" not in page.text
    path, before = "/dead-letters/0/1/acts", len(told.running.broker.sent)
    asked = await told.post("operator", path, act=act, reason="the registry has mended it")
    done = await told.post("operator", path, **confirming(asked))
    assert done.headers["location"] == f"/dead-letters/0/1?done={act}"
    topics = told.sent_since(before)
    assert [topic for topic in topics if topic != "audit.console.v1"] == [
        *([REDRIVEN_LETTERS] if act == "redrive" else []),
        OperatorActed.name,
    ]
    assert topics[0] == "audit.console.v1"
    [(_, event)] = events(told, before, OperatorActed.name)
    assert event["object"] == {"kind": "dead_letter", "id": "dead-letter.v1/0/1"}


async def test_an_officer_signs_a_grant(told: Told) -> None:
    decision_id = await a_draft(told)
    before = len(told.running.broker.sent)
    path = f"/decisions/{decision_id}/sign"
    asked = await told.post("officer", path, outcome="granted", refusal_ground="")
    assert "The benefit is granted" in read(asked.text).text
    await told.post("officer", path, **confirming(asked))
    [(_, event)] = events(told, before, DecisionSigned.name)
    assert (event["decision_id"], event["outcome"], event["officer"]) == (decision_id, "granted", "officer")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Choose to grant or to refuse"),
        ({"outcome": "granted", "refusal_ground": "4"}, "only a refusal has a ground"),
        ({"outcome": "refused"}, "ground of the refusal"),
        ({"outcome": "refused", "refusal_ground": "1"}, "only after the person was heard"),
    ],
)
async def test_what_cannot_be_signed_is_said(told: Told, given: dict[str, str], said: str) -> None:
    before = len(told.running.broker.sent)
    path = f"/decisions/{await a_draft(told)}/sign"
    for confirmed in ({}, {"confirmed": "1", FORM_ID: "f"}):
        answer = await told.post("officer", path, **given, **confirmed)
        assert answer.status_code == 422
        assert said in read(answer.text).text
    assert events(told, before, DecisionSigned.name) == []


async def test_an_officer_intends_a_refusal_records_a_hearing_and_extends_a_term(told: Told) -> None:
    before = len(told.running.broker.sent)
    path = f"/decisions/{await a_draft(told)}"
    intended = await told.post("officer", f"{path}/intend", refusal_ground="3", reason="no residence")
    assert "ground 3 is intended" in read(intended.text).text
    await told.post("officer", f"{path}/intend", **confirming(intended))
    extended = await told.post("officer", f"{path}/extend", until="2026-12-30", reason="verified anew")
    assert "30 December 2026" in read(extended.text).text
    await told.post("officer", f"{path}/extend", **confirming(extended))
    past = await told.post("officer", f"{path}/extend", until="2026-11-25", reason="why")
    assert past.status_code == 422
    waiting = f"/decisions/{await a_draft(told, 'awaiting_hearing')}"
    ahead = await told.post("officer", f"{waiting}/hearing", held_on="2026-11-27")
    assert "still to come" in read(ahead.text).text
    heard = await told.post("officer", f"{waiting}/hearing", held_on="2026-11-26", objection="1")
    if heard.status_code == 200:
        await told.post("officer", f"{waiting}/hearing", **confirming(heard))
        [(_, hearing)] = events(told, before, HearingRecorded.name)
        assert (hearing["held_on"], hearing["objection"]) == ("2026-11-26", True)
    else:
        assert "may be held from" in read(heard.text).text
    [(_, act)] = events(told, before, OperatorActed.name)
    assert (act["act"], act["details"]) == ("intend_refusal", {"refusal_ground": 3})
    [(_, term)] = events(told, before, TermExtended.name)
    assert term["until"] == "2026-12-30"


async def test_what_was_confirmed_elsewhere_is_another_act(told: Told) -> None:
    row = await a_row(told)
    path, before = f"/cases/{row.case_id}/acts", len(told.running.broker.sent)
    for _ in range(2):
        fields = confirming(await told.post("operator", path, act="note", reason=REASON_GIVEN))
        assert re.fullmatch(r"[0-9a-f-]{36}", fields[FORM_ID])
        await told.post("operator", path, **fields)
    assert len(ids(events(told, before, OperatorActed.name))) == 2
