"""What a local broker is to those who use it."""

from typing import ClassVar, Protocol

from streams.errors import UserError


class BrokerError(UserError):
    """A local broker cannot be had, or did not start; the message says why and what to do."""


class Broker(Protocol):
    """A broker on this machine, started and stopped by us. It dies when the process that started it dies."""

    kind: ClassVar[str]

    @property
    def address(self) -> str:
        """`host:port`, the same after every start."""
        ...

    @property
    def pid(self) -> int | None:
        """The broker's process, None while it does not run."""
        ...

    def start(self) -> None:
        """Start it and wait until it answers. Raises `BrokerError`, with the end of its log."""
        ...

    def stop(self) -> None:
        """Stop it in order; if that takes too long, by force."""
        ...

    def kill(self) -> None:
        """Kill it as a crash would (SIGKILL)."""
        ...

    def alive(self) -> bool:
        """Whether its process runs."""
        ...
