import base64
import json
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from schemas.canonical import canonical
from streams.certificates import Roots
from streams.cms import algorithm_name, verify_cms
from streams.jws import NotVerifiedError
from streams.officer_signatures import (
    OfficersError,
    OfficerSignatures,
    decision_bytes,
    load_officers,
    signed_bytes,
)
from tests.documents import decision
from tests.officers import (
    EXPIRED,
    KEYS,
    NOT_REPUDIABLE,
    OFFICER,
    REPUDIABLE,
    SIGNED_AT,
    SIGNING,
    Authority,
    Key,
    base64_of,
    cms,
    jwk,
    jws,
    private_pem,
)

DRAFT = decision()
SIGNED = signed_bytes(DRAFT, outcome="granted", refusal_ground=None, officer=OFFICER, signed_at=SIGNED_AT)
ALGORITHMS = ("EdDSA", "ES256", "ES384", "RS256", "PS256")


def officers(folder: Path, *keys: dict[str, Any]) -> OfficerSignatures:
    path = folder / "officers.json"
    path.write_text(json.dumps({"keys": keys or [jwk(alg) for alg in ALGORITHMS]}))
    return load_officers(path, None)


def refused(
    found: OfficerSignatures,
    signature: str | None,
    signed: bytes = SIGNED,
    officer: str = OFFICER,
    signed_at: datetime = SIGNED_AT,
) -> str:
    with pytest.raises(NotVerifiedError) as caught:
        found.verify(signature, signed, officer=officer, signed_at=signed_at)
    return str(caught.value)


def verifies(found: OfficerSignatures, signature: str) -> bool:
    by = found.verify(signature, SIGNED, officer=OFFICER, signed_at=SIGNED_AT)
    return by.officer == OFFICER


def test_the_signed_bytes_are_the_draft_as_signed_without_step_and_signature() -> None:
    expected = decision(officer=OFFICER, decided_at="2021-07-30T04:05:06Z")
    del expected["step"], expected["signature"]
    assert canonical(expected) == SIGNED


def test_in_a_refusal_there_is_no_account() -> None:
    signed = json.loads(
        signed_bytes(
            DRAFT,
            outcome="refused",
            refusal_ground=1,
            officer=OFFICER,
            signed_at=SIGNED_AT + timedelta(microseconds=500_000),
        )
    )
    assert (signed["iban"], signed["account_source"]) == (None, None)
    assert (signed["outcome"], signed["refusal_ground"]) == ("refused", 1)
    assert signed["decided_at"] == "2021-07-30T04:05:06.500000Z"


def test_whoever_has_the_decision_has_the_signed_bytes_again() -> None:
    decided = decision(step=9, officer=OFFICER, decided_at="2021-07-30T04:05:06Z", signature="a.b.c")
    assert decision_bytes(decided) == SIGNED


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_jws_verifies_by_each_algorithm(alg: str, detached: bool, tmp_path: Path) -> None:  # noqa: FBT001
    found = officers(tmp_path)
    by = found.verify(jws(alg, SIGNED, detached=detached), SIGNED, officer=OFFICER, signed_at=SIGNED_AT)
    assert (by.officer, by.how) == (OFFICER, f"{alg}, kid key-{alg}")
    assert "other bytes" in refused(found, jws(alg, SIGNED + b" "))
    assert "not over these bytes" in refused(found, jws(alg, SIGNED + b" ", detached=True))


def test_a_signature_needs_no_typ(tmp_path: Path) -> None:
    signature = jws("ES256", SIGNED, typ=None)
    officers(tmp_path).verify(signature, SIGNED, officer=OFFICER, signed_at=SIGNED_AT)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"kid": "another"}, "the kid is not in"),
        ({"typ": "JWT"}, "the typ of the header"),
        ({"jku": "https://keys.example"}, "the header has jku"),
        ({"x5u": "https://keys.example"}, "the header has x5u"),
        ({"x5c": []}, "the header has x5c"),
        ({"kid": "key-ES384"}, "the key is one for ES384"),
    ],
)
def test_a_header_that_is_not_read_is_refused(header: dict[str, Any], why: str, tmp_path: Path) -> None:
    assert why in refused(officers(tmp_path), jws("ES256", SIGNED, **header))


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256K", "RS1"])
def test_another_algorithm_is_refused_by_its_name(alg: str, tmp_path: Path) -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": alg, "kid": "key-ES256"}).encode()).rstrip(b"=")
    assert refused(officers(tmp_path), f"{head.decode()}..") == f"the algorithm {alg} is not read"


@pytest.mark.parametrize(
    "alg", ["GOST34310", "+7 (701) 123-45-67 Иванов\r\nx: y", "rs256", "", None, 850101300015, ["RS256"]]
)
def test_an_algorithm_that_nobody_knows_is_refused_and_not_quoted(alg: object, tmp_path: Path) -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": alg, "kid": "key-ES256"}).encode()).rstrip(b"=")
    told = refused(officers(tmp_path), f"{head.decode()}..")
    assert told == "the signature is made with an algorithm that is not known"


@pytest.mark.parametrize("oid", ["1.2.850101300015", "1.2.398.850101300015", "2.16.398.3", ""])
def test_an_oid_that_nobody_knows_is_not_quoted(oid: str) -> None:
    assert re.fullmatch(r"of an OID of (Kazakhstan|others) that is not known", algorithm_name(oid))


def test_whose_the_key_is_and_when_it_signs_is_looked_at(tmp_path: Path) -> None:
    found, signature = officers(tmp_path), jws("ES256", SIGNED)
    assert refused(found, signature, officer="officer-8") == "the signature is another officer's"
    late = SIGNED_AT + timedelta(days=1000)
    assert "does not sign at" in refused(found, signature, signed_at=late)
    assert "does not sign at" in refused(found, signature, signed_at=SIGNED_AT - timedelta(days=1000))
    endless = officers(tmp_path, jwk("ES256", jardem_until=None))
    assert endless.verify(signature, SIGNED, officer=OFFICER, signed_at=late).officer == OFFICER


def test_a_missing_or_unreadable_signature_is_refused_and_says_so(tmp_path: Path) -> None:
    found = officers(tmp_path)
    assert refused(found, None) == refused(found, "") == "the signature is missing"
    assert "no compact JWS" in refused(found, "a.b")
    assert "neither a compact JWS nor base64" in refused(found, "!!")
    assert "neither a compact JWS nor base64" in refused(found, "AA==\n")
    assert "no CMS SignedData" in refused(trusting(ROOT), "AAAA")
    assert "no officers' key set" in refused(OfficerSignatures(), jws("ES256", SIGNED))
    assert not OfficerSignatures()
    assert found


def test_no_sign_of_a_signature_can_be_changed(tmp_path: Path) -> None:
    found, signature = officers(tmp_path), jws("ES256", SIGNED, detached=True)
    for place, sign in enumerate(signature):
        for other in {chr(ord(sign) ^ 1), "A", "=", "."} - {sign}:
            assert refused(found, signature[:place] + other + signature[place + 1 :])


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([jwk("ES256", alg="ES384")], "not one for ES384"),
        ([jwk("ES256", alg="HS256")], "alg"),
        ([jwk("ES256"), jwk("ES256")], "twice"),
        ([jwk("ES256", d="AA")], "private"),
        ([jwk("RS256", n="AQAB")], "bits"),
        ([{"kty": "OKP"}], "kid"),
        (None, "no key set of officers"),
    ],
)
def test_a_key_set_that_is_none_is_refused(keys: Any, why: str, tmp_path: Path) -> None:
    path = tmp_path / "officers.json"
    path.write_text(json.dumps({"keys": keys}) if keys else "{")
    with pytest.raises(OfficersError, match=why):
        load_officers(path, None)


def test_files_that_are_not_there_or_not_pem_are_named(tmp_path: Path) -> None:
    none, text = tmp_path / "none", tmp_path / "text"
    text.write_text("text")
    with pytest.raises(OfficersError, match="cannot be read") as caught:
        load_officers(none, none)
    assert len(caught.value.problems) == 2
    with pytest.raises(OfficersError, match="no PEM"):
        load_officers(None, text)


ROOT = Authority()
MIDDLE = Authority(name="Middle", parent=ROOT)
OTHER = Authority(name="Root")
CERTIFICATES = {alg: ROOT.issue(KEYS[alg], usage=SIGNING) for alg in ("ES256", "ES384", "RS256")}


def trusting(*authorities: Authority, crl: bytes = b"") -> OfficerSignatures:
    lists = [x509.load_pem_x509_crl(crl)] if crl else []
    return OfficerSignatures(roots=Roots(tuple(one.certificate for one in authorities), tuple(lists)))


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command here")


def sign(certificate: x509.Certificate, key: Key, *options: str) -> str:
    return base64_of(cms(SIGNED, certificate, key, *options))


@needs_openssl
@pytest.mark.parametrize("options", [(), ("-noattr",), ("-keyid",), ("-md", "sha384"), ("-md", "sha512")])
@pytest.mark.parametrize("alg", CERTIFICATES)
def test_a_cms_of_openssl_verifies(alg: str, options: tuple[str, ...]) -> None:
    signature = sign(CERTIFICATES[alg], KEYS[alg], *options)
    by = trusting(ROOT).verify(signature, SIGNED, officer=OFFICER, signed_at=SIGNED_AT)
    assert by.how == f"certificate {CERTIFICATES[alg].serial_number:x}"
    why = refused(trusting(ROOT), signature, signed=SIGNED + b" ")
    assert "other bytes" in why or "not over these bytes" in why


@needs_openssl
@pytest.mark.parametrize("md", ["sha256", "sha512"])
def test_rsa_pss_of_openssl_verifies(md: str) -> None:
    signature = sign(CERTIFICATES["RS256"], KEYS["RS256"], "-keyopt", "rsa_padding_mode:pss", "-md", md)
    assert verifies(trusting(ROOT), signature)


@needs_openssl
def test_rsa_pss_with_other_parameters_is_refused() -> None:
    certificate, key = CERTIFICATES["RS256"], KEYS["RS256"]
    pss = ("-keyopt", "rsa_padding_mode:pss")
    mixed = sign(certificate, key, *pss, "-keyopt", "rsa_mgf1_md:sha1")
    assert "RSA-PSS without SHA-256" in refused(trusting(ROOT), mixed)
    mixed = sign(certificate, key, *pss, "-keyopt", "rsa_mgf1_md:sha512")
    assert "another digest" in refused(trusting(ROOT), mixed)
    no_mask = _last(cms(SIGNED, certificate, key, *pss), "06092a864886f70d010108", "06092a864886f70d010109")
    assert "another digest" in refused(trusting(ROOT), base64_of(no_mask))


def test_a_cms_of_another_library_verifies() -> None:
    key, certificate = KEYS["RS256"], CERTIFICATES["RS256"]
    assert isinstance(key, rsa.RSAPrivateKey)
    der = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(SIGNED)
        .add_signer(certificate, key, hashes.SHA256())
        .sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
    )
    assert verifies(trusting(ROOT), base64_of(der))
    with pytest.raises(NotVerifiedError, match="other bytes"):
        verify_cms(der, SIGNED[:-1])


@needs_openssl
def test_no_byte_of_a_signed_part_can_be_changed() -> None:
    der = cms(SIGNED, CERTIFICATES["ES256"], KEYS["ES256"])
    found, verified = trusting(ROOT), []
    for place in range(len(der)):
        changed = der[:place] + bytes([der[place] ^ 1]) + der[place + 1 :]
        try:
            found.verify(base64_of(changed), SIGNED, officer=OFFICER, signed_at=SIGNED_AT)
        except NotVerifiedError:
            continue
        verified.append(place)
    # What is not signed in CMS: version numbers, the list of digests before the content, and how many bits
    # the last byte of the certificate's own signature has to spare.
    head = der.index(_DIGESTS) + len(_DIGESTS)
    unsigned = (b"\x02\x01", b"\x01\x01")
    assert all(place < head or der[place - 2 : place] in unsigned for place in verified)


_DIGESTS = bytes.fromhex("310d300b0609608648016503040201")


@needs_openssl
def test_a_path_over_an_authority_between_is_found_inside(tmp_path: Path) -> None:
    certificate = MIDDLE.issue(KEYS["ES256"], usage=NOT_REPUDIABLE)
    middle = tmp_path / "middle.pem"
    middle.write_bytes(MIDDLE.certificate.public_bytes(Encoding.PEM))
    signature = sign(certificate, KEYS["ES256"], "-certfile", str(middle))
    assert verifies(trusting(ROOT), signature)
    assert "no path" in refused(trusting(OTHER), signature)
    assert "no path" in refused(trusting(ROOT), sign(certificate, KEYS["ES256"]))
    gone = trusting(ROOT, crl=ROOT.revoke(MIDDLE.certificate))
    assert "revoked" in refused(gone, signature)


@needs_openssl
@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        (ROOT.issue(KEYS["ES256"], "officer-8"), "another officer's"),
        (ROOT.issue(KEYS["ES256"], usage=REPUDIABLE), "not for signing"),
        (ROOT.issue(KEYS["ES256"], ends=EXPIRED), "expired"),
        (OTHER.issue(KEYS["ES256"]), "no path"),
        (ROOT.issue(KEYS["ES384"]), None),
    ],
)
def test_a_certificate_that_does_not_sign_for_the_officer_is_refused(
    certificate: x509.Certificate, why: str | None
) -> None:
    key = KEYS["ES384"] if why is None else KEYS["ES256"]
    signature = sign(certificate, key)
    if why is None:
        # No keyUsage is no bar.
        assert verifies(trusting(ROOT), signature)
    else:
        assert why in refused(trusting(ROOT), signature)


@needs_openssl
def test_a_revoked_certificate_is_refused_and_a_list_of_another_too() -> None:
    signature = sign(CERTIFICATES["ES256"], KEYS["ES256"])
    other = trusting(ROOT, crl=ROOT.revoke(CERTIFICATES["RS256"]))
    assert verifies(other, signature)
    assert "revoked" in refused(trusting(ROOT, crl=ROOT.revoke(CERTIFICATES["ES256"])), signature)
    forged = ROOT.revoke(CERTIFICATES["RS256"], key=OTHER.key)
    assert "not signed by" in refused(trusting(ROOT, crl=forged), signature)


@needs_openssl
def test_weak_keys_and_curves_that_are_not_read_are_refused_by_name() -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the test
    assert "1024 bits" in refused(trusting(ROOT), sign(ROOT.issue(weak), weak))
    curve = ec.generate_private_key(ec.SECP521R1())
    assert "secp521r1 is not read" in refused(trusting(ROOT), sign(ROOT.issue(curve), curve))


@needs_openssl
def test_gost_and_old_digests_are_refused_by_their_names() -> None:
    ecdsa, rsa_ = (cms(SIGNED, CERTIFICATES[alg], KEYS[alg]) for alg in ("ES256", "RS256"))
    found = trusting(ROOT)
    russian = _last(ecdsa, "06082a8648ce3d040302", "06082a85030701010101")
    assert "GOST R 34.10-2012, 256 bits (1.2.643.7.1.1.1.1) is not read" in refused(found, base64_of(russian))
    kazakh = _last(rsa_, "06092a864886f70d010101", "06092a830e030a01010101")
    assert "GOST of Kazakhstan (1.2.398.3.10.1.1.1.1) is not read" in refused(found, base64_of(kazakh))
    with_sha1 = cms(SIGNED, CERTIFICATES["ES256"], KEYS["ES256"], "-md", "sha1")
    assert "SHA-1 (1.3.14.3.2.26) is not read" in refused(found, base64_of(with_sha1))
    certificate = ecdsa.replace(
        bytes.fromhex("06092a864886f70d01010b"), bytes.fromhex("06092a830e030a01010102")
    )
    assert "1.2.398.3.10.1.1.1.2" in refused(found, base64_of(certificate))


def _last(der: bytes, old: str, new: str) -> bytes:
    before, after = der.rsplit(bytes.fromhex(old), 1)
    return before + bytes.fromhex(new) + after


@needs_openssl
def test_only_a_detached_cms_with_one_signer_and_its_certificate_is_read(tmp_path: Path) -> None:
    certificate, key = CERTIFICATES["ES256"], KEYS["ES256"]
    found = trusting(ROOT)
    assert "holds what it signs" in refused(found, sign(certificate, key, "-nodetach"))
    assert "does not hold the signer's" in refused(found, sign(certificate, key, "-nocerts"))
    pem, secret = tmp_path / "two.pem", tmp_path / "two.key"
    pem.write_bytes(CERTIFICATES["ES384"].public_bytes(Encoding.PEM))
    secret.write_bytes(private_pem(KEYS["ES384"]))
    two = sign(certificate, key, "-signer", str(pem), "-inkey", str(secret))
    assert "not exactly one signer" in refused(found, two)
    assert "no root certificates" in refused(OfficerSignatures(), sign(certificate, key))


@needs_openssl
def test_certificates_and_lists_are_read_from_files(tmp_path: Path) -> None:
    roots, crl = tmp_path / "roots.pem", tmp_path / "crl.pem"
    roots.write_bytes(b"".join(one.certificate.public_bytes(Encoding.PEM) for one in (OTHER, ROOT)))
    crl.write_bytes(MIDDLE.revoke() + ROOT.revoke(CERTIFICATES["ES256"]))
    signature = sign(CERTIFICATES["ES256"], KEYS["ES256"])
    assert verifies(load_officers(None, roots), signature)
    assert "revoked" in refused(load_officers(None, roots, crl), signature)
    crl.write_text("none")
    with pytest.raises(OfficersError, match="no PEM"):
        load_officers(None, roots, crl)
