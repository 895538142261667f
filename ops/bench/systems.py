"""What a system is to the benchmarks: something that is started beside a broker and before the load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Beside:
    """What is there when a system starts: the broker, and where the load awaits SMS and decisions."""

    kafka: str
    sms: str
    decisions: str


@dataclass(frozen=True, slots=True)
class Wired:
    """Where a started system takes what the load brings, and the processes that it consists of, by role."""

    awards: str
    facts: str
    answers: str
    decisions: str | None
    processes: Mapping[str, Sequence[int]] = field(default_factory=dict)


class System(Protocol):
    """A system that does the full case."""

    @property
    def name(self) -> str:
        """A short name, the same in all reports."""
        ...

    @property
    def title(self) -> str:
        """What it is, in words."""
        ...

    async def start(self, beside: Beside) -> Wired:
        """Start it and wait until it is ready. Raises `UserError`."""
        ...

    async def settled(self) -> bool:
        """Whether all that was published is applied."""
        ...

    async def stop(self) -> None:
        """Stop all of it."""
        ...

    def tail(self) -> str:
        """The end of its logs, for whoever looks for a fault."""
        ...
