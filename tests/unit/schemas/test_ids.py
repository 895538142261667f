"""How ids are formed, for ever: a repeat that another release handles must have the same ids."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import ids
from schemas.ids import (
    CaseId,
    MessageId,
    PersonId,
    QuestionId,
    Sid,
    case_id_of,
    decision_id_of,
    derived_id,
    explanation_id_of,
    message_id_of,
    notice_id_of,
    person_of,
    question_id_of,
    resent_id_of,
)

CASE = CaseId("case")


@pytest.mark.parametrize(
    ("made", "written"),
    [
        (case_id_of(PersonId("person"), "award", "A"), "44b4a091-0ebb-5f71-970f-648c930e5eb7"),
        (question_id_of(CASE, 0), "3f5b6d1b-528f-5b42-b717-52ba70adae90"),
        (notice_id_of(CASE, "no_reply", 4), "77139614-f639-53fb-8f71-e2b9a92e73b3"),
        (message_id_of(QuestionId("q")), "5587c7da-aa74-5c8c-8618-fe5255859e5c"),
        (explanation_id_of(QuestionId("q"), "1"), "c5de71db-1b38-5ecf-ba38-bec726a90f68"),
        (resent_id_of(MessageId("m")), "8f669f81-9cdd-5c04-aebe-3c546dda0754"),
        (decision_id_of(PersonId("person"), CASE, Sid("IN")), "person.c28b3886-b1e4-5731-916d-4fc8e82c9864"),
    ],
)
def test_an_id_is_formed_as_it_always_was(made: str, written: str) -> None:
    assert made == written


@given(st.lists(st.text()))
def test_a_derived_id_is_the_uuid_of_its_parts_as_json(parts: list[str]) -> None:
    namespace = uuid.UUID("5a0e9f0e-4f0b-5b0c-9c57-6a61726d656d")
    assert derived_id(*parts) == str(uuid.uuid5(namespace, json.dumps(parts)))


def test_a_decision_id_carries_its_person() -> None:
    person = PersonId("9f2c")
    assert person_of(decision_id_of(person, CASE, Sid("IN"))) == person


def test_a_long_id_has_its_pseudonym_and_is_not_remembered() -> None:
    pseudonyms, long = ids.Pseudonyms(b"a key of tests"), "x" * 1_000_000
    before = ids._remembered.cache_info().currsize
    assert pseudonyms.phone(long) == pseudonyms.phone(long) != pseudonyms.phone(long + "x")
    assert ids._remembered.cache_info().currsize == before
