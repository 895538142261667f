"""The report of a run: `docs/reports/crash.md`."""

import os
import platform
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from ops.brokers.kafka_files import kafka_version
from tests.crash.kills.plan import KILLS, Kind
from tests.crash.kills.run_verdict import Verdict
from tests.crash.kills.standstill import MOST_SECONDS
from tests.crash.report import commit

_HEAD = """\
# A hundred kills

Written by `make crash CRASH="{options}"`. Three brokers (replication 3, two copies for an acknowledgement),
three workers (two on RocksDB, one in memory; {partitions} partitions), two webhooks behind a balancer, and
the SMS API with its record on disk run as processes of their own. Registries publish {rate:g} entitlements
a second, and citizens answer by SMS. Meanwhile processes are killed (SIGKILL), stopped in order (SIGTERM)
and frozen (SIGSTOP) at random, leaders, the controller and the coordinator of the group included, at most
one broker at a time; a quarter of the faults goes on while the next begins. A supervisor starts again
whatever has ended. In between a broker and the SMS API are slow, and a worker's disk is full. Then
everything is read from the topics and from the SMS API's own record.

The order of the faults comes from the seed. A day of the law lasts {day:g} s.

"""


def report(verdict: Verdict) -> str:
    """The whole page."""
    plan = verdict.plan
    options = f"--kills {plan.kills} --seed {plan.seed}"
    head = _HEAD.format(options=options, partitions=plan.partitions, rate=plan.rate, day=plan.day)
    parts = [_result(verdict), _faults(verdict), _waits(verdict), _longest(verdict), _foot(verdict)]
    return head + "\n".join("\n".join(part) + "\n" for part in parts)


def _result(verdict: Verdict) -> Iterator[str]:
    judged = verdict.judged
    yield "## What was counted"
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| kills, clean stops and freezes | {verdict.kills} |"
    yield f"| entitlements published | {judged.entitlements} |"
    yield f"| **lost**: without the outcome that the answers call for | {judged.lost} |"
    yield f"| **doubled**: cases with two decisions, or events told twice differently | {judged.doubled} |"
    yield f"| answers that reached the SMS API only after the term's end | {judged.late} |"
    yield f"| events told again, byte for byte the same | {judged.repeats} |"
    yield f"| SMS in the SMS API's record | {judged.sms} |"
    yield f"| **sent twice** outside of doubt | {judged.sms_twice} |"
    yield f"| in doubt, and counted | {judged.in_doubt} |"
    yield f"| the audit log (`jardem verify --log`) | {verdict.log} |"
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(judged.outcomes.items()))
    yield f"| outcomes | {outcomes} |"
    ended = ", ".join(f"{count} {name}" for name, count in sorted(verdict.exits.items()))
    yield f"| ended by themselves (`streams/exits.py`), and started again | {ended or 'none'} |"
    yield f"| left out | {'; '.join(verdict.skipped) or 'nothing'} |"
    yield f"| breaches | {len(verdict.breaches)} |"
    for breach in verdict.breaches:
        yield f"\n- {breach}"


def _faults(verdict: Verdict) -> Iterator[str]:
    done = Counter((hurt.fault.kind, hurt.fault.act) for hurt in verdict.hurts)
    acts = sorted({act for _, act in done}, key=lambda act: (act not in KILLS, act))
    yield "## What was done"
    yield ""
    yield "| | " + " | ".join(acts) + " |"
    yield "|---" * (len(acts) + 1) + "|"
    for kind in Kind:
        yield f"| {kind} | " + " | ".join(str(done[kind, act]) for act in acts) + " |"
    yield ""
    yield "Ready again, in seconds from the beginning of the fault:"
    yield ""
    yield "| fault | times | median | longest |"
    yield "|---|---|---|---|"
    for kind, act in sorted(done, key=lambda each: (each[0], each[1])):
        took = [
            (hurt.ready - hurt.began).total_seconds()
            for hurt in verdict.hurts
            if (hurt.fault.kind, hurt.fault.act) == (kind, act) and hurt.ready is not None
        ]
        yield f"| {act} of {kind} | {len(took)} | {median(took):.1f} | {max(took):.1f} |"


def _waits(verdict: Verdict) -> Iterator[str]:
    yield "## How long cases stood still"
    yield ""
    yield "From the broker's stamp of an event in `case.inbox.v1`, `sms.inbox.v1` or `sms.outbox.v1` to the"
    yield "first write of its key's value after it, by what was done while it waited, in seconds. The last"
    yield "column is without the time for which the fault itself lasted: until a frozen process went on, a"
    yield "killed one was started again (0.2 to 5 s), a full disk was empty; of a clean stop nothing is taken"
    yield "off. A clean stop is two rebalances: the worker's partitions go to the others, and back when it is"
    yield f"started again. The goal: no case stands still for more than {MOST_SECONDS:g} s because of a"
    yield "rebalance."
    yield ""
    yield "| meanwhile | faults | events | median | p99 | longest | beyond the fault |"
    yield "|---|---|---|---|---|---|---|"
    for row in verdict.table:
        seconds = " | ".join(f"{each:.2f}" for each in (row.median, row.p99, row.longest, row.excess))
        yield f"| {row.during} | {row.faults} | {row.waits} | {seconds} |"


def _longest(verdict: Verdict) -> Iterator[str]:
    yield "The longest waits:"
    yield ""
    yield "| where | from | to | seconds | meanwhile |"
    yield "|---|---|---|---|---|"
    for wait in verdict.longest:
        when = f"{wait.since:%H:%M:%S} | {wait.until:%H:%M:%S}"
        yield f"| {wait.topic}[{wait.partition}] | {when} | {wait.seconds:.1f} | {wait.during} |"


def _foot(verdict: Verdict) -> Iterator[str]:
    minutes = (verdict.ended - verdict.began).total_seconds() / 60
    load = os.getloadavg()
    yield f"At {commit()}, {verdict.ended:%Y-%m-%d}, in {minutes:.0f} minutes: Python"
    yield f"{platform.python_version()}, Apache Kafka {kafka_version()}, {os.cpu_count()} cores, load average"
    yield f"{load[2]:.1f} over the last 15 minutes."


def write(verdict: Verdict, path: Path) -> None:
    """Write the page to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report(verdict), encoding="utf-8")
