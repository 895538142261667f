"""Signatures on registries' events: which are taken, and by what name each of the others is refused."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from agents.intake import Intake
from ops.keys.source import new_source_key
from ops.publish.lines import prepare
from schemas.cloudevents import CloudEvent, decode
from streams.clock import Clock
from streams.dead_letters import OFFSET, PARTITION, REASON, REDRIVEN_LETTERS, TIMESTAMP, TOPIC
from streams.errors import UserError
from streams.jws import NotVerifiedError, encode_part
from streams.key_set import PrivateKey, read_private_file
from streams.records import Outgoing, Record
from streams.registry_signatures import (
    SIGNATURE,
    RegistryKeysError,
    RegistrySignatures,
    load_registry_keys,
    public_jwk,
    sign_event,
)
from streams.topics import CASE_INBOX
from streams.transport.batch import AssignedPartition, Batch
from tests.unit.public_events import DATA, PSEUDONYMS

AWARDS, REVOKED, DEATHS = (
    "registry.title-awarded.v1",
    "registry.entitlement-revoked.v1",
    "registry.death-registered.v1",
)
SOURCE = "urn:kz:registry:titles"
NOW = datetime(2021, 7, 15, 4, tzinfo=UTC)
KEY, NEXT, STRANGER = PrivateKey.new(), PrivateKey.new(), PrivateKey.new()
DATA_BYTES = json.dumps(DATA[AWARDS]).encode()
EVENT = CloudEvent("1", SOURCE, f"kz.jardem.{AWARDS}", NOW - timedelta(days=300), DATA_BYTES)


def key_set(folder: Path, *keys: Mapping[str, Any], source: str = SOURCE, name: str = "titles") -> Path:
    content = {"jardem_source": source, "jardem_topics": [AWARDS, REVOKED], "keys": list(keys)}
    (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def signatures(tmp_path: Path) -> RegistrySignatures:
    ended = {
        **public_jwk(NEXT),
        "jardem_from": "2021-07-01T00:00:00Z",
        "jardem_until": "2021-07-14T00:00:00Z",
    }
    return load_registry_keys(key_set(tmp_path, public_jwk(KEY), ended))


def signed(event: CloudEvent = EVENT, key: PrivateKey = KEY, at: datetime = NOW) -> CloudEvent:
    return replace(event, extensions={"jws": sign_event(event, key.kid, key.sign, at)})


def made(change: Callable[[dict[str, Any], dict[str, Any]], None], key: PrivateKey = KEY) -> CloudEvent:
    """The event with a signature by hand: `change` is given its header and its claims."""
    header = {"alg": "EdDSA", "kid": key.kid, "typ": SIGNATURE}
    claims = {
        "iat": int(NOW.timestamp()),
        "id": EVENT.id,
        "source": EVENT.source,
        "type": EVENT.type,
        "time": EVENT.time.isoformat(),
        "sha256": EVENT.sha256,
    }
    change(header, claims)
    parts = ".".join(encode_part(json.dumps(part).encode()) for part in (header, claims))
    return replace(EVENT, extensions={"jws": f"{parts}.{encode_part(key.sign(parts.encode()))}"})


def test_a_right_signature_is_taken_whatever_the_zone_of_its_time(signatures: RegistrySignatures) -> None:
    signatures.check(AWARDS, signed(), NOW)
    signatures.check(AWARDS, made(lambda _, claims: claims.update(time="2020-09-18T10:00:00+06:00")), NOW)


def test_both_keys_of_a_rotation_are_taken_and_the_former_no_longer_than_it_is_said(
    signatures: RegistrySignatures,
) -> None:
    signatures.check(AWARDS, signed(key=NEXT, at=datetime(2021, 7, 10, tzinfo=UTC)), NOW)
    for at, said in ((NOW, "has expired"), (datetime(2021, 6, 30, tzinfo=UTC), "does not sign yet")):
        with pytest.raises(NotVerifiedError, match=said):
            signatures.check(AWARDS, signed(key=NEXT, at=at), NOW)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (EVENT, "the signature is missing"),
        (signed(key=STRANGER), "the kid is not in the key set"),
        (
            made(lambda header, _: header.update(kid=KEY.kid), STRANGER),
            "not over these bytes, or not by this key",
        ),
        (made(lambda header, _: header.update(alg="none")), "the algorithm none is not read"),
        (made(lambda header, _: header.update(alg="HS256")), "the algorithm HS256 is not read"),
        (made(lambda header, _: header.update(alg="ES256")), "the key is one for EdDSA"),
        (made(lambda header, _: header.pop("typ")), "the typ of the header"),
        (made(lambda header, _: header.update(typ="jardem-signature.v1")), "the typ of the header"),
        (made(lambda header, _: header.update(jwk=public_jwk(STRANGER))), "the header has jwk"),
        (made(lambda header, _: header.update(crit=["b64"], b64=False)), "the header has"),
        (made(lambda _, claims: claims.update(id="2")), "another id"),
        (made(lambda _, claims: claims.update(source="urn:other")), "another source"),
        (made(lambda _, claims: claims.update(type=f"kz.jardem.{REVOKED}")), "another type"),
        (made(lambda _, claims: claims.update(time=NOW.isoformat())), "another time"),
        (made(lambda _, claims: claims.pop("time")), "another time"),
        (made(lambda _, claims: claims.update(sha256="0" * 64)), "over other data"),
        (made(lambda _, claims: claims.update(sha256="ә")), "over other data"),
        (made(lambda _, claims: claims.pop("iat")), "does not say when it was made"),
        (made(lambda _, claims: claims.update(iat=True)), "does not say when it was made"),
        (made(lambda _, claims: claims.update(iat=10**20)), "another time|does not say"),
        (signed(at=NOW + timedelta(minutes=6)), "made later than now"),
        (replace(signed(), data=DATA_BYTES.replace(b"peoples_hero", b"hero_of_labour")), "over other data"),
        (replace(signed(), id="2"), "another id"),
        (replace(signed(), time=NOW), "another time"),
        (replace(signed(), source="urn:kz:registry:other"), "its source has no keys"),
        (replace(EVENT, source="urn:jardem:publish"), "its source has no keys"),
        (replace(EVENT, extensions={"jws": "a.b"}), "no compact JWS"),
        (replace(EVENT, extensions={"jws": signed().extensions["jws"] + "="}), "not base64url"),
    ],
)
def test_what_is_refused_is_named(signatures: RegistrySignatures, event: CloudEvent, said: str) -> None:
    with pytest.raises(NotVerifiedError, match=said):
        signatures.check(AWARDS, event, NOW)


def test_a_source_writes_only_to_its_topics_and_others_are_asked_for_nothing(
    signatures: RegistrySignatures,
) -> None:
    with pytest.raises(NotVerifiedError, match="does not write to this topic"):
        signatures.check(DEATHS, signed(), NOW)
    signatures.check(DEATHS, replace(EVENT, source="urn:kz:civil"), NOW)
    RegistrySignatures().check(AWARDS, EVENT, NOW)


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256"])
def test_what_other_libraries_sign_is_taken(alg: str, tmp_path: Path) -> None:
    private = (
        ec.generate_private_key(ec.SECP256R1()) if alg == "ES256" else rsa.generate_private_key(65537, 3072)
    )
    made_by = ECAlgorithm if isinstance(private, ec.EllipticCurvePrivateKey) else RSAAlgorithm
    jwk = json.loads(made_by.to_jwk(private.public_key())) | {"kid": "k1", "alg": alg}  # type: ignore[arg-type]
    jwk.pop("key_ops", None)
    claims = {name: getattr(EVENT, name) for name in ("id", "source", "type", "sha256")}
    claims |= {"time": EVENT.time.isoformat(), "iat": int(NOW.timestamp())}
    token = jwt.encode(claims, private, alg, headers={"kid": "k1", "typ": SIGNATURE})
    found = load_registry_keys(key_set(tmp_path, jwk))
    found.check(AWARDS, replace(EVENT, extensions={"jws": token}), NOW)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ('{"keys": []}', "jardem_source"),
        (
            json.dumps({"jardem_source": "s", "jardem_topics": ["operator.acted.v1"], "keys": []}),
            "operator.acted.v1",
        ),
        (json.dumps({"jardem_source": "s", "jardem_topics": ["case.inbox.v1"], "keys": []}), "case.inbox.v1"),
        (
            json.dumps({"jardem_source": "s", "jardem_topics": [AWARDS], "keys": [public_jwk(KEY)] * 2}),
            "twice",
        ),
        (
            json.dumps(
                {"jardem_source": "s", "jardem_topics": [AWARDS], "keys": [public_jwk(KEY) | {"d": "x"}]}
            ),
            "a private one",
        ),
        (
            json.dumps(
                {
                    "jardem_source": "s",
                    "jardem_topics": [AWARDS],
                    "keys": [public_jwk(KEY) | {"alg": "ES256"}],
                }
            ),
            "not one for ES256",
        ),
    ],
)
def test_key_sets_that_are_none_are_named_by_their_file(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(RegistryKeysError, match=rf"bad\.json.*{said}"):
        load_registry_keys(tmp_path)


def test_a_folder_that_is_empty_or_missing_or_has_a_source_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryKeysError, match="holds no key set"):
        load_registry_keys(tmp_path)
    with pytest.raises(RegistryKeysError, match="cannot be read"):
        load_registry_keys(tmp_path / "nowhere")
    key_set(key_set(tmp_path, public_jwk(KEY)), public_jwk(NEXT), name="again")
    with pytest.raises(RegistryKeysError, match="another file"):
        load_registry_keys(tmp_path)


def test_keys_of_a_source_are_made_beside_each_other_and_sign_what_is_published(tmp_path: Path) -> None:
    own, ours = tmp_path / "own", tmp_path / "ours"
    ours.mkdir()
    new_source_key(own, SOURCE, (AWARDS,))
    (first,) = own.glob("*.jwk")
    (ours / "titles.json").write_text(new_source_key(own, SOURCE, (AWARDS,)))
    (second,) = set(own.glob("*.jwk")) - {first}
    assert first.stat().st_mode & 0o077 == 0
    found = load_registry_keys(ours)
    line = json.dumps({"type": AWARDS, "source": SOURCE, "data": DATA[AWARDS]}).encode()
    for file in (first, second):
        record = prepare(1, line, PSEUDONYMS, NOW, key=read_private_file(file)).record
        found.check(AWARDS, decode(record.value, record.headers, timestamp=NOW), NOW)
    with pytest.raises(UserError, match="of another source"):
        new_source_key(own, "urn:other", (AWARDS,))
    with pytest.raises(UserError, match="no topic that a source signs for"):
        new_source_key(tmp_path / "third", SOURCE, ("case.inbox.v1",))


async def taken(record: Record, signatures: RegistrySignatures) -> Outgoing:
    async def partitions_of(_: str) -> int:
        return 1

    intake = Intake(PSEUDONYMS, Clock(1e-9, NOW), partitions_of, signatures=signatures)
    (outgoing,) = await intake.handle(Batch([record], AssignedPartition(record.topic, 0, None)))
    return outgoing


def published(key: PrivateKey | None) -> Record:
    line = json.dumps({"type": AWARDS, "source": SOURCE, "data": DATA[AWARDS]}).encode()
    sent = prepare(1, line, PSEUDONYMS, NOW, key=key).record
    return Record(AWARDS, 0, 7, NOW, sent.key, sent.value, sent.headers)


async def test_intake_takes_signed_events_without_their_signature_and_dead_letters_the_others(
    signatures: RegistrySignatures,
) -> None:
    event = await taken(published(KEY), signatures)
    assert event.topic == CASE_INBOX
    assert "ce_jws" not in dict(event.headers)
    for key, said in ((None, b"jws: the signature is missing"), (STRANGER, b"jws: the kid is not in")):
        letter = await taken(published(key), signatures)
        assert letter.topic == "dead-letter.v1"
        assert dict(letter.headers)[REASON].startswith(said)


async def test_what_is_redriven_verifies_again_by_its_own_bytes(signatures: RegistrySignatures) -> None:
    for key, topic in ((KEY, CASE_INBOX), (STRANGER, "dead-letter.v1")):
        record = published(key)
        place = ((TOPIC, AWARDS.encode()), (PARTITION, b"0"), (OFFSET, b"7"), (TIMESTAMP, b"1626321600000"))
        again = replace(record, topic=REDRIVEN_LETTERS, headers=(*record.headers, *place))
        assert (await taken(again, signatures)).topic == topic


async def test_structured_mode_is_signed_too(signatures: RegistrySignatures) -> None:
    data = json.dumps(DATA[AWARDS], separators=(",", ":"), ensure_ascii=False).encode()
    event = signed(replace(EVENT, data=data))
    attributes = {"specversion": "1.0", "id": event.id, "source": event.source, "type": event.type}
    attributes |= {"time": event.time.isoformat(), "jws": event.extensions["jws"]}
    value = json.dumps({**attributes, "data": DATA[AWARDS]}).encode()
    headers = (("content-type", b"application/cloudevents+json"),)
    assert (await taken(Record(AWARDS, 0, 7, NOW, b"k", value, headers), signatures)).topic == CASE_INBOX
