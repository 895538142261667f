"""The part that is the same for every local broker: one child process at one port of this machine."""

import time
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from ops.brokers.broker import BrokerError
from ops.brokers.child import Child
from ops.reach import ANSWER_SECONDS, answers, free_port, obstacle
from streams.errors import make_folder

_PORT = "--port, or 0 for any that is free"


class LocalBroker:
    """A broker run as a child process, with its data in `folder`, which it finds again at the next start.

    Subclasses say what to run. It listens on 127.0.0.1 at `port`; 0 chooses a free one, and keeps it.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    start_seconds: ClassVar[float]
    stop_seconds: ClassVar[float]

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self.folder = folder.resolve()
        self.port = port or free_port()
        self._child: Child | None = None

    def command(self) -> list[str]:
        """The program and its arguments, with all that it needs made ready. Raises `BrokerError`."""
        raise NotImplementedError

    def answers(self, *, timeout: float = ANSWER_SECONDS) -> bool:
        """Whether it answers where it listens."""
        return answers(self.address, timeout=timeout)

    @property
    def address(self) -> str:
        """`host:port`, the same after every start."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The broker's process, None while it does not run."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start it and wait until it answers. Raises `BrokerError`, with the end of its log."""
        if self.answers(timeout=1):
            raise BrokerError(
                f"a broker already answers at {self.address}: use that one (JARDEM_KAFKA={self.address}), or "
                f"give another {_PORT}"
            )
        if why := obstacle(self.port):
            raise BrokerError(f"{self.title} cannot listen at {self.address} ({why}): give another {_PORT}")
        make_folder(self.folder, "JARDEM_DATA_DIR, or --data,")
        self._child = Child(self.command(), log=self.folder / f"{self.kind}.log")
        try:
            self._child.start()
        except OSError as error:
            raise BrokerError(f"{self.title} could not be run: {error}") from error
        deadline = time.monotonic() + self.start_seconds
        while not self.answers():
            if not self._child.alive():
                raise BrokerError(
                    f"{self.title} ended while it started; its log ends with\n{self._child.tail()}"
                )
            if time.monotonic() > deadline:
                self._child.kill()
                raise BrokerError(
                    f"{self.title} did not answer within {self.start_seconds:.0f} s; "
                    f"its log ends with\n{self._child.tail()}"
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it in order; if that takes too long, by force."""
        if self._child:
            self._child.stop(self.stop_seconds)

    def kill(self) -> None:
        """Kill it as a crash would (SIGKILL)."""
        if self._child:
            self._child.kill()

    def alive(self) -> bool:
        """Whether its process runs."""
        return self._child is not None and self._child.alive()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
