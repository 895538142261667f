"""Changing a value: only fields that there are, and only what they may hold."""

from datetime import UTC, datetime

import pytest

from rules.person import Case, Person, Source
from rules.states import State
from schemas.ids import CaseId, PersonId
from schemas.values import Ground
from sms.conversation.line import Line

NOON = datetime(2021, 7, 15, 6, tzinfo=UTC)
CASE = Case(
    case_id=CaseId("case"),
    ground=Ground.PEOPLES_HERO,
    record="award",
    record_id="A",
    source=Source(id="1", source="urn:test", time=NOON, sha256="d" * 64),
)
PERSON = Person(person_id=PersonId("person"), iin="850101300015")


def test_what_is_not_named_stays() -> None:
    changed = PERSON.with_(phone="+77011234567", phone_as_of=NOON)
    assert changed == Person(
        person_id=PersonId("person"), iin="850101300015", phone="+77011234567", phone_as_of=NOON
    )
    assert PERSON.phone is None


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^Person has no field fone$"):
        PERSON.with_(fone="+77011234567")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phone", 77011234567),
        ("phone_as_of", NOON.replace(tzinfo=None)),
        ("phone_as_of", 20210715),
        ("benefit", "promised"),
        ("dead", 1),
        ("standings", [()]),
        ("cases", {"case": PERSON}),
        ("iin", ("850101300015",)),
    ],
)
def test_a_value_of_another_type_is_refused_without_being_told(name: str, value: object) -> None:
    with pytest.raises(TypeError, match=f"^Person\\.{name}: ") as refused:
        PERSON.with_(**{name: value})
    assert "8501" not in str(refused.value)


def test_text_is_no_state_and_a_list_is_no_row() -> None:
    with pytest.raises(TypeError, match=r"^Case\.state: "):
        CASE.with_(state=State.ENDED.value)
    with pytest.raises(TypeError, match=r"^Line\.waiting: "):
        Line().with_(waiting=[])
