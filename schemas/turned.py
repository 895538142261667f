"""What a pure core answers, whichever it is: one shape, so that one shell serves them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from schemas.routes import Effect

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Turned(Generic[S]):
    """What an event did: the state as it is now, the effects in order, and remarks for the log.

    A remark says what was done with an event that changed nothing. It repeats nothing of the event.
    """

    state: S
    effects: Sequence[Effect]
    remarks: Sequence[str]


class RefusedEventError(ValueError):
    """An event on which a core cannot act; it becomes a dead letter.

    The message says why and what to do, and repeats nothing of the event.
    """
