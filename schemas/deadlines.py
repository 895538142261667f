"""An instant that somebody waited for has come."""

from typing import ClassVar

from schemas.base import Event, Instant


class DeadlineElapsed(Event):
    """A deadline's instant has come. Whether it still matters is for the desk to decide.

    `deadline` names what was waited for, `version` which setting of it.
    """

    name: ClassVar[str] = "deadline.elapsed"

    deadline: str
    version: int
    due: Instant
