from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.audit import ConsoleAudited
from schemas.canonical import data_of

AT = datetime(2026, 11, 26, 4, tzinfo=UTC)
LOOK: dict[str, Any] = {"who": "aigerim", "role": "caseworker", "at": AT, "what": "looked"}


def test_a_look_is_written_with_every_field_null_ones_too() -> None:
    assert data_of(ConsoleAudited(**LOOK)) == {
        "who": "aigerim",
        "role": "caseworker",
        "at": "2026-11-26T04:00:00Z",
        "what": "looked",
        "act_id": None,
        "person_id": None,
        "case_id": None,
    }


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"what": "acted"}, "has an act_id"),
        ({"act_id": "1"}, "has an act_id"),
        ({"person_id": "850101300015"}, "person_id"),
        ({"role": "root"}, "role"),
        ({"who": ""}, "who"),
    ],
)
def test_what_is_no_look_and_no_act_is_refused_and_not_repeated(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why) as refused:
        ConsoleAudited(**LOOK | wrong)
    assert "850101300015" not in str(refused.value)
