"""What an act must say, and that acts which nobody knows yet are read."""

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.cloudevents import explain
from schemas.operators import MOST_PERSONS, OperatorActed

PERSON = "9f2c" * 16


def act(name: str, kind: str = "offers", id_: str = "all", **details: Any) -> dict[str, Any]:
    return {
        "act": name,
        "object": {"kind": kind, "id": id_},
        "details": details,
        "reason": "so it was said",
        "operator": "operator-3",
    }


@pytest.mark.parametrize(
    "content",
    [
        act("pause"),
        act("resume", whatever=[1]),
        act("pause", "ground", "8-1"),
        act("pilot", share=0),
        act("pilot", share=0.5),
        act("pilot", share=100, persons=[]),
        act("pilot", persons=[PERSON] * MOST_PERSONS),
        act("end_pilot"),
        act("shadow"),
        act("daily_sms", number=0),
        act("daily_sms", number=None),
        # What nobody knows yet, and what others obey.
        act("praise", share="much"),
        act("pilot", "dead_letter", "dead-letter.v1/0/7"),
        act("sent", "message", "m", sent_at="now") | {"phone_id": PERSON},
        act("hold", "case", "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11") | {"person_id": PERSON},
    ],
)
def test_what_is_well_said_is_read(content: dict[str, Any]) -> None:
    read = OperatorActed.model_validate(content)
    assert read.of_the_service == (read.object.kind in ("offers", "ground"))
    assert read.model_dump(include={"act", "details"}) == {
        "act": content["act"],
        "details": content["details"],
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (act("pause", id_="some"), "the data: object: the id of the offers is all"),
        (
            act("pause", "ground", "9"),
            "the data: object: the id of a ground is one of 1-1, 4-2, 4-3, 7, 8, 8-1",
        ),
        (act("pilot"), "the data: details: say a share in percent, or persons by their person_id, or both"),
        (act("pilot", share="20"), "the data: details.share: Input should be a valid number"),
        (act("pilot", share=True), "the data: details.share: Input should be a valid number"),
        (act("pilot", share=101), "the data: details.share: Input should be less than or equal to 100"),
        (act("pilot", share=-1), "the data: details.share: Input should be greater than or equal to 0"),
        (act("pilot", persons=["850101300015"]), "the data: details.persons.0: String should match pattern"),
        (
            act("pilot", persons=[PERSON] * (MOST_PERSONS + 1)),
            "the data: details.persons: Tuple should have at most 5000 items after validation, not 5001",
        ),
        (act("daily_sms"), "the data: details.number: Field required"),
        (act("daily_sms", number=-1), "the data: details.number: Input should be greater than or equal to 0"),
        (act("daily_sms", number=1.5), "the data: details.number: Input should be a valid integer"),
    ],
)
def test_what_is_badly_said_is_refused_in_words_that_repeat_nobodys_number(
    content: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        OperatorActed.model_validate(content)
    said = explain(refused.value)
    assert said.startswith(reason)
    assert "850101300015" not in said
