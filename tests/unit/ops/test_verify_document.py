import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ops.keys.folder import new_key
from ops.verify.document import DocumentError, verify
from rules import cabinet
from schemas.cabinet import CabinetNotified, Claims, QrClaims
from schemas.canonical import data_of, digest, text_digest
from streams.officer_signatures import OfficerSignatures, decision_bytes
from streams.signing import load_signer
from tests.command import run
from tests.documents import AT, CASE, IBAN, IIN, appeal, chain, decision, every_kind, evidence, occasion
from tests.officers import OFFICER, jwk, jws

DEMO = load_signer(None, "")
GRANTED = every_kind()[1]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("JARDEM_"):
            monkeypatch.delenv(name)


def put(path: Path, event: CabinetNotified, *, as_event: bool = False) -> str:
    path.write_text(event.model_dump_json() if as_event else event.document + "\n")
    return str(path)


@pytest.mark.parametrize("as_event", [False, True])
@pytest.mark.parametrize("claims", every_kind(), ids=lambda claims: claims.kind)
def test_each_kind_verifies_alone_and_in_its_event(claims: Claims, as_event: bool, tmp_path: Path) -> None:  # noqa: FBT001
    code, said = run("verify", put(tmp_path / "document", DEMO.issue(claims), as_event=as_event))
    assert code == 0, said
    assert said.endswith("verified\n")
    assert f"{claims.kind}: case {CASE}, step 7" in said
    assert "IIN ends with 0015" in said
    assert IIN not in said


def test_it_says_what_was_decided_on_which_evidence_and_by_whom(tmp_path: Path) -> None:
    code, said = run("verify", put(tmp_path / "document", DEMO.issue(GRANTED)))
    assert code == 0
    for part in (
        "decided: granted, application of 2021-07-23",
        "on the record award-17, registry.title-awarded.v1",
        "on the answer consent_kk of 2021-07-23T05:00:00Z: 1",
        "6 digests inside are right",
        "decided without an officer",
        "signed by jardem, development, key ",
    ):
        assert part in said


def test_as_json_it_is_one_object_without_numbers_that_name_somebody(tmp_path: Path) -> None:
    code, said = run("verify", "--json", put(tmp_path / "document", DEMO.issue(GRANTED)))
    found = json.loads(said)
    assert (code, found["verified"], found["problems"], found["iin_tail"]) == (0, True, [], "0015")
    assert found["claims"]["decision"]["iban"] == "*0100"
    assert IIN not in said
    assert IBAN not in said


def test_no_byte_of_an_event_can_be_changed(tmp_path: Path) -> None:
    content = put(tmp_path / "document", DEMO.issue(every_kind()[4]), as_event=True)
    whole = Path(content).read_bytes()
    assert run("verify", "-", given=whole)[0] == 0
    for place in range(len(whole)):
        for bit in (1, 2, 0x20):
            changed = whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :]
            with pytest.raises(DocumentError):
                verify(changed, DEMO.keys, OfficerSignatures(), development=True)


@pytest.mark.parametrize("name", ["case_id", "iin", "kind"])
def test_an_event_says_what_its_document_says(name: str) -> None:
    other = {"case_id": "x", "iin": "900101300017", "kind": "ended"}
    event = data_of(DEMO.issue(GRANTED)) | {name: other[name]}
    code, said = run("verify", "-", given=json.dumps(event).encode())
    assert code == 1
    assert "does not verify" in said


def _with(change: dict[str, Any], where: str, number: int | None = None) -> Claims:
    given = evidence()
    target = given[where] if number is None else given[where][number]
    target |= change
    return cabinet.decided(occasion(), decision(evidence=given), appeal=appeal())


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        (_with({"text": "2"}, "answers", 0), "the digest sha256"),
        (_with({"sha256": "0" * 64}, "questions", 1), "the digest sha256"),
        (_with({"text_sha256": "0" * 64}, "consent_to_data"), "consent_to_data is to another text"),
        (_with({"question_id": "x"}, "consent_to_service"), "consent_to_service is to another text"),
    ],
)
def test_every_digest_inside_is_computed_again(claims: Claims, why: str, tmp_path: Path) -> None:
    code, said = run("verify", put(tmp_path / "document", DEMO.issue(claims)))
    assert code == 1
    assert why in said


def test_a_demo_document_outside_development_is_said_and_does_not_count(tmp_path: Path) -> None:
    file = put(tmp_path / "document", DEMO.issue(GRANTED))
    assert run("keys", "export", str(tmp_path / "keys.json"))[0] == 0
    code, said = run("verify", file, PROFILE="production")
    assert code == 1
    assert "a demo document, signed with a key that everybody knows" in said
    code, said = run("verify", "--json", file, PROFILE="production")
    assert (code, json.loads(said)["verified"]) == (1, False)


def test_keys_are_those_named_those_configured_or_those_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    new_key(folder, datetime(2021, 7, 1, tzinfo=UTC), None)
    file = put(tmp_path / "document", load_signer(folder, "Біз").issue(GRANTED))
    assert run("verify", file) == (1, "does not verify: its kid is not in the key set")
    assert run("verify", file, "--keys", str(folder / "keys.json"))[0] == 0
    assert run("verify", file, SIGNING_KEYS=str(folder))[0] == 0
    (tmp_path / "keys.json").write_text((folder / "keys.json").read_text())
    assert run("verify", file, PROFILE="production")[0] == 0
    (tmp_path / "keys.json").unlink()
    code, said = run("verify", file, PROFILE="production")
    assert (code, said.startswith("no public keys")) == (2, True)
    assert run("verify", file, "--keys", str(tmp_path / "none"))[0] == 2
    assert run("verify", file, "--keys", file)[0] == 2
    assert run("verify", str(tmp_path / "none"))[0] == 2
    assert run("verify")[0] == 2


def test_what_is_no_document_does_not_verify() -> None:
    for content in (b"", b"{}", b"[]", b"a.b.c", b"\xff", b'{"type": "x", "data": {}}'):
        assert run("verify", "-", given=content)[0] == 1


def signed_decision() -> dict[str, Any]:
    decided = decision(officer=OFFICER, decided_at="2021-07-30T04:05:06Z")
    return decided | {"signature": jws("ES256", decision_bytes(decided), detached=True)}


def test_the_officers_signature_is_verified_where_there_are_keys(tmp_path: Path) -> None:
    officers = tmp_path / "officers.json"
    officers.write_text(json.dumps({"keys": [jwk("ES256")]}))
    decided = signed_decision()
    file = put(tmp_path / "document", DEMO.issue(cabinet.decided(occasion(), decided, appeal=None)))
    code, said = run("verify", file, "--officer-keys", str(officers))
    assert (code, f"signed by the officer {OFFICER}, ES256" in said) == (0, True)
    assert "whose signature was not looked at" in run("verify", file)[1]
    for change in (
        {"outcome": "refused"},
        {"officer": "officer-8"},
        {"decided_at": "x"},
        {"signature": "a.b"},
    ):
        claims = cabinet.decided(occasion(), decided | change, appeal=None)
        other = put(tmp_path / "other", DEMO.issue(claims))
        code, said = run("verify", other, "--officer-keys", str(officers))
        assert (code, said.startswith("does not verify: the officer's signature: ")) == (1, True)
    unsigned = cabinet.decided(occasion(), decided | {"signature": None}, appeal=None)
    assert "without a signature" in run("verify", put(tmp_path / "document", DEMO.issue(unsigned)))[1]


def test_a_qr_code_is_verified_with_its_document(tmp_path: Path) -> None:
    event = DEMO.issue(GRANTED)
    named = QrClaims(
        decision_id=str(decision()["decision_id"]),
        outcome="granted",
        document_sha256=text_digest(event.document),
    )
    file, qr = put(tmp_path / "document", event), tmp_path / "qr"
    qr.write_text(DEMO.qr_code(named, AT) or "")
    code, said = run("verify", str(qr))
    assert (code, "was not looked at: --document" in said) == (0, True)
    code, said = run("verify", str(qr), "--document", file)
    assert (code, "decided: granted" in said) == (0, True)
    other = put(tmp_path / "other", DEMO.issue(every_kind()[2]))
    code, said = run("verify", str(qr), "--document", other)
    assert (code, "not the one that the QR code names" in said) == (1, True)
    qr.write_text(DEMO.qr_code(named.with_(outcome="refused"), AT) or "")
    code, said = run("verify", str(qr), "--document", file)
    assert (code, "decides otherwise" in said) == (1, True)


def test_a_log_is_compared_with_documents(tmp_path: Path) -> None:
    log, documents = tmp_path / "log", tmp_path / "documents"
    steps = chain(steps=6)
    log.write_text("".join(json.dumps(step) + "\n" for step in steps))
    assert run("verify", "--log", str(log)) == (0, "1 cases, 6 steps, no faults\n")
    when = cabinet.Occasion(**{**_fields(), "step": 6, "sha256": digest(steps[5])})
    event = DEMO.issue(cabinet.questioned(when, {"reason": "revoked"}))
    documents.write_text(event.model_dump_json() + "\n")
    assert run("verify", "--log", str(log), "--documents", str(documents))[0] == 0
    log.write_text("".join(json.dumps(step) + "\n" for step in steps[:5]))
    code, said = run("verify", "--log", str(log), "--documents", str(documents))
    assert (code, said) == (1, f"{CASE} step 6: missing\n1 cases, 5 steps, 1 faults\n")
    code, said = run("verify", "--log", str(log), "--documents", str(documents), "--json")
    assert json.loads(said)["faults"] == [{"case_id": CASE, "step": 6, "fault": "missing"}]
    assert run("verify", "--log", str(log), "--case", "another") == (0, "0 cases, 0 steps, no faults\n")
    documents.write_text(event.model_dump_json().replace(event.document[-9:], "AAAAAAAAA"))
    assert run("verify", "--log", str(log), "--documents", str(documents))[0] == 1
    assert run("verify", "--log")[0] == 2
    assert run("verify", "--log", str(documents))[0] == 2


def _fields() -> dict[str, Any]:
    when = occasion()
    return {name: getattr(when, name) for name in when.__slots__}
