"""What an aggregate waits for, and the event that says that it has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from schemas.base import Event, Instant


@dataclass(frozen=True, slots=True)
class Deadline:
    """What an aggregate waits for: an aware instant in UTC of virtual time, its name and its version."""

    at: datetime
    name: str
    version: int


class DeadlineElapsed(Event):
    """A deadline's instant has come. Whether it still matters is for the desk to decide.

    `deadline` names what was waited for, `version` which setting of it.
    """

    name: ClassVar[str] = "deadline.elapsed"

    deadline: str
    version: int
    due: Instant
