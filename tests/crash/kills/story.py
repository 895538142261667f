"""What happened, and when: printed as it goes, kept for the verdict, and written beside the logs."""

import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.crash.kills.plan import Fault


@dataclass(slots=True)
class Hurt:
    """A fault as it was done: to whom, from when, when it ended, and when who was hurt was ready again."""

    fault: Fault
    victim: str
    began: datetime
    ended: datetime | None = None
    ready: datetime | None = None
    note: str = ""


@dataclass(slots=True)
class Exited:
    """A process that ended although nobody had told it to."""

    name: str
    code: int
    at: datetime
    tail: str


@dataclass
class Story:
    """One run's story. `path` is where it is written, a line for each thing that happens."""

    path: Path
    quiet: bool = False
    hurts: list[Hurt] = field(default_factory=list)
    exits: list[Exited] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Add a line."""
        line = f"{datetime.now(UTC):%H:%M:%S.%f}"[:-3] + f" {text}"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        if not self.quiet:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def begin(self, fault: Fault, victim: str) -> Hurt:
        """A fault begins."""
        hurt = Hurt(fault, victim, datetime.now(UTC))
        self.hurts.append(hurt)
        self.tell(f"[{len(self.hurts)}] {fault.act} of {victim}, {fault.seconds:.1f} s ({fault.role})")
        return hurt

    def skip(self, why: str) -> None:
        """A fault that this machine does not allow, or that found nobody to be done to."""
        self.skipped.append(why)
        self.tell(f"left out: {why}")

    def trouble(self, what: str) -> None:
        """Something that no fault excuses."""
        self.troubles.append(what)
        self.tell(f"trouble: {what}")

    def exited(self, name: str, code: int, tail: str) -> None:
        """A process ended by itself."""
        self.exits.append(Exited(name, code, datetime.now(UTC), tail))
        self.tell(f"{name} ended by itself with {code}: {tail.splitlines()[-1][:300] if tail else ''}")
