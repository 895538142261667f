import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.exceptions import InvalidSignature

from schemas.cabinet import Claims, QrClaims
from schemas.canonical import canonical, data_of, text_digest
from schemas.values import Language
from streams.jws import NotVerifiedError, decode_part, encode_part, read_compact, write_compact
from streams.key_set import (
    DEMO_KEY,
    DEMO_KEYS,
    KeyFolder,
    KeysError,
    KeySet,
    PrivateKey,
    VerifyingKey,
    read_private,
    thumbprint,
)
from streams.signing import (
    DOCUMENT,
    QR_CODE,
    Signer,
    load_signer,
    verify_document,
    verify_qr_code,
)
from tests.documents import AT, every_kind, occasion

DEMO = load_signer(None, "")
QR = QrClaims(decision_id=f"{'9f2c' * 16}.{'0' * 36}", outcome="granted", document_sha256="5e" * 32)


def signer(*begins: datetime) -> tuple[Signer, KeySet]:
    private = [PrivateKey.new() for _ in begins]
    keys = KeySet(
        keys=tuple(
            VerifyingKey(x=key.x, kid=key.kid, jardem_from=begin)
            for key, begin in zip(private, begins, strict=True)
        )
    )
    return Signer("Қызмет көрсетуші", keys, {key.kid: key for key in private}), keys


@pytest.mark.parametrize("claims", every_kind(), ids=lambda claims: claims.kind)
def test_each_kind_verifies_and_says_who_issued_it(claims: Claims) -> None:
    sign, keys = signer(AT)
    event = sign.issue(claims)
    found = verify_document(event.document, keys)
    assert found.content == data_of(claims) | {"issuer": "Қызмет көрсетуші", "demo": False}
    assert (event.case_id, event.iin, event.kind) == (claims.case_id, claims.iin, claims.kind)
    assert found.key == keys.keys[0]


def test_the_header_is_exactly_that_of_the_contract_and_header_and_claims_are_canonical() -> None:
    head, payload, _ = DEMO.issue(every_kind()[1]).document.split(".")
    written = base64.urlsafe_b64decode(head + "==")
    assert written == b'{"alg":"EdDSA","kid":"%s","typ":"jardem-document.v1"}' % DEMO_KEY.kid.encode()
    claims = base64.urlsafe_b64decode(payload + "==")
    assert claims == canonical(json.loads(claims))


def test_the_same_claims_give_the_same_bytes() -> None:
    first, again = (load_signer(None, "").issue(every_kind()[1]) for _ in range(2))
    assert first == again


def test_a_library_of_others_verifies_it() -> None:
    document = DEMO.issue(every_kind()[1]).document
    key = jwt.PyJWK(DEMO_KEYS.keys[0].written(), algorithm="EdDSA")
    assert jwt.decode(document, key, algorithms=["EdDSA"])["decision"]["outcome"] == "granted"


@pytest.mark.parametrize("claims", every_kind()[:2], ids=lambda claims: claims.kind)
def test_no_byte_of_a_document_can_be_changed(claims: Claims) -> None:
    document = DEMO.issue(claims).document
    for place, sign in enumerate(document):
        others = {chr(ord(sign) ^ 1), chr(ord(sign) ^ 0x20), "A", "B", ".", "=", "\n", "\xe9"} - {sign}
        for other in others if place > len(document) - 90 else {chr(ord(sign) ^ 1), "A", "="} - {sign}:
            with pytest.raises(NotVerifiedError):
                verify_document(document[:place] + other + document[place + 1 :], DEMO_KEYS)


def test_nothing_can_be_added_or_taken_away() -> None:
    document = DEMO.issue(every_kind()[1]).document
    for changed in (document + "=", document + "\n", " " + document, document[:-1], document + ".", "", ".."):
        with pytest.raises(NotVerifiedError):
            verify_document(changed, DEMO_KEYS)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "EdDSA", "kid": DEMO_KEY.kid, "typ": DOCUMENT, "crit": []},
        {"alg": "EdDSA", "kid": DEMO_KEY.kid, "typ": DOCUMENT, "jku": "x"},
        {"alg": "EdDSA", "kid": DEMO_KEY.kid, "typ": DOCUMENT, "jwk": {}},
        {"alg": "EdDSA", "kid": DEMO_KEY.kid, "typ": QR_CODE},
        {"alg": "Ed25519", "kid": DEMO_KEY.kid, "typ": DOCUMENT},
        {"alg": "none", "kid": DEMO_KEY.kid, "typ": DOCUMENT},
        {"alg": "EdDSA", "typ": DOCUMENT},
        {"alg": "EdDSA", "kid": 1, "typ": DOCUMENT},
    ],
)
def test_any_other_header_is_refused_though_the_signature_is_right(header: dict[str, object]) -> None:
    payload = read_compact(DEMO.issue(every_kind()[1]).document).payload
    token = write_compact(canonical(header), payload, DEMO_KEY.sign)
    with pytest.raises(NotVerifiedError, match="header"):
        verify_document(token, DEMO_KEYS)


def _signed(changes: dict[str, object]) -> str:
    compact = read_compact(DEMO.issue(every_kind()[1]).document)
    claims = json.loads(compact.payload) | changes
    return write_compact(compact.header_bytes, canonical(claims), DEMO_KEY.sign)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "granted"}, "claims"),
        ({"iin": "850101300016"}, "claims: decided.iin"),
        ({"step_sha256": "3C" * 32}, "claims"),
        ({"step": 8}, "document_id"),
        ({"demo": False}, "demo"),
        ({"issued_at": "1999-12-31T23:59:59Z"}, "at that time"),
    ],
)
def test_what_our_key_signed_must_also_make_sense(changes: dict[str, object], why: str) -> None:
    with pytest.raises(NotVerifiedError, match=why):
        verify_document(_signed(changes), DEMO_KEYS)
    assert verify_document(_signed({"of_later": 1}), DEMO_KEYS).content["of_later"] == 1


def test_a_claim_that_stands_twice_is_refused() -> None:
    compact = read_compact(DEMO.issue(every_kind()[1]).document)
    twice = compact.payload[:-1] + b',"iin":"850101300015"}'
    with pytest.raises(NotVerifiedError, match="twice"):
        verify_document(write_compact(compact.header_bytes, twice, DEMO_KEY.sign), DEMO_KEYS)
    with pytest.raises(NotVerifiedError, match="no JSON object"):
        verify_document(write_compact(compact.header_bytes, b"[]", DEMO_KEY.sign), DEMO_KEYS)


def test_the_key_is_chosen_by_the_instant_of_issue_so_that_a_repeat_has_the_same() -> None:
    sign, keys = signer(AT - timedelta(days=2), AT, AT + timedelta(days=2))
    assert verify_document(sign.issue(every_kind()[1]).document, keys).key == keys.keys[1]
    assert keys.signing_at(AT - timedelta(microseconds=1)) == keys.keys[0]
    with pytest.raises(KeysError, match="all begin later"):
        Signer("x", KeySet(keys=keys.keys[2:]), sign.private).issue(every_kind()[1])
    with pytest.raises(KeysError, match="not there"):
        Signer("x", keys, {}).issue(every_kind()[1])


def test_after_its_until_a_key_verifies_nothing_that_is_issued_later() -> None:
    sign, keys = signer(AT)
    document = sign.issue(every_kind()[1]).document
    until = KeySet(keys=(keys.keys[0].with_(jardem_until=AT),))
    assert verify_document(document, until).key.jardem_until == AT
    early = KeySet(keys=(keys.keys[0].with_(jardem_until=AT - timedelta(seconds=1)),))
    with pytest.raises(NotVerifiedError, match="at that time"):
        verify_document(document, early)


def test_another_set_of_keys_does_not_verify_it() -> None:
    with pytest.raises(NotVerifiedError, match="not in the key set"):
        verify_document(DEMO.issue(every_kind()[1]).document, signer(AT)[1])


def test_a_qr_code_verifies_stays_small_and_is_no_document() -> None:
    token = DEMO.qr_code(QR, AT)
    assert token is not None
    assert len(token) < 600
    assert verify_qr_code(token, DEMO_KEYS).claims == QR
    with pytest.raises(NotVerifiedError, match="header"):
        verify_document(token, DEMO_KEYS)
    with pytest.raises(NotVerifiedError, match="header"):
        verify_qr_code(DEMO.issue(every_kind()[1]).document, DEMO_KEYS)
    assert DEMO.qr_code(QR.with_(decision_id="9" * 900), AT) is None


def test_a_qr_code_must_make_sense() -> None:
    header = canonical({"alg": "EdDSA", "kid": DEMO_KEY.kid, "typ": QR_CODE})
    with pytest.raises(NotVerifiedError, match="document_sha256"):
        verify_qr_code(
            write_compact(header, b'{"decision_id":"a","outcome":"granted"}', DEMO_KEY.sign), DEMO_KEYS
        )


def test_the_thumbprint_is_that_of_rfc_8037() -> None:
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert thumbprint(x) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    private = read_private(
        json.dumps(
            {"kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "x": x}
        ).encode()
    )
    header, payload = b'{"alg":"EdDSA"}', b"Example of Ed25519 signing"
    assert write_compact(header, payload, private.sign).endswith(
        ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


@pytest.mark.parametrize("part", ["_w=", "_x", "_", "_w\n", "+w", "é", " _w", "_w "])
def test_base64url_has_one_spelling(part: str) -> None:
    assert decode_part(encode_part(b"\xff")) == b"\xff"
    with pytest.raises(NotVerifiedError):
        decode_part(part)


def test_messages_show_no_private_key(tmp_path: Path) -> None:
    private = PrivateKey.new()
    d = json.loads(private.written())["d"]
    assert d not in repr(private)
    assert d not in repr(Signer("x", KeySet(), {private.kid: private}))
    other = json.loads(PrivateKey.new().written()) | {"d": d}
    (tmp_path / f"{private.kid}.jwk").write_text(json.dumps(other))
    with pytest.raises(KeysError) as caught:
        KeyFolder(tmp_path).private(private.kid)
    assert d not in str(caught.value)
    with pytest.raises(InvalidSignature):
        private.key.public_key().verify(DEMO_KEY.sign(b""), b"")


def folder(path: Path) -> tuple[KeyFolder, PrivateKey]:
    private = PrivateKey.new()
    found = KeyFolder(path / "keys")
    key = VerifyingKey(x=private.x, kid=private.kid, jardem_from=datetime(2021, 1, 1, tzinfo=UTC))
    found.add(private, KeySet(keys=(key,)))
    return found, private


def test_a_folder_keeps_its_keys_for_the_owner_alone_and_a_signer_signs_with_them(tmp_path: Path) -> None:
    found, private = folder(tmp_path)
    assert list(found.faults()) == []
    assert {path.name: path.stat().st_mode & 0o777 for path in found.path.iterdir()} == {
        "keys.json": 0o600,
        f"{private.kid}.jwk": 0o600,
    }
    event = load_signer(found.path, "Біз").issue(every_kind()[0])
    assert verify_document(event.document, found.key_set()).claims.issuer == "Біз"
    with pytest.raises(KeysError, match="cannot be written"):
        found.add(private, found.key_set())


def test_what_is_wrong_with_a_folder_is_said(tmp_path: Path) -> None:
    assert "cannot be read" in next(KeyFolder(tmp_path / "none").faults())
    found, private = folder(tmp_path)
    found.path.chmod(0o750)
    assert list(found.faults()) == [f"{found.path} can be read by others than its owner: chmod 700"]
    found.path.chmod(0o700)
    (found.path / f"{private.kid}.jwk").unlink()
    assert "holds no key" in next(found.faults())
    (found.path / f"{private.kid}.jwk").write_text(PrivateKey.new().written())
    assert "another key" in next(found.faults())
    (found.path / f"{private.kid}.jwk").write_text("{}")
    assert "no private key of ours" in next(found.faults())
    (found.path / "keys.json").write_text("{")
    assert "no key set of ours: not JSON" in next(found.faults())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kid": "0" * 43}, "thumbprint"),
        ({"x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}, "thumbprint"),
        ({"crv": "Ed448"}, "crv"),
        ({"jardem_from": None}, "jardem_from"),
    ],
)
def test_a_key_set_whose_key_was_changed_is_refused(changes: dict[str, object], why: str) -> None:
    keys = {"keys": [DEMO_KEYS.keys[0].written() | changes]}
    with pytest.raises(ValueError, match=why):
        KeySet.read(json.dumps(keys).encode())
    twice = {"keys": [DEMO_KEYS.keys[0].written()] * 2}
    with pytest.raises(ValueError, match="twice"):
        KeySet.read(json.dumps(twice).encode())


def test_a_key_set_is_written_as_the_contract_has_it() -> None:
    sign, keys = signer(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    del sign
    key = keys.keys[0]
    assert json.loads(keys.written()) == {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": key.x,
                "kid": key.kid,
                "alg": "EdDSA",
                "use": "sig",
                "jardem_from": "2026-01-02T03:04:05Z",
                "jardem_until": None,
                "jardem_authorised_by": None,
            }
        ]
    }
    assert KeySet.read(keys.written().encode()) == keys
    assert DEMO_KEYS.keys[0].written()["jardem_demo"] is True


def test_a_document_in_both_languages_has_none() -> None:
    event = DEMO.issue(every_kind(None)[0])
    assert verify_document(event.document, DEMO_KEYS).claims.language is None
    assert occasion(Language.RUSSIAN).language is Language.RUSSIAN
    assert text_digest(event.document) != text_digest(DEMO.issue(every_kind()[0]).document)
