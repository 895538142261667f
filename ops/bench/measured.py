"""What was measured, as it is kept in JSON: each figure of each round, and on which machine, with what."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from ops.bench.figures import Spread, ratios, spread
from ops.brokers.kafka_files import kafka_version
from streams.errors import UserError

FORMAT = 1
OURS = "jardem"
"""What the system under test is called."""
AGAINST = "against"
"""What the other version is called."""

_PACKAGES = ("faust-streaming", "aiokafka", "mode-streaming", "pydantic", "rocksdict", "twilio", "aiohttp")


class UnreadableReportError(UserError):
    """A file that is no report of ours; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One round of one system at one point, like `100/s`: its figures by name, or why there are none."""

    system: str
    point: str
    round: int
    figures: Mapping[str, float]
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """All rounds of one benchmark. `systems` are the systems in words, `versions` those of each."""

    benchmark: str
    options: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    began: str = ""
    systems: dict[str, str] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def points(self) -> list[str]:
        """All points, in the order in which they were measured."""
        return list(dict.fromkeys(one.point for one in self.measurements))

    def names(self, point: str) -> list[str]:
        """The figures that a point has, in order."""
        found = [name for one in self.measurements if one.point == point for name in one.figures]
        return list(dict.fromkeys(found))

    def values(self, figure: str, point: str | None = None, system: str = OURS) -> list[float]:
        """A figure in the order of its rounds; without a point of the first that has it."""
        if point is None:
            point = next((each for each in self.points() if self.values(figure, each, system)), "")
        found = [one for one in self.measurements if (one.system, one.point) == (system, point)]
        return [one.figures[figure] for one in found if figure in one.figures]

    def spread(self, figure: str, point: str | None = None, system: str = OURS) -> Spread | None:
        """The spread of a figure; None where it was not measured."""
        values = self.values(figure, point, system)
        return spread(values) if values else None

    def ratio(self, figure: str, point: str | None, other: str) -> Spread | None:
        """How many times the other's our figure is; None where they did not run in turn."""
        try:
            return ratios(self.values(figure, point), self.values(figure, point, other))
        except ValueError:
            return None

    def faults(self) -> list[str]:
        """What went wrong, each with where."""
        return [
            f"{one.system}, {one.point or self.benchmark}, round {one.round}: {fault}"
            for one in self.measurements
            for fault in one.faults
        ]

    def json(self) -> str:
        """As it is kept."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"


def read_report(path: Path) -> Report:
    """A report that was kept. Raises `UnreadableReportError`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise UnreadableReportError(f"{path} is a report of another version: measure anew")
        content["measurements"] = [Measurement(**one) for one in content["measurements"]]
        return Report(**content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableReportError(
            f"{path} is no report that `jardem bench ... --json` has written ({type(error).__name__})"
        ) from None


def new_report(benchmark: str, options: Mapping[str, Any]) -> Report:
    """An empty report of this machine and this moment."""
    return Report(
        benchmark,
        options=dict(options),
        machine=_machine(),
        began=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _machine() -> dict[str, Any]:
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        memory = 0
    return {
        "processors": os.cpu_count() or 0,
        "model": _model(),
        "memory_bytes": memory,
        "system": f"{platform.system()} {platform.release()}",
        "load_before": os.getloadavg()[0],
    }


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return found[0] if found else platform.machine()


def versions_of(code: Path) -> dict[str, str]:
    """The versions of what runs: the commit, Python, Kafka, and the packages that matter."""
    found = {"jardem": commit_of(code), "python": platform.python_version(), "kafka": kafka_version()}
    return found | {name: metadata.version(name) for name in _PACKAGES}


def commit_of(code: Path) -> str:
    """The commit of a checkout, with `+changes` where it is not as committed."""
    told = ["git", "-C", str(code), "describe", "--always", "--dirty=+changes", "--abbrev=7", "--tags"]
    done = subprocess.run(told, capture_output=True, text=True, check=False)  # noqa: S603 - git
    return done.stdout.strip() or metadata.version("jardem")
