"""A null is nothing where a field has a default; elsewhere it is a value, or a fault as absence is."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ops.docs.schemas import event_schema
from schemas.base import Event
from schemas.catalogue import PUBLIC_IN
from schemas.cloudevents import decode
from schemas.received import UnknownEventError, received_event
from tests.unit.public_events import DATA

FIELDS = [(name, field) for name, model in PUBLIC_IN.items() for field in model.model_fields]
NEEDED = [(name, field) for name, field in FIELDS if PUBLIC_IN[name].model_fields[field].is_required()]
LEFT_OUT = [pair for pair in FIELDS if pair not in NEEDED]
NULLS = [("portal.phone-registered.v1", "phone"), ("statecorp.account-known.v1", "iban")]


def read(name: str, data: dict[str, Any]) -> Event:
    headers = tuple(
        (f"ce_{key}", value.encode())
        for key, value in {
            "specversion": "1.0",
            "id": "1",
            "source": "s",
            "type": f"kz.jardem.{name}",
        }.items()
    )
    event = decode(json.dumps(data).encode(), headers, timestamp=datetime(2021, 7, 15, tzinfo=UTC))
    return received_event(event, PUBLIC_IN).data


def test_the_fields_that_may_be_left_out_are_these() -> None:
    assert LEFT_OUT == [
        ("registry.title-awarded.v1", "posthumous"),
        ("registry.title-awarded.v1", "legal_capacity"),
        ("registry.disability-established.v1", "in_baikonur"),
        ("registry.disability-established.v1", "legal_capacity"),
        ("registry.entitlement-revoked.v1", "record"),
        ("registry.entitlement-revoked.v1", "reason"),
        ("registry.entitlement-restored.v1", "record"),
        ("registry.entitlement-restored.v1", "reason"),
        ("registry.death-annulled.v1", "reason"),
        ("statecorp.benefit-recorded.v1", "case_id"),
        ("emaket.decision-signed.v1", "refusal_ground"),
        ("emaket.decision-signed.v1", "signature"),
        ("operator.acted.v1", "person_id"),
        ("operator.acted.v1", "phone_id"),
        ("operator.acted.v1", "details"),
    ]


@pytest.mark.parametrize(
    # An act on a case, which is what is tried here, does name its person.
    ("name", "field"),
    [pair for pair in LEFT_OUT if pair != ("operator.acted.v1", "person_id")],
)
def test_a_null_says_no_more_than_nothing_where_there_is_a_default(name: str, field: str) -> None:
    without = {key: value for key, value in DATA[name].items() if key != field}
    assert read(name, without | {field: None}) == read(name, without)


@pytest.mark.parametrize(("name", "field"), NEEDED)
def test_what_has_no_default_is_not_left_out(name: str, field: str) -> None:
    without = {key: value for key, value in DATA[name].items() if key != field}
    with pytest.raises(UnknownEventError, match=f"{field}: Field required"):
        read(name, without)


@pytest.mark.parametrize(("name", "field"), NEEDED)
def test_a_null_is_a_value_of_the_phone_and_the_account_only(name: str, field: str) -> None:
    nothing = DATA[name] | {field: None}
    if (name, field) in NULLS:
        assert getattr(read(name, nothing), field) is None
    else:
        with pytest.raises(UnknownEventError, match=f"{field}: "):
            read(name, nothing)


def test_a_revocation_is_heard_though_its_reason_is_null() -> None:
    name = "registry.entitlement-revoked.v1"
    heard = read(name, DATA[name] | {"reason": None, "record": None})
    assert heard.model_dump(exclude={"iin"}) == {"record_id": "A-17", "record": None, "reason": ""}


def test_a_null_of_a_field_that_nobody_knows_is_ignored() -> None:
    name = "registry.death-registered.v1"
    assert read(name, DATA[name] | {"place": None}) == read(name, DATA[name])


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_the_published_schema_says_where_a_null_may_stand(name: str, field: str) -> None:
    data = DATA[name] | {field: None}
    valid = Draft202012Validator(event_schema(PUBLIC_IN[name])).is_valid(data)
    assert valid is ((name, field) in (*LEFT_OUT, *NULLS))
