"""`make churn`: long runs on both stores, broker faults, and the stock control; the report goes to a file.

python -m tests.crash.report --seconds 900 docs/reports/churn.md
"""

import argparse
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ops.brokers.kafka_files import kafka_version
from tests.crash.churn import Plan, Verdict, run

HEAD = """\
# The churn

Events flow at 450 a second to 20,000 keys, unless it says otherwise. Meanwhile workers join, leave
(SIGTERM), are killed (SIGKILL; "restart" starts the killed one again at once, in its own folder) and frozen
(SIGSTOP for 1 to 15 s; the session timeout is 6 s), two to nine seconds apart, three at most at a time.
Where brokers are hurt, one is also stopped for 2 to 8 s ("stall"), or killed with SIGKILL and started
again ("bounce"); of three, the leaders of all partitions are moved too ("move"). Afterwards everything is
counted; then all workers leave, one comes, events flow again, and everything is counted once more.

- **lost**: ids of the source without an effect.
- **doubled**: ids with two different effects, which shows that an event was applied twice.
- **sent again**: copies of an effect, byte for byte the same; with at-least-once there are some.
- **keys wrong**: keys whose table value (a count, and a chain of hashes over the ids in their order) is
  not the fold of the source.
- **behind**: partitions whose committed offset is not the end of the log.
- **ended**: workers that ended by themselves, with their exit codes (`streams/exits.py`; 74: frozen for
  too long with records to send). A supervisor would start them again, and so does the churn.

The stock control is the same work on Faust's own classes, with its recommended settings and without
freezes. It has no memory of ids, so what it reads again it applies again: only "lost" and "behind" are
the transport's alone.

| run | seconds | events | lost | doubled | sent again | keys wrong | behind | what was done | ended |
|---|---|---|---|---|---|---|---|---|---|
"""


def words(counts: Mapping[Any, int]) -> str:
    """Counts in words for a table."""
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=str)) or "none"


def row(plan: Plan, verdict: Verdict) -> str:
    """A run as a row of the report."""
    kind = "**stock Faust**, " if plan.stock else ""
    if plan.faults:
        kind = "broker hurt, " if plan.brokers == 1 else f"{plan.brokers} brokers hurt, "
    name = f"{kind}{plan.store}, {plan.partitions} partitions, seed {plan.seed}"
    if plan.keys != Plan.keys:
        name += f", {plan.keys} keys"
    cells: list[object] = [name, f"{plan.seconds:g}", verdict.source, verdict.lost, verdict.doubled]
    cells += [verdict.repeats, verdict.keys_wrong, words(verdict.lagging), words(verdict.actions)]
    ended = words({f"with {code}": count for code, count in verdict.ended_by_themselves.items()})
    return "| " + " | ".join(map(str, [*cells, ended])) + " |\n"


def commit() -> str:
    """The commit that runs, and whether anything was changed since."""
    answer = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return f"commit {answer.stdout.strip()}" if answer.returncode == 0 else "no commit"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--control-seconds", type=float, default=120)
    args = parser.parse_args()
    plans = [
        Plan(kafka="", store="memory", partitions=12, seconds=args.seconds, seed=20260101),
        Plan(kafka="", store="rocksdb", partitions=4, seconds=args.seconds, seed=20260102),
        Plan(kafka="", seconds=args.control_seconds, seed=3, freeze=False, faults=True),
        Plan(kafka="", seconds=args.control_seconds, seed=4, freeze=False, brokers=3, faults=True),
        Plan(kafka="", seconds=args.control_seconds, seed=5, stock=True),
    ]
    rows, sound = [], True
    for plan in plans:
        verdict = run(plan)
        rows.append(row(plan, verdict))
        # A control that loses nothing proves nothing.
        sound = sound and (bool(verdict.lost) if plan.stock else verdict.sound)
    packages = ", ".join(f"{p} {version(p)}" for p in ("faust-streaming", "aiokafka", "mode-streaming"))
    kafka = f"Apache Kafka {kafka_version()}"
    python = f"Python {platform.python_version()}"
    foot = f"\nAt {commit()}, {datetime.now(UTC):%Y-%m-%d}: {packages}, {python}, {kafka}.\n"
    args.report.parent.mkdir(parents=True, exist_ok=True)
    args.report.write_text(HEAD + "".join(rows) + foot)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
