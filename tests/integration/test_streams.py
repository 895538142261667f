"""The streams end to end: a worker process on Apache Kafka."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from ops.brokers.kafka import KafkaBroker
from streams import envelope
from streams.exits import Exit
from tests.integration.ledger import PARTITIONS, Ledger

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


@pytest.fixture(params=["memory", "rocksdb"])
async def ledger(kafka: KafkaBroker, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Ledger]:
    """In both kinds of stores, one after the other."""
    async with Ledger(kafka.address, tmp_path, request.param) as ledger:
        yield ledger


@pytest.fixture
def long_session(monkeypatch: pytest.MonkeyPatch) -> float:
    """So many seconds that nobody takes them for a slow start."""
    monkeypatch.setenv("LEDGER_SESSION", "40")
    return 40.0


async def test_events_are_folded_and_survive_a_restart(ledger: Ledger) -> None:
    await ledger.start()
    await ledger.events(b"a", *({"id": f"a{n}", "add": 1} for n in range(300)))
    await ledger.until_said("a299")
    assert await ledger.end() == 0
    assert await ledger.lag() == 0, "an orderly stop commits everything"
    await ledger.start()
    await ledger.events(b"a", {"id": "a300", "add": 1})
    said = await ledger.until_said("a300")
    assert [effect["sum"] for effect in said] == list(range(1, 302)), "each once, in order, none again"


async def test_a_killed_worker_loses_and_doubles_nothing(ledger: Ledger) -> None:
    await ledger.start()
    feeding = asyncio.create_task(ledger.stream(b"a", *({"id": f"a{n}", "add": 1} for n in range(500))))
    await asyncio.sleep(0.5)
    await ledger.end(signal.SIGKILL)
    await feeding
    await ledger.start()
    said = await ledger.until_said("a499")
    sums: dict[str, set[int]] = {}
    for effect in said:
        sums.setdefault(effect["id"], set()).add(effect["sum"])
    assert sums == {f"a{n}": {n + 1} for n in range(500)}


async def test_a_killed_worker_that_comes_again_does_not_wait_for_its_own_session(
    ledger: Ledger, long_session: float
) -> None:
    await ledger.start()
    await ledger.end(signal.SIGKILL)
    killed = monotonic()
    await ledger.start()
    assert monotonic() - killed < long_session / 2


async def test_a_worker_that_stops_leaves_its_partitions_to_the_others(
    in_memory: Ledger, tmp_path: Path, long_session: float
) -> None:
    await in_memory.start()
    assert await in_memory.end() == 0
    stopped = monotonic()
    other = Ledger(in_memory.kafka, tmp_path)
    other.app_id = in_memory.app_id
    try:
        await other.start(folder="other")
        assert monotonic() - stopped < long_session / 2
    finally:
        await other.__aexit__()


async def test_a_worker_that_stops_leaves_also_when_the_group_rebalances_meanwhile(
    in_memory: Ledger, tmp_path: Path, long_session: float
) -> None:
    second, third = Ledger(in_memory.kafka, tmp_path), Ledger(in_memory.kafka, tmp_path)
    second.app_id = third.app_id = in_memory.app_id
    try:
        await in_memory.start()
        await second.start(folder="second")
        await in_memory.until(in_memory.is_ready)
        # Both have something to wait for when they stop, and the first leaves while the second waits.
        await in_memory.send(in_memory.originals, *((b"%d" % n, b"slow") for n in range(20)))
        await asyncio.sleep(1)
        first = asyncio.create_task(in_memory.end())
        await asyncio.sleep(1.5)
        assert (await second.end(), await first) == (0, 0)
        stopped = monotonic()
        await third.start(folder="third")
        assert monotonic() - stopped < long_session / 2
    finally:
        await second.__aexit__()
        await third.__aexit__()


async def test_a_repeat_in_the_same_batch_says_the_same_again(in_memory: Ledger) -> None:
    """Nothing of it is acknowledged yet, so its effects may be lost with its batch."""
    await in_memory.events(b"a", {"id": "one", "add": 5}, {"id": "one", "add": 5}, {"id": "two", "add": 1})
    await in_memory.start()
    said = await in_memory.until_said("two")
    assert Counter(json.dumps(effect) for effect in said if effect["id"] == "one").most_common()[0][1] == 2
    assert said[-1]["sum"] == 6


async def test_a_repeat_says_nothing_once_the_first_one_is_acknowledged(
    in_memory: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker has its effects, whether or not it is committed; the value is written all the same."""
    monkeypatch.setenv("LEDGER_COMMIT_INTERVAL", "100")
    await in_memory.start()
    await in_memory.events(b"a", {"id": "one", "add": 5})
    await in_memory.until_said("one")
    writes = len(await in_memory.read(in_memory.changelog))
    await in_memory.events(b"a", {"id": "one", "add": 5}, {"id": "two", "add": 1})
    said = await in_memory.until_said("two")
    assert [effect["id"] for effect in said] == ["one", "two"]
    assert said[-1]["sum"] == 6
    assert len(await in_memory.read(in_memory.changelog)) > writes


async def test_what_is_acknowledged_and_not_committed_is_read_again_after_a_kill_and_says_nothing(
    in_memory: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The value of a later batch has no effects of it any more; the state must not take it twice."""
    monkeypatch.setenv("LEDGER_COMMIT_INTERVAL", "100")
    await in_memory.start()
    for number in range(5):
        await in_memory.events(b"a", {"id": f"e{number}", "add": 1})
        await in_memory.until_said(f"e{number}")
    await in_memory.end(signal.SIGKILL)
    await in_memory.start()
    await in_memory.events(b"a", {"id": "last", "add": 1})
    said = await in_memory.until_said("last")
    assert said[-1]["sum"] == 6
    again = [effect["id"] for effect in said].count
    assert [again(f"e{number}") for number in range(4)] == [1, 1, 1, 1]
    assert again("e4") == 2, "its value was the last, so nobody could know"


async def test_bad_records_stop_nobody(in_memory: Ledger) -> None:
    await in_memory.start()
    bad = [(b"a", b"not json"), (b"a", b"{}"), (None, b'{"id":"x"}'), (b"a", None)]
    bad += [(b"a", b'{"id":"raises","raise":1}'), (b"a", b'{"id":"big","big":900000}')]
    await in_memory.send(in_memory.inbox, *bad)
    await in_memory.events(b"a", {"id": "good", "add": 1})
    said = await in_memory.until_said("good")
    await in_memory.until(in_memory.no_lag)
    assert [effect["id"] for effect in said] == ["good"]
    letters = await in_memory.dead_letters()
    assert {(letter.key, letter.value) for letter in letters} == set(bad), "byte for byte"
    reasons = {dict(letter.headers)["jardem_reason"].decode() for letter in letters}
    assert reasons == {
        "not an event",
        "no key",
        "no value",
        "applying raised ZeroDivisionError",
        "its effect is too large",
    }
    first = dict(min(letters, key=lambda letter: int(dict(letter.headers)["jardem_offset"])).headers)
    assert first["jardem_topic"].decode() == in_memory.inbox
    assert set(first) == {
        "jardem_reason",
        "jardem_topic",
        "jardem_partition",
        "jardem_offset",
        "jardem_timestamp",
    }


async def test_a_record_that_the_broker_refuses_ends_the_worker_with_nothing_committed(
    kafka: KafkaBroker, tmp_path: Path
) -> None:
    ledger = Ledger(kafka.address, tmp_path)
    await ledger.make_topics(effect_bytes=5_000)
    await ledger.start()
    await ledger.events(b"a", {"id": "big", "big": 10_000})
    assert ledger.process is not None
    async with asyncio.timeout(30):
        assert await ledger.process.wait() == Exit.LOST_SEND
    last = ledger.lines()[-1]
    assert (last["event"], last["topic"]) == ("a send was lost", ledger.effects)
    assert "MessageSizeTooLargeError" in last["error"]
    assert await ledger.lag() == 1


async def test_deadlines_elapse_once_also_after_a_restart(ledger: Ledger) -> None:
    await ledger.start()
    await ledger.events(b"soon", {"id": "soon", "due": 1.0})
    await ledger.events(b"later", {"id": "later", "due": 6.0})
    said = await ledger.until_said("soon-due-1")
    assert 0 <= next(effect["late"] for effect in said if "elapsed" in effect) < 20
    assert await ledger.end() == 0
    await ledger.start()
    said = await ledger.until_said("later-due-1")
    await asyncio.sleep(1.5)
    assert Counter(effect["id"] for effect in await ledger.said() if "elapsed" in effect) == {
        "soon-due-1": 1,
        "later-due-1": 1,
    }


async def test_deadlines_elapse_once_whichever_worker_has_them_by_then(
    ledger: Ledger, tmp_path: Path
) -> None:
    await ledger.start()
    keys = [f"k{n}" for n in range(12)]
    for key in keys:
        # Once the rebalance is surely over: what is told in the middle of one may be told again.
        await ledger.events(key.encode(), {"id": key, "due": 30.0})
    await ledger.until_said(*keys)
    other = Ledger(ledger.kafka, tmp_path, ledger.store)
    other.app_id = ledger.app_id
    try:
        await other.start(folder="other")
        said = await ledger.until_said(*(f"{key}-due-1" for key in keys))
        await asyncio.sleep(1.5)
    finally:
        await other.__aexit__()
    assert all(0 <= effect["late"] < 20 for effect in said if "elapsed" in effect)
    counts = Counter(effect["id"] for effect in await ledger.said() if "elapsed" in effect)
    assert counts == dict.fromkeys((f"{key}-due-1" for key in keys), 1)


async def test_a_fetch_that_waited_through_a_rebalance_takes_nothing(
    in_memory: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER_DAWDLES", "20")
    await in_memory.start()
    other = Ledger(in_memory.kafka, tmp_path)
    other.app_id = in_memory.app_id

    def dawdled() -> int:
        return [line["event"] for line in in_memory.lines()].count("dawdles")

    before = dawdled()

    async def dawdles_again() -> bool:
        return dawdled() > before

    try:
        await other.start(ready=False, folder="other")
        await in_memory.until(dawdles_again)
        # Nothing was there to be fetched before the seek, and nothing comes after this.
        async with AIOKafkaProducer(bootstrap_servers=in_memory.kafka, acks="all") as producer:
            for n in range(PARTITIONS):
                event = json.dumps({"id": f"e{n}", "add": 1}).encode()
                await producer.send_and_wait(in_memory.inbox, event, key=b"%d" % n, partition=n)
        await in_memory.until(in_memory.no_lag, seconds=30)
        assert {effect["id"] for effect in await in_memory.said()} == {"e0", "e1"}
    finally:
        await other.__aexit__()


async def test_a_stateless_agent_copies_what_was_there_before_and_what_comes(in_memory: Ledger) -> None:
    await in_memory.send(in_memory.originals, (b"a", b"old"))
    await in_memory.start()
    await in_memory.send(in_memory.originals, (b"a", b"young"))

    async def copied() -> bool:
        return len(await in_memory.read(in_memory.copies)) == 2

    await in_memory.until(copied)
    assert [record.value for record in await in_memory.read(in_memory.copies)] == [b"old", b"young"]


async def test_a_handler_that_raises_gives_up_only_the_record(in_memory: Ledger) -> None:
    await in_memory.send(in_memory.originals, (b"a", b"1"), (b"a", b"raise"), (b"a", b"2"))
    await in_memory.start()
    await in_memory.until(in_memory.no_lag)
    assert [record.value for record in await in_memory.read(in_memory.copies)] == [b"1", b"2"]
    assert [letter.value for letter in await in_memory.dead_letters()] == [b"raise"]


async def test_a_slow_handler_stops_no_other_partition_and_is_abandoned_at_the_stop(
    in_memory: Ledger,
) -> None:
    await in_memory.start()
    await in_memory.send(in_memory.originals, (b"a", b"slow"))
    await asyncio.sleep(0.5)
    await in_memory.events(b"a", {"id": "meanwhile"})
    await in_memory.until_said("meanwhile")
    began = asyncio.get_running_loop().time()
    assert await in_memory.end() == 0
    assert asyncio.get_running_loop().time() - began < 10
    assert await in_memory.lag() == 1, "the slow record is not acknowledged"


async def test_health_tells_recovery_idleness_and_readiness(in_memory: Ledger, tmp_path: Path) -> None:
    await in_memory.start()
    assert await in_memory.health("/healthz") == (200, {"status": "alive"})
    assert (await in_memory.health("/readyz"))[1]["partitions"] == 4
    assert "process_resident_memory_bytes" in await in_memory.metrics()
    others = [Ledger(in_memory.kafka, tmp_path) for _ in range(4)]
    for number, other in enumerate(others):
        other.app_id = in_memory.app_id
        await other.start(ready=False, folder=f"data-{number}")
    try:

        async def one_is_idle() -> bool:
            states = [await ledger.health("/readyz") for ledger in (in_memory, *others)]
            return Counter(answer.get("status") for _, answer in states)["idle"] >= 1

        await in_memory.until(one_is_idle)

        async def it_said_so() -> bool:
            return any("more workers than partitions" in o.log.read_text() for o in (in_memory, *others))

        await in_memory.until(it_said_so)
    finally:
        for other in others:
            await other.__aexit__()


async def test_a_changelog_that_does_not_fit_its_inbox_is_refused(kafka: KafkaBroker, tmp_path: Path) -> None:
    ledger = Ledger(kafka.address, tmp_path)
    await ledger.make_topics(changelog_partitions=3)
    await ledger.start(ready=False)
    assert ledger.process is not None
    assert await ledger.process.wait() == Exit.CONFIGURATION
    (last,) = [line for line in ledger.lines() if line["level"] == "critical"]
    assert f"{ledger.changelog} has 3 partitions and {ledger.inbox} has 2" in last["error"]


async def test_missing_topics_are_refused(kafka: KafkaBroker, tmp_path: Path) -> None:
    ledger = Ledger(kafka.address, tmp_path)
    await ledger.start(ready=False)
    assert ledger.process is not None
    assert await ledger.process.wait() == Exit.CONFIGURATION
    assert "Run `jardem topics apply`" in ledger.lines()[-1]["error"]


async def test_an_unreadable_table_value_ends_the_worker_and_says_what_to_do(in_memory: Ledger) -> None:
    await in_memory.send(in_memory.changelog, (b"a", b"not an envelope"))
    await in_memory.start(ready=False)
    assert in_memory.process is not None
    assert await in_memory.process.wait() == Exit.UNREADABLE_TABLE
    last = in_memory.lines()[-1]
    assert last["key_sha256"] == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert "write a corrected value" in last["event"]


async def test_a_store_of_another_version_is_read_anew(kafka: KafkaBroker, tmp_path: Path) -> None:
    async with Ledger(kafka.address, tmp_path, "rocksdb") as ledger:
        await ledger.start()
        await ledger.events(b"a", {"id": "one", "add": 1})
        await ledger.until_said("one")
        await ledger.end(signal.SIGKILL)
        (label,) = (tmp_path / "data").rglob("store.json")
        label.write_text('{"format": 0, "app": "older"}')
        await ledger.start()
        await ledger.events(b"a", {"id": "two", "add": 1})
        assert (await ledger.until_said("two"))[-1]["sum"] == 2
        assert ledger.told("store folder is of another version")


async def test_a_store_left_without_an_orderly_stop_is_said(kafka: KafkaBroker, tmp_path: Path) -> None:
    async with Ledger(kafka.address, tmp_path, "rocksdb") as ledger:

        def said() -> bool:
            return bool(ledger.told("left without an orderly stop"))

        for number, left_badly in ((signal.SIGTERM, False), (signal.SIGKILL, False), (signal.SIGTERM, True)):
            await ledger.start()
            assert said() is left_badly
            await ledger.end(number)


@pytest.mark.parametrize("owner", ["goes on writing", "has nothing to write"])
async def test_what_a_lost_worker_wrote_is_repaired_by_the_owner(in_memory: Ledger, owner: str) -> None:
    await in_memory.start()
    # Two keys of one partition, known by where the broker put them.
    await in_memory.events(b"a", {"id": "a1", "add": 10})
    await in_memory.until_said("a1")
    home = (await in_memory.read(in_memory.inbox))[0].partition
    other = await neighbour(in_memory, home)
    old = (await in_memory.read(in_memory.changelog))[0].value
    await in_memory.events(b"a", {"id": "a2", "add": 10})
    await in_memory.until_said("a2")
    await in_memory.send(in_memory.changelog, (b"a", old))
    if owner == "goes on writing":
        await in_memory.events(other, {"id": "wakes", "add": 1})
        await in_memory.until_said("wakes")
    # Late writes come in bursts: another one while the first is repaired.
    await in_memory.send(in_memory.changelog, (b"a", old))

    async def repaired() -> bool:
        values: dict[bytes, Any] = {r.key: r.value for r in await in_memory.read(in_memory.changelog)}
        return bool(json.loads(envelope.load(values[b"a"]).state)["sum"] == 20)

    await in_memory.until(repaired)
    assert in_memory.told("another worker has written")
    await in_memory.end(signal.SIGKILL)
    await in_memory.start()
    await in_memory.events(b"a", {"id": "a3", "add": 1})
    assert (await in_memory.until_said("a3"))[-1]["sum"] == 21


async def neighbour(ledger: Ledger, partition: int) -> bytes:
    """A key that lives in the same partition as `a`."""
    for number in range(20):
        key = f"n{number}".encode()
        await ledger.events(key, {"id": f"probe-{number}"})
        if {r.partition for r in await ledger.read(ledger.inbox) if r.key == key} == {partition}:
            return key
    raise AssertionError


async def test_a_frozen_worker_that_lost_its_partitions_sends_nothing_old(
    in_memory: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER_SESSION", "6")
    await in_memory.start()
    await in_memory.events(b"a", {"id": "a1", "add": 1})
    await in_memory.until_said("a1")
    feeding = asyncio.create_task(in_memory.stream(b"a", *({"id": f"b{n}", "add": 1} for n in range(300))))
    await asyncio.sleep(0.3)
    frozen = in_memory.process
    assert frozen is not None
    frozen.send_signal(signal.SIGSTOP)
    await feeding
    heir = Ledger(in_memory.kafka, tmp_path)
    heir.app_id = in_memory.app_id
    try:
        await heir.start(folder="heir", ready=False)
        await in_memory.until_said("b299")
        frozen.send_signal(signal.SIGCONT)
        await asyncio.sleep(4)
        await in_memory.events(b"a", {"id": "last", "add": 1})
        said = await in_memory.until_said("last")
        sums: dict[str, set[int]] = {}
        for effect in said:
            sums.setdefault(effect["id"], set()).add(effect["sum"])
        assert sums == {"a1": {1}, **{f"b{n}": {n + 2} for n in range(300)}, "last": {302}}
    finally:
        await heir.__aexit__()
