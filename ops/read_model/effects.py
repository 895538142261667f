"""By which text of a citizen a step of a case was caused: the ids that the text's effects may have."""

from typing import Any

from schemas.ids import derived_id
from schemas.questions import QuestionAnswered, QuestionNotAnswered, QuestionNotUnderstood

ANSWERS = (QuestionAnswered.name, QuestionNotUnderstood.name, QuestionNotAnswered.name)
"""What a text causes on a case."""

_EFFECTS = 8
"""So many effects at most does a text have: by their ids the step is found that it caused."""


def effects_of(row: Any) -> list[str]:  # noqa: ANN401 - a row of `received`
    """The ids that a text's effects on a case may have (`streams.events.effect_id`)."""
    places: list[tuple[str, ...]] = [(str(row["offset"]),), ()]
    return [
        derived_id(row["event_id"], name, str(number), *place)
        for place in places
        for name in ANSWERS
        for number in range(_EFFECTS)
    ]
