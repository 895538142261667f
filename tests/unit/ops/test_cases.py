"""What is listed, shown and exported of cases, from records as the topics hold them."""

import json
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from ops.cases import consents, listing, showing
from ops.topic_records import Item, Read
from schemas.canonical import digest, text_digest
from schemas.ids import Pseudonyms
from streams.records import Outgoing
from streams.settings.settings import Settings
from tests.command import run
from tests.documents import CASE, IIN, OFFER, chain
from tests.told import CABINET, LOG, PERSON, accepted, decided, ended, notified, outgoing, record, rests_on

OTHER = "11111111-3c0a-5d6b-9a51-3f6f2f0a9c11"
STRANGER = "900101300017"
Told = Callable[..., None]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Puts events into topics that the commands then read."""
    for name in list(os.environ):
        if name.startswith("JARDEM_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("JARDEM_KAFKA", "127.0.0.1:1")
    topics: dict[str, list[Item]] = {LOG: [], CABINET: []}

    def read(_: Settings, names: Collection[str], take: Callable[[Item], None]) -> Read:
        for name in names:
            for item in topics[name]:
                take(item)
        return Read({}, ())

    for module in (listing, showing, consents):
        monkeypatch.setattr(module, "read_topics", read)

    def tell(*events: Outgoing) -> None:
        for event in events:
            topics[event.topic].append(record(event, len(topics[event.topic])))

    return tell


def log(case_id: str = CASE, steps: int = 6, **last: Any) -> list[Outgoing]:
    """The log of a case, with its last step changed."""
    told = chain(case_id, steps)
    told[-1] |= last
    return [outgoing(LOG, each) for each in told]


def listed(*arguments: str) -> Any:
    code, said = run("case", "list", "--json", *arguments)
    assert code == 0, said
    return json.loads(said)


def test_cases_are_listed_by_when_they_moved_last_with_their_outcome(told: Told) -> None:
    told(*log(steps=2, to="ended", note="no_reply", at="2021-07-26T18:00:00Z"))
    told(*log(OTHER), *log(OTHER)[:2])
    code, said = run("case", "list")
    assert (code, said.splitlines()) == (
        0,
        [
            f"{CASE}  2021-07-26 18:00:00 UTC  ground 4-2  step 2    ended: no_reply",
            f"{OTHER}  2021-07-22 04:00:06 UTC  ground 4-2  step 6    granted",
        ],
    )
    assert [(one["case_id"], one["state"], one["reason"]) for one in listed()["cases"]] == [
        (CASE, "ended", "no_reply"),
        (OTHER, "granted", None),
    ]
    assert [one["case_id"] for one in listed("--state", "granted")["cases"]] == [OTHER]
    assert listed("--limit", "1") | {"cases": []} == {"cases": [], "more": 1}
    assert run("case", "list", "--limit", "1")[1].endswith("and 1 more: --limit\n")


def test_an_ending_keeps_its_reason_whatever_comes_behind_it(told: Told) -> None:
    told(*log(steps=2, to="ended", note="no_reply"))
    behind = chain()[2] | {"from": "ended", "to": "ended", "note": "answered_late"}
    told(outgoing(LOG, behind))
    assert listed()["cases"][0] | {"at": ""} == {
        "case_id": CASE,
        "ground": "4-2",
        "state": "ended",
        "reason": "no_reply",
        "step": 3,
        "at": "",
    }
    told(outgoing(LOG, chain()[3] | {"from": "ended", "to": "received", "note": "restored"}))
    assert listed()["cases"][0]["reason"] is None


def test_a_state_that_no_case_is_in_is_answered_with_those_there_are(told: Told) -> None:
    assert run("case", "list") == (0, "there are no cases\n")
    told(*log())
    assert run("case", "list", "--state", "grnted") == (0, "no case is in that state; there are: granted 1\n")


def test_a_record_that_is_no_step_is_told_and_stops_nothing(told: Told) -> None:
    told(outgoing(LOG, {"case_id": CASE}), *log())
    code, said = run("case", "list")
    assert code == 0
    assert f"{LOG}[0]@0 is no step of a case: it has no case_id or step" in said
    assert "granted" in said


def test_a_case_is_shown_step_by_step_in_utc_and_at_home(told: Told) -> None:
    told(*log(OTHER), *log(note="reminded", language="kk", until="2021-07-26T18:00:00Z"), *log(steps=2)[:1])
    code, said = run("case", "show", CASE.upper())
    assert code == 0
    lines = said.splitlines()
    assert lines[0] == f"case {CASE}, ground 4-2: granted"
    assert lines[1:3] == [
        "step 1, 2021-07-22 04:00:01 UTC (2021-07-22 10:00:01 Asia/Almaty): new -> received",
        f"    by deadline.elapsed {CASE}/1; rule R1, R7",
    ]
    assert lines[-1].endswith(
        "; note reminded; language kk; until 2021-07-26 18:00:00 UTC (2021-07-27 00:00:00 Asia/Almaty)"
    )
    assert len(lines) == 13
    assert "(2021-07-22 09:00:01 Asia/Aqtau)" in run("case", "show", CASE, ZONE="Asia/Aqtau")[1]
    shown = json.loads(run("case", "show", CASE, "--json")[1])
    assert [one["step"] for one in shown["steps"]] == [1, 2, 3, 4, 5, 6]
    assert shown["steps"][0]["at_local"] == "2021-07-22T10:00:01+06:00"
    assert (shown["state"], shown["faults"], "evidence" in shown) == ("granted", [], False)


def test_faults_of_its_log_are_said(told: Told) -> None:
    altered = chain()
    altered[2]["note"] = "x"
    told(*[outgoing(LOG, each) for each in altered])
    code, said = run("case", "show", CASE)
    assert (code, said.splitlines()[-1]) == (0, f"{CASE} step 3: altered")


def test_with_evidence_every_text_has_its_digest_and_the_document_is_verified(told: Told) -> None:
    told(*log(), notified(accepted(5, rests_on())))
    rests = rests_on()
    rests["answers"][1] |= {"text": f"мен {IIN}", "sha256": text_digest(f"мен {IIN}")}
    claims = decided(6, rests).with_(step_sha256=digest(chain()[5]))
    told(notified(claims), notified(claims))
    code, said = run("case", "show", CASE, "--evidence")
    assert code == 0
    assert said.count("document ") == 2
    for part in (
        "document accepted of step 5: verifies",
        "document decided of step 6: verifies",
        f"question offer, 2021-07-22 04:00:05 UTC (2021-07-22 10:00:05 Asia/Almaty): {OFFER}",
        f"    SHA-256 {text_digest(OFFER)}",
        "answer account_confirmed, ",
        "consent_to_data, 2021-07-23 05:00:00 UTC (2021-07-23 11:00:00 Asia/Almaty), by the answer SM02",
        "sent from +77001234567 through twilio",
    ):
        assert part in said
    assert "мен *0015" in said
    assert IIN not in said
    assert IIN not in run("case", "show", CASE, "--evidence", "--json")[1]
    # The first document names another digest of its step than the log has.
    assert f"{CASE} step 5: altered" in said


def test_a_document_that_does_not_verify_is_said_and_shows_nothing(told: Told) -> None:
    forged = notified(accepted(3, rests_on()))
    data = json.loads(forged.value or b"")
    told(*log(), outgoing(CABINET, data | {"document": data["document"][:-4] + "AAAA"}))
    wrong = rests_on()
    wrong["answers"][0]["text"] = "2"
    told(notified(accepted(4, wrong)), outgoing(CABINET, {"case_id": CASE}))
    code, said = run("case", "show", CASE, "--evidence")
    assert code == 0
    for place, why in (
        (0, "the signature is not over these bytes"),
        (1, "the digest sha256 is not that of its text"),
    ):
        assert f"the document at {CABINET}[0]@{place} does not verify and is left out: {why}" in said
    assert said.endswith("no document that verifies holds evidence\n")
    found = json.loads(run("case", "show", CASE, "--evidence", "--json")[1])
    assert (found["documents"], found["evidence"], len(found["left_out"])) == ([], None, 3)
    code, said = run("case", "consent", CASE)
    assert (code, "no document that verifies holds a consent" in said) == (1, True)


def exported(*arguments: str, given: str = "") -> list[dict[str, Any]]:
    code, said = run("case", "consent", *arguments, given=given.encode())
    assert code == 0, said
    cases: list[dict[str, Any]] = json.loads(said)["cases"]
    return cases


def test_a_consent_is_exported_with_what_proves_it(told: Told) -> None:
    told(notified(accepted(5, rests_on(answers=[]))), notified(decided(6, rests_on())))
    (case,) = exported(CASE)
    rests = rests_on()
    assert case == {
        "case_id": CASE,
        "ground": "4-2",
        "iin_tail": "0015",
        "consent_to_service": rests["consent_to_service"],
        "consent_to_data": rests["consent_to_data"],
        "questions": rests["questions"],
        "answers": rests["answers"],
        "number": rests["number"],
        "sender": rests["sender"],
        "withdrawn_at": None,
        "former": [],
    }


def test_a_withdrawal_ends_the_consent_before_it_and_no_other(told: Told) -> None:
    later = rests_on("SM09", "2021-07-25T05:00:00Z")
    told(
        notified(accepted(5, rests_on())),
        notified(ended(6, "withdrawn", rests_on(), "2021-07-24T05:00:00Z")),
        notified(accepted(9, later)),
    )
    (case,) = exported(CASE)
    assert (case["consent_to_service"]["message_id"], case["withdrawn_at"]) == ("SM09", None)
    (former,) = case["former"]
    assert (former["consent_to_service"]["message_id"], former["withdrawn_at"]) == (
        "SM02",
        "2021-07-24T05:00:00Z",
    )
    told(notified(ended(11, "withdrawn", None, "2021-07-26T05:00:00Z")))
    (case,) = exported(CASE)
    assert case["withdrawn_at"] == "2021-07-26T05:00:00Z"
    assert case["former"] == [former]


@pytest.mark.parametrize("reason", ["deceased", "revoked", "no_reply"])
def test_another_ending_is_no_withdrawal(reason: str, told: Told) -> None:
    told(notified(accepted(5, rests_on())), notified(ended(6, reason, None, "2021-07-24T05:00:00Z")))
    assert exported(CASE)[0]["withdrawn_at"] is None


def test_a_persons_consents_are_found_by_an_iin_on_standard_input(told: Told, tmp_path: Path) -> None:
    told(notified(accepted(5, rests_on())), notified(accepted(2, rests_on("SM77"), OTHER)))
    elsewhere = Pseudonyms(b"a key of somebody else's, long enough to be one").person(IIN)
    told(outgoing(CABINET, json.loads(notified(decided(8, rests_on("SM99"))).value or b""), elsewhere))
    told(notified(accepted(9, rests_on("SM88")).with_(iin=STRANGER)))
    cases = exported("--person", "-", given=f" {IIN}\r\n")
    assert [(case["case_id"], case["former"]) for case in cases] == [(CASE, []), (OTHER, [])]
    file = tmp_path / "consents.json"
    code, said = run("case", "consent", "--person", "-", "--out", str(file), given=IIN.encode())
    assert (code, said) == (0, "")
    assert json.loads(file.read_text())["cases"] == cases
    assert IIN not in file.read_text()
    assert PERSON not in file.read_text()


def test_who_gave_none_is_answered_with_1(told: Told) -> None:
    told(
        notified(accepted(5, rests_on())),
        notified(ended(3, "no_reply", {"questions": []}, "2021-07-24T05:00:00Z")),
    )
    assert run("case", "consent", OTHER)[0] == 1
    assert run("case", "consent", "--person", "-", given=STRANGER.encode())[0] == 1


@pytest.mark.parametrize("given", [b"", b"850101300016", b"85010130001", b"\xff" * 12, IIN.encode() * 2])
def test_what_is_no_iin_on_standard_input_is_not_repeated(given: bytes, told: Told) -> None:
    told(notified(accepted(5, rests_on())))
    code, said = run("case", "consent", "--person", "-", given=given)
    assert code == 2
    assert said.startswith("standard input: ")
    assert not any(sign.isdigit() for sign in said.replace("exactly 12 digits", ""))


def test_a_document_in_the_event_of_another_case_is_left_out(told: Told) -> None:
    data = json.loads(notified(accepted(5, rests_on(), OTHER)).value or b"")
    told(outgoing(CABINET, data | {"case_id": CASE}))
    code, said = run("case", "consent", CASE)
    assert code == 1
    assert "is left out: the event has another case_id than its document" in said
