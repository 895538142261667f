"""The HTTP intake up to its wires: requests into events, who may, what is remembered, and its description."""

import asyncio
import base64
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from openapi_spec_validator import OpenAPIV31SpecValidator

from ops.brokers.certificates import Authority, Certificate
from ops.http_intake import metrics
from ops.http_intake.gate import Gate
from ops.http_intake.limits import Limits
from ops.http_intake.log import IntakeLog, _end_without_follower
from ops.http_intake.openapi import description
from ops.http_intake.remembered import DIGEST, NONCE, Claim, Remembered, read_claim
from ops.http_intake.requests import Problem, RefusedError, identity, read_batch, read_one
from schemas.cloudevents import JSON, STRUCTURED
from schemas.ids import FormerKey, Pseudonyms
from streams.http_callers import TYPES, CallersError, load_callers
from streams.key_set import PrivateKey
from streams.records import NotUnpacked, Record
from streams.registry_signatures import RegistrySignatures, public_jwk, read_source_keys
from streams.settings.checks import contradictions
from streams.settings.intake import intake_faults
from streams.settings.settings import Settings
from streams.settings.values import Address
from streams.topics import DIGESTS

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
IIN = "850101300015"
DATA = {"iin": IIN, "title": "peoples_hero", "award_id": "A-17", "awarded_on": "2021-07-12"}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "award-17",
    "source": "urn:kz:titles",
    "type": "kz.jardem.registry.title-awarded.v1",
    "data": DATA,
}
FILE = """
[callers.titles]
sources = ["urn:kz:titles"]
types = ["registry.title-awarded.v1"]
certificates = ["CN=titles"]
"""


def structured(**changes: object) -> Any:
    return read_one(STRUCTURED, (), json.dumps(EVENT | changes).encode(), NOW)


def binary(**headers: str) -> Any:
    sent = {f"ce-{name}": str(text) for name, text in EVENT.items() if name != "data"}
    return read_one(JSON, (sent | headers).items(), json.dumps(DATA).encode(), NOW)


def gate(tmp_path: Path, text: str = FILE) -> Gate:
    path = tmp_path / "callers.toml"
    path.write_text(text)
    signatures = RegistrySignatures()
    return Gate(load_callers(path, signatures), signatures, Pseudonyms(b"key" * 20), lambda: NOW)


def test_both_modes_and_a_batch_are_the_same_event() -> None:
    events = [structured(), binary(), *read_batch(json.dumps([EVENT]).encode(), NOW)]
    assert len({event.id for event in events}) == 1
    assert len({identity(event, b"key", NOW).content for event in events}) == 1


def test_headers_are_read_as_the_binding_writes_them() -> None:
    event = binary(
        **{"ce-source": "urn:kz:%D1%82", "CE-ID": "a%20b", "traceparent": "00-1"} | {"ce-id": "a%20b"}
    )
    assert (event.source, event.id, event.extensions) == ("urn:kz:т", "a b", {"traceparent": "00-1"})


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"award-17"', "award-17"),
        ('"a b"', "a b"),
        (r'"a\"b\\c"', r'a"b\c'),
        ('"a%20b"', "a b"),
        ("%22award-17%22", '"award-17"'),
        ("a%2520b", "a%20b"),
        ("a%D1%82", "aт"),
        (r"a\b", r"a\b"),
    ],
)
def test_a_value_is_taken_out_of_quotes_and_decoded_once(written: str, read: str) -> None:
    assert binary(**{"ce-id": written}).id == read


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("%FF", "what is encoded in per cent is not UTF-8"),
        ("%FE", "what is encoded in per cent is not UTF-8"),
        ("a%C0%A0", "what is encoded in per cent is not UTF-8"),
        ("%ED%A0%80", "what is encoded in per cent is not UTF-8"),
        ('"%FF"', "what is encoded in per cent is not UTF-8"),
        ("100%", "a per cent sign that is none of an encoding is written %25"),
        ("%zz", "a per cent sign that is none of an encoding is written %25"),
        ('"award-17', "double quotes stand around the whole value, or are written %22"),
        ('"award-17\\"', "double quotes stand around the whole value, or are written %22"),
        ('award"-17"', "double quotes stand around the whole value, or are written %22"),
        ('"a""b"', "double quotes stand around the whole value, or are written %22"),
    ],
)
def test_what_two_readers_would_read_otherwise_is_refused(written: str, said: str) -> None:
    for header, field in (("ce-id", "ce-id"), ("ce-source", "ce-source"), (f"ce-{IIN}", "ce-*")):
        with pytest.raises(RefusedError) as refused:
            binary(**{header: written})
        assert refused.value.status == 400
        assert refused.value.problems == (Problem(field, said),)


def test_an_id_that_is_a_uuid_is_taken_whatever_its_digits_are(tmp_path: Path) -> None:
    by_chance = "c1234a56-7b00-4c89-bafb-ff5af830be8a"
    file = FILE.replace("registry.title-awarded.v1", "portal.phone-registered.v1")
    phone = {"iin": IIN, "phone": "+77011234567", "registered_at": "2021-07-01T00:00:00Z"}
    event = structured(id=by_chance, type="kz.jardem.portal.phone-registered.v1", data=phone)
    assert gate(tmp_path, file).admit(event, "CN=titles", NOW).id == by_chance


def test_a_signature_names_nobody_by_the_digits_in_it_and_a_text_in_its_place_may(tmp_path: Path) -> None:
    head = base64.urlsafe_b64encode(b'{"alg":"EdDSA"}').decode().rstrip("=")
    signed = structured(jws=f"{head}.{IIN}.")
    assert (
        dict(gate(tmp_path).admit(signed, "CN=titles", NOW).record.headers)["ce_jws"]
        == signed.extensions["jws"].encode()
    )
    with pytest.raises(RefusedError) as refused:
        gate(tmp_path).admit(structured(jws=IIN), "CN=titles", NOW)
    assert refused.value.status == 422


def test_content_is_alike_however_it_is_written_and_a_given_time_is_part_of_it() -> None:
    turned = structured(data=dict(reversed(DATA.items())))
    assert identity(turned, b"key", NOW) == identity(structured(), b"key", NOW)
    timed = identity(structured(time=NOW.isoformat()), b"key", NOW)
    assert timed.content != identity(structured(), b"key", NOW).content
    # Without a time of its own the same event again is the same, whenever it comes.
    later = NOW + timedelta(days=1)
    again = read_one(STRUCTURED, (), json.dumps(EVENT).encode(), later)
    assert identity(again, b"key", later) == identity(structured(), b"key", NOW)
    assert identity(structured(), b"another", NOW) != identity(structured(), b"key", NOW)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"specversion": "0.3"}, "the specversion is not 1.0"),
        ({"id": None}, "the attribute id is missing"),
        ({"time": "yesterday"}, "the time is not an RFC 3339 timestamp with an offset"),
        ({"data": None, "data_base64": "!"}, "data_base64 is not base64"),
        ({"id": "a\nb"}, "they must not hold control characters"),
    ],
)
def test_what_is_no_event_is_refused_with_what_to_mend(changes: dict[str, object], said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        structured(**changes)
    assert refused.value.status == 422
    assert [each.message for each in refused.value.problems] == [said]


def test_an_event_is_published_under_the_pseudonym_and_bears_no_strange_extensions(tmp_path: Path) -> None:
    admitted = gate(tmp_path).admit(structured(subject=IIN, note="x"), "CN=titles", NOW)
    assert admitted.record.topic == "registry.title-awarded.v1"
    assert admitted.record.key == Pseudonyms(b"key" * 20).person(IIN).encode()
    headers = dict(admitted.record.headers)
    assert "ce_subject" not in headers
    assert "ce_note" not in headers
    assert IIN.encode() not in b"".join(headers.values())


@pytest.mark.parametrize(
    ("changes", "subject", "status"),
    [
        ({}, None, 401),
        ({}, "CN=other", 403),
        ({"source": "urn:kz:other"}, "CN=titles", 403),
        ({"type": "kz.jardem.registry.death-registered.v1"}, "CN=titles", 403),
        ({"type": "registry.title-awarded.v1"}, "CN=titles", 422),
        ({"type": "kz.jardem.operator.acted.v1"}, "CN=titles", 422),
        ({"id": f"of-{IIN}"}, "CN=titles", 422),
        ({"data": DATA | {"awarded_on": "2099-01-01"}}, "CN=titles", 422),
        ({"data": [1]}, "CN=titles", 422),
        ({"time": "2099-01-01T00:00:00Z"}, "CN=titles", 422),
    ],
)
def test_whoever_may_not_is_told_so(
    tmp_path: Path, changes: dict[str, object], subject: str | None, status: int
) -> None:
    with pytest.raises(RefusedError) as refused:
        gate(tmp_path).admit(structured(**changes), subject, NOW)
    assert refused.value.status == status
    assert IIN not in str(refused.value) + str(refused.value.problems)


def test_each_field_that_is_wrong_is_named_and_not_repeated(tmp_path: Path) -> None:
    wrong = structured(data=DATA | {"iin": "850101300016", "title": "hero"})
    with pytest.raises(RefusedError) as refused:
        gate(tmp_path).admit(wrong, "CN=titles", NOW)
    assert {each.field for each in refused.value.problems} == {"data.iin", "data.title"}
    assert "850101300016" not in str(refused.value.problems)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "callers: Field required"),
        (FILE.replace('certificates = ["CN=titles"]', ""), "by nothing is titles known"),
        (FILE.replace("title-awarded", "nothing"), "titles would publish registry.nothing.v1"),
        (FILE.replace("CN=titles", "titles"), "not written like CN=titles"),
        (FILE.replace("CN=titles", "2.5.4.3=titles"), "write CN=titles"),
        (FILE + "signed = true", "of which JARDEM_REGISTRY_KEYS has no key set"),
        (FILE + FILE.replace("callers.titles", "callers.more"), "have urn:kz:titles in common"),
        ("[callers", "is no TOML"),
    ],
)
def test_a_file_of_callers_that_is_wrong_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CallersError, match=said):
        gate(tmp_path, text)


def claim(id_: int, content: int, at: int, *, nonce: int = 0, published: bool = False) -> Claim:
    return Claim(bytes([id_]) * 16, bytes([nonce]) * 8, bytes([content]) * 16, published, at)


def test_the_first_claim_counts_and_what_was_published_before_all() -> None:
    remembered = Remembered(timedelta(days=30), 1000)
    for each in (claim(1, 1, 0, nonce=1), claim(1, 2, 1, nonce=2)):
        remembered.take(each)
    assert remembered.get(bytes([1]) * 16, 2) == claim(1, 1, 0, nonce=1)
    # After compaction the second claim stands before what became of the first.
    compacted = Remembered(timedelta(days=30), 1000)
    for each in (claim(1, 2, 1, nonce=2), claim(1, 1, 3, nonce=1, published=True)):
        compacted.take(each)
        remembered.take(each)
    assert compacted.get(bytes([1]) * 16, 4) == claim(1, 1, 3, nonce=1, published=True)
    assert remembered.get(bytes([1]) * 16, 4) == compacted.get(bytes([1]) * 16, 4)


def test_after_the_window_an_id_is_free_and_forgotten() -> None:
    day = 24 * 3600 * 1000
    remembered = Remembered(timedelta(days=30), 1000)
    remembered.take(claim(1, 1, 0))
    assert remembered.get(bytes([1]) * 16, 30 * day - 1) is not None
    assert remembered.get(bytes([1]) * 16, 30 * day) is None
    remembered.take(claim(1, 2, 30 * day))
    remembered.take(claim(2, 2, 31 * day))
    assert remembered.get(bytes([1]) * 16, 31 * day) == claim(1, 2, 30 * day)
    assert remembered.count == 2
    remembered.forget(61 * day)
    assert remembered.count == 0


def test_of_too_many_the_oldest_are_forgotten_and_counted() -> None:
    before = metrics.FORGOTTEN._value.get()
    remembered = Remembered(timedelta(days=30), 64)
    for number in range(200):
        remembered.take(claim(number, 1, number))
    assert remembered.count <= 64
    assert remembered.get(bytes([199]) * 16, 200) is not None
    assert remembered.get(bytes([0]) * 16, 200) is None
    assert metrics.FORGOTTEN._value.get() - before == 200 - remembered.count


GOLDEN = bytes([7]) * 16 + bytes([9]) * 8, b"\x01p" + bytes([5]) * 16
"""A record as version 1 writes it."""


def test_a_claim_is_written_and_read_as_version_1_has_it() -> None:
    written = claim(7, 5, 1, nonce=9, published=True)
    assert (written.key, written.value) == GOLDEN
    assert read_claim(*GOLDEN, 1) == written


@pytest.mark.parametrize(
    ("key", "value"),
    [(None, GOLDEN[1]), (GOLDEN[0], None), (b"x", GOLDEN[1]), (GOLDEN[0], b"\x02" + GOLDEN[1][1:])],
)
def test_what_is_no_claim_is_none(key: bytes | None, value: bytes | None) -> None:
    assert read_claim(key, value, 1) is None


def test_a_caller_waits_when_its_second_is_used_up_and_others_do_not() -> None:
    now = [0.0]
    limits = Limits(2, lambda: now[0])
    assert [limits.seconds_to_wait("a", 1) for _ in range(3)] == [0, 0, 1]
    assert limits.seconds_to_wait("b", 10) == 0
    # A batch is taken whole, and waited for afterwards.
    assert limits.seconds_to_wait("b", 1) == 5
    now[0] = 4.5
    assert limits.seconds_to_wait("b", 1) == 0
    assert limits.seconds_to_wait("a", 1, per_second=100) == 0


def test_the_description_is_openapi_and_has_every_type() -> None:
    document = description()
    OpenAPIV31SpecValidator(document).validate()
    assert len(
        document["paths"]["/events"]["post"]["requestBody"]["content"][JSON]["schema"]["anyOf"]
    ) == len(TYPES)


def test_every_reference_of_the_description_leads_somewhere() -> None:
    document = description()
    named = re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(document))
    assert set(named) == set(document["components"]["schemas"])


def test_the_file_that_the_page_shows_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "http-intake.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    path = tmp_path / "callers.toml"
    path.write_text(shown)
    keys = {
        "jardem_source": "urn:kz:registry:deaths",
        "jardem_topics": ["registry.death-registered.v1", "registry.death-annulled.v1"],
        "keys": [public_jwk(PrivateKey.new())],
    }
    signatures = RegistrySignatures({"urn:kz:registry:deaths": read_source_keys(json.dumps(keys).encode())})
    assert set(load_callers(path, signatures).named) == {"titles", "deaths"}


SET: list[tuple[dict[str, object], str]] = [
    ({"intake_tls_cert": Path("a")}, "go together"),
    ({"intake_client_ca": Path("a")}, "without TLS nobody shows a certificate"),
    (
        {"intake_tls_cert": Path("a"), "intake_tls_key": Path(__file__)},
        "JARDEM_INTAKE_TLS_CERT names a, which is no",
    ),
    ({"intake_callers": Path("a")}, "JARDEM_INTAKE_CALLERS: a cannot be read"),
    ({"intake_bind": Address("0.0.0.0", 8070)}, "which others reach too"),  # noqa: S104 - that is the test
]


@pytest.mark.parametrize(("given", "said"), SET)
def test_settings_that_do_not_go_together_are_said(given: dict[str, Any], said: str) -> None:
    (line,) = intake_faults(Settings(**given), "http-intake")
    assert said in line


def test_callers_by_certificate_need_an_authority_and_files_must_hold_certificates(tmp_path: Path) -> None:
    path = tmp_path / "callers.toml"
    path.write_text(FILE)
    (line,) = intake_faults(Settings(intake_callers=path), "doctor")
    assert "knows titles by certificates: set JARDEM_INTAKE_CLIENT_CA" in line
    (line,) = intake_faults(Settings(intake_tls_cert=path, intake_tls_key=path), "http-intake")
    assert "no certificate in PEM" in line


async def test_what_was_claimed_under_a_former_key_is_known_under_the_present_one(tmp_path: Path) -> None:
    path = tmp_path / "callers.toml"
    path.write_text(FILE)
    nobody = FormerKey(b"former", frozenset())
    pseudonyms = Pseudonyms(b"present", (nobody,))
    gate = Gate(load_callers(path, signatures := RegistrySignatures()), signatures, pseudonyms, lambda: NOW)
    admitted = gate.admit(structured(), "CN=titles", NOW)
    present, former = admitted.identities
    assert (present, former) == tuple(identity(structured(), key, NOW) for key in (b"present", b"former"))
    remembered = Remembered(timedelta(days=30), 64)
    log = IntakeLog(Settings(kafka="127.0.0.1:1"), remembered)
    stamp = int(datetime.now(UTC).timestamp() * 1000)
    assert log.known_by(admitted.identities) == present
    remembered.take(Claim(former.id, b"n" * NONCE, former.content, published=True, at=stamp))
    assert log.known_by(admitted.identities) == former
    remembered.take(Claim(present.id, b"n" * NONCE, present.content, published=True, at=stamp))
    assert log.known_by(admitted.identities) == present
    await log._disconnect()


class Digests:
    """A partition of the digests, as `Fetching` lets it be read; what comes is there at once."""

    def __init__(self, *items: Record | NotUnpacked) -> None:
        self.turns: list[Any] = [{PLACE: items}]

    def assign(self, places: list[TopicPartition]) -> None:
        assert places == [PLACE]

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 5)

    async def position(self, place: TopicPartition) -> int:
        assert place == PLACE
        return 5

    async def getmany(self, **_: Any) -> Any:
        if not self.turns:
            raise ZeroDivisionError
        return self.turns.pop()

    async def stop(self) -> None:
        """Nothing is open."""


PLACE = TopicPartition(DIGESTS, 0)


async def test_digests_go_on_behind_what_cannot_be_unpacked_and_their_end_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claim = Claim(b"i" * DIGEST, b"n" * NONCE, b"c" * DIGEST, published=True, at=0)
    now = datetime.now(UTC)
    good = Record(DIGESTS, 0, 4, now, claim.key, claim.value)
    log = IntakeLog(Settings(kafka="127.0.0.1:1"), remembered := Remembered(timedelta(days=30), 64))
    await log._consumer.stop()
    log._consumer = Digests(NotUnpacked(DIGESTS, 0, 0, 3, "its checksum is wrong", b"", "batch"), good)
    ends: list[str] = []
    monkeypatch.setattr("ops.http_intake.log.end_process", lambda _, event, **__: ends.append(event))
    follower = asyncio.create_task(log._follow({0}))
    follower.add_done_callback(_end_without_follower)
    with pytest.raises(ZeroDivisionError):
        await follower
    assert log._read == {0: 5}
    assert remembered.get(claim.id, int(now.timestamp() * 1000)) is not None
    assert ends == ["the digests are read no more"]
    await log._disconnect()


def test_certificates_that_are_not_good_now_start_nothing_and_are_named(tmp_path: Path) -> None:
    now, day = datetime.now(UTC), timedelta(days=1)
    good = Authority.new(tmp_path / "good")
    old = Authority.new(tmp_path / "old", begins=now - 3 * day, lasts=day)
    server = good.issue("server", hosts=["127.0.0.1"])
    expired = good.issue("expired", begins=now - 3 * day, lasts=day)
    early = good.issue("early", begins=now + day)
    both = tmp_path / "both.crt"
    both.write_bytes(old.certificate.read_bytes() + good.certificate.read_bytes())

    def said(own: Certificate, authority: Path) -> list[str]:
        settings = Settings(
            intake_tls_cert=own.certificate, intake_tls_key=own.key, intake_client_ca=authority
        )
        return list(intake_faults(settings, "http-intake"))

    assert said(server, good.certificate) == []
    assert said(server, both) == []
    (line,) = said(expired, good.certificate)
    assert line.startswith(f"JARDEM_INTAKE_TLS_CERT names {expired.certificate}, which expired on 20")
    (line,) = said(early, good.certificate)
    assert f"names {early.certificate}, which is valid from" in line
    (line,) = said(server, old.certificate)
    assert line.startswith(f"JARDEM_INTAKE_CLIENT_CA names {old.certificate}, which expired on 20")
    kafka = contradictions(Settings(kafka="one:9093", kafka_tls=True, kafka_tls_ca=old.certificate))
    assert [each for each in kafka if "expired" in each] == [line.replace("INTAKE_CLIENT", "KAFKA_TLS")]
    smpp = contradictions(Settings(smpp_tls="true", smpp_tls_ca=old.certificate))
    assert [each for each in smpp if "expired" in each] == [line.replace("INTAKE_CLIENT", "SMPP_TLS")]
    wrong = tmp_path / "wrong.key"
    wrong.write_bytes(expired.key.read_bytes())
    settings = Settings(intake_tls_cert=server.certificate, intake_tls_key=wrong)
    (line,) = intake_faults(settings, "http-intake")
    assert "name no certificate in PEM and its key" in line
