"""What the public events that come in take beyond their times, their nulls and their numbers."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from schemas.base import Event
from schemas.catalogue import ABOUT_PERSONS, CASE_EVENTS, PUBLIC_IN
from schemas.registry import EntitlementRestored, EntitlementRevoked
from tests.unit.public_events import DATA, IIN


@pytest.mark.parametrize("event", [EntitlementRevoked, EntitlementRestored])
def test_a_revocation_and_its_undoing_say_of_which_register_the_record_is(event: Any) -> None:
    assert {event.name: event}.items() <= ABOUT_PERSONS.items() <= CASE_EVENTS.items()
    least = {"iin": IIN, "record_id": "17"}
    assert event.model_validate(least).record is None
    for record in ("title", "disability"):
        assert event.model_validate(least | {"record": record}).record == record
    for wrong in ("award", "certificate", "Title", "", 1, True, ["title"]):
        with pytest.raises(ValidationError, match="record"):
            event.model_validate(least | {"record": wrong})


@pytest.mark.parametrize("name", sorted(PUBLIC_IN))
def test_every_public_event_has_an_example_that_is_read(name: str) -> None:
    assert PUBLIC_IN[name].model_validate(DATA[name]).name == name


CASE = "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11"


def of_case(name: str, case_id: object) -> Event:
    """An event of this name that names this case."""
    about = {"case_id": case_id, "object": {"kind": "case", "id": case_id}}
    return PUBLIC_IN[name].model_validate(DATA[name] | about)


@pytest.mark.parametrize("name", ["statecorp.benefit-recorded.v1", "operator.acted.v1"])
def test_a_case_is_named_by_its_uuid_in_whatever_spelling(name: str) -> None:
    assert of_case(name, CASE.upper()) == of_case(name, CASE)
    for wrong in ("", " ", "another", f"{CASE}\0", 17, "a" * 2_000_000):
        with pytest.raises(ValidationError, match=r"case_id|object\.id"):
            of_case(name, wrong)


def test_what_an_act_on_anything_else_is_done_to_stands_as_it_came() -> None:
    name = "operator.acted.v1"
    about = {"kind": "dead_letter", "id": f"{CASE.upper()}/0/7"}
    assert PUBLIC_IN[name].model_validate(DATA[name] | {"object": about}).model_dump()["object"] == about


@pytest.mark.parametrize("ground", [True, False, "4", 0, 5, 1.5, 1.0, 4.0])
def test_a_refusal_names_one_of_four_grounds_by_its_number(ground: object) -> None:
    name = "emaket.decision-signed.v1"
    refused = DATA[name] | {"outcome": "refused"}
    assert PUBLIC_IN[name].model_validate(refused | {"refusal_ground": 4}).model_dump()["refusal_ground"] == 4
    with pytest.raises(ValidationError, match="refusal_ground"):
        PUBLIC_IN[name].model_validate(refused | {"refusal_ground": ground})


_MORE: dict[str, dict[str, object]] = {
    "registry.title-awarded.v1": {"posthumous": True},
    "registry.disability-established.v1": {"in_baikonur": True},
    "emaket.decision-signed.v1": {"outcome": "refused", "refusal_ground": 1},
}
"""What the examples leave out, or have as null, and is no text."""


def _scalars(annotation: Any) -> Iterator[Any]:
    """The truth values and numbers, by type or listed, that an annotation is made of."""
    if annotation in (bool, int, float) or isinstance(annotation, bool | int | float):
        yield annotation
    for part in get_args(annotation):
        yield from _scalars(part)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for field in annotation.model_fields.values():
            yield from _scalars(field.annotation)


def _of_numbers(model: type[BaseModel]) -> set[str]:
    """The fields with such values in them. What may be any JSON is its reader's to check."""
    return {name for name, field in model.model_fields.items() if list(_scalars(field.annotation))}


@pytest.mark.parametrize("name", sorted(PUBLIC_IN))
def test_a_truth_value_and_a_number_are_read_as_what_they_are_alone(name: str) -> None:
    data = DATA[name] | _MORE.get(name, {})
    model = PUBLIC_IN[name]
    model.model_validate(data)
    numbers = {field for field, value in data.items() if isinstance(value, bool | int | float)}
    assert numbers == _of_numbers(model), "an example of every one stands here"
    for field in numbers:
        # A list: in a set `True`, 1 and 1.0 are one.
        for like in [True, False, "yes", "true", "1", "", 0, 1, 1.0, str(data[field]), float(data[field])]:
            if type(like) is not type(data[field]):
                with pytest.raises(ValidationError, match=field):
                    model.model_validate(data | {field: like})
