"""The mark of fields that are somebody's: what they hold is not to be seen in a log."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, get_args

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Personal:
    """Stands in the annotation of what names a person, or was said to or by one."""


PersonalText = Annotated[str, Personal()]
"""What was said to a person or by one, or shows a part of their numbers."""


def marked_fields(model: type[BaseModel]) -> Iterator[str]:
    """The names of the fields that bear the mark, in a model and in the models inside it."""
    seen: set[type[BaseModel]] = set()
    waiting = [model]
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        for name, field in each.model_fields.items():
            marks, models = _within(field.annotation)
            if marks or any(isinstance(mark, Personal) for mark in field.metadata):
                yield name
            waiting += models


def _within(annotation: object) -> tuple[bool, list[type[BaseModel]]]:
    """Whether the mark stands somewhere in an annotation, and which models do."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return False, [annotation]
    marked = isinstance(annotation, Personal)
    models: list[type[BaseModel]] = []
    for part in get_args(annotation):
        inner, found = _within(part)
        marked, models = marked or inner, models + found
    return marked, models
