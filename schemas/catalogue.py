"""Which model belongs to which event name: derived from the base classes that say who receives an event."""

from collections.abc import Iterator

from schemas import (
    audit,
    cabinet,
    deadlines,
    emaket,
    messages,
    operators,
    outcomes,
    portal,
    questions,
    registry,
    statecorp,
)
from schemas.base import Event
from schemas.routes import PublicIn, PublicKept, PublicOut, ToCarrier, ToCase, ToLine

_DEFINED = (registry, portal, statecorp, emaket, operators, outcomes, cabinet, audit, questions, messages)
_MODULES = tuple(module.__name__ for module in _DEFINED)
"""Where events are defined, in the order in which they are told of. A test's own are not of the catalogue."""


def _by_name(base: type[Event]) -> dict[str, type[Event]]:
    """The events of a base by their names, module by module, in the order of their definition."""
    found = sorted(_events(base), key=lambda model: _MODULES.index(model.__module__))
    return {model.name: model for model in found}


def _events(base: type[Event]) -> Iterator[type[Event]]:
    for model in base.__subclasses__():
        if "name" in model.__dict__ and model.__module__ in _MODULES:
            yield model
        yield from _events(model)


_ACT: dict[str, type[Event]] = {operators.OperatorActed.name: operators.OperatorActed}
_DEADLINE: dict[str, type[Event]] = {deadlines.DeadlineElapsed.name: deadlines.DeadlineElapsed}

PUBLIC_IN = _by_name(PublicIn)
"""The public events that come in, by topic."""

ABOUT_PERSONS = {name: model for name, model in PUBLIC_IN.items() if not issubclass(model, PublicKept)}
"""Those of them that are about somebody, whose case they may move."""

PUBLIC_OUT = _by_name(PublicOut)
"""The public events that go out, by topic."""

CASE_EVENTS = ABOUT_PERSONS | _by_name(ToCase) | _DEADLINE
"""What the case desk understands, by event name."""

LINE_EVENTS = _by_name(ToLine) | _ACT | _DEADLINE
"""What the SMS desk understands, by event name."""

CARRIER_EVENTS = _by_name(ToCarrier) | _ACT
"""What the carrier understands, by event name."""
