"""What full cases take in Kafka and in the tables: `python -m ops.bench.log_size [CASES [SMS_PER_SECOND]]`.

A whole installation on a broker of its own: everybody is awarded a title, agrees, sends an account and is
told of the decision. Then the log is weighed, topic by topic: records, their bytes as they were written, the
bytes of the broker's files, and for a changelog the bytes of the last value of each key, which is the table
at rest. The CPU time is that of the worker alone, from its start on.
"""

import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ops.bench.people import Somebody, somebody
from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from ops.demo.processes import run_command
from ops.demo.recognise import kind_of
from ops.demo.sample import PHONE, TITLE, Published, lines
from ops.reach import admin_client
from ops.topic_records import Item, read_topics
from streams.records import NotUnpacked
from streams.settings.settings import Settings
from streams.topics import CHANGELOGS, all_topics

DOCUMENTS = "cabinet.notified.v1"
"""What is left out of the sum: signed documents, which are as large as they have to be."""

CASES = 300
PER_SECOND = 1000
"""SMS a second. By the default of the settings, 10, a burst waits for its turns, which are records too."""

_TOLD = "granted"
_SECONDS = 300.0
_REST_SECONDS = 4.0


@dataclass(slots=True)
class Weight:
    """What one topic holds: `written` are bytes of keys, values and headers, `kept` those of the files.

    `last` has the bytes of each key's last value, with the key.
    """

    records: int = 0
    written: int = 0
    kept: int = 0
    last: dict[bytes, int] = field(default_factory=dict)


def main(cases: int = CASES, per_second: int = PER_SECOND) -> None:
    """Play so many full cases, and print what they have written."""
    with (
        tempfile.TemporaryDirectory(prefix="jardem-bench-") as folder,
        KafkaBroker(Path(folder) / "kafka") as broker,
    ):
        cpu = asyncio.run(play(broker.address, Path(folder) / "jardem", cases, per_second))
        weights = weigh(broker.address)
    for line in table(weights, cases):
        print(line)  # noqa: T201 - it is a command
    print(f"worker: {cpu * 1000 / cases:.1f} ms of CPU a case")  # noqa: T201 - the same


async def play(kafka: str, folder: Path, cases: int, per_second: int = PER_SECOND) -> float:
    """Take everybody to a decision and its notice; the worker's CPU seconds."""
    people = [somebody(number) for number in range(cases)]
    more = {"JARDEM_SMS_PER_SECOND": str(per_second)}
    async with Installation(kafka, folder, grace=0, hours="off", more=more) as installation:
        simulator, told = installation.simulator, Counter[str]()
        by_phone = {each.phone: each for each in people}

        async def answer(phone: str, text: str) -> None:
            kind = kind_of(text)
            told[str(kind)] += 1
            answers = {"offer": "1", "account": by_phone[phone].iban}
            if kind in answers:
                await simulator.answer(phone, answers[kind])

        simulator.on_message(answer)
        await run_command(
            installation.env, "publish", "-", given=lines([_registered(each) for each in people])
        )
        await asyncio.sleep(_REST_SECONDS)
        before = _cpu_seconds(installation.worker.pid)
        await run_command(installation.env, "publish", "-", given=lines([_awarded(each) for each in people]))
        async with asyncio.timeout(_SECONDS):
            while told[_TOLD] < cases:  # noqa: ASYNC110 - other processes' doing
                await asyncio.sleep(0.1)
        await asyncio.sleep(_REST_SECONDS)
        return _cpu_seconds(installation.worker.pid) - before


def _registered(person: Somebody) -> Published:
    since = (datetime.now(UTC) - timedelta(days=400)).isoformat()
    return Published(PHONE, {"iin": person.iin, "phone": person.phone, "registered_at": since})


def _awarded(person: Somebody) -> Published:
    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    title = {"title": "peoples_hero", "award_id": f"A-{person.phone[-7:]}", "awarded_on": day}
    return Published(TITLE, {"iin": person.iin, **title})


def _cpu_seconds(pid: int | None) -> float:
    """User and system time of a process, from what Linux tells of it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def weigh(kafka: str) -> dict[str, Weight]:
    """What each topic of a broker with nothing else on it holds; of its files, all replicas."""
    settings = Settings(kafka=kafka)
    weights = {topic.name: Weight() for topic in all_topics(settings)}

    def take(item: Item) -> None:
        if isinstance(item, NotUnpacked):
            raise RuntimeError(f"{item.position} cannot be unpacked: {item.reason}")  # noqa: TRY004
        weight = weights[item.topic]
        key, value = item.key or b"", item.value or b""
        weight.records += 1
        weight.written += len(key) + len(value) + sum(len(n) + len(v) for n, v in item.headers)
        weight.last[key] = len(key) + len(value)

    read_topics(settings, list(weights), take)
    admin = admin_client(settings)
    try:
        for broker in admin.describe_log_dirs(list(weights)):
            for topic in (each for folder in broker["log_dirs"] for each in folder["topics"]):
                weights[topic["name"]].kept += sum(part["partition_size"] for part in topic["partitions"])
    finally:
        admin.close()
    return weights


def table(weights: dict[str, Weight], cases: int) -> Sequence[str]:
    """The weights as lines of text, a case each."""

    def line(name: str, of: Sequence[Weight], rest: Sequence[Weight]) -> str:
        sums = [sum(w.records for w in of), sum(w.written for w in of), sum(w.kept for w in of)]
        records, written, kept = (each / cases for each in sums)
        at_rest = sum(sum(w.last.values()) for w in rest) / cases
        return f"{name:34} {records:8.2f} {written:10.0f} {kept:10.0f} {at_rest:10.0f}"

    found = {name: weight for name, weight in weights.items() if weight.records}
    tables = [weight for name, weight in found.items() if name in CHANGELOGS]
    counted = [weight for name, weight in found.items() if name != DOCUMENTS]
    return [
        f"{'a case':34} {'records':>8} {'written B':>10} {'on disk B':>10} {'at rest B':>10}",
        *(line(name, [w], [w] if name in CHANGELOGS else []) for name, w in sorted(found.items())),
        line("changelogs", tables, tables),
        line(f"all but {DOCUMENTS}", counted, tables),
    ]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
