"""The read model on Apache Kafka: followers and databases that are killed, rebuilds, and topics made anew."""

# Other processes are waited for, which set no event here.
# ruff: noqa: ASYNC110

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic

from ops.bench.histories import NOW, histories
from ops.bench.people import Log
from ops.bench.postgres import NoPostgresError, PrivatePostgres
from ops.brokers.kafka import KafkaBroker
from ops.read_model.database import DatabaseError
from ops.read_model.follow import Follower
from ops.read_model.rebuild import Progress, rebuild
from ops.read_model.store import LOOK_SECONDS, Store, open_store
from ops.read_model.views import CaseDetail, CaseFilter
from ops.topics import apply_topics
from schemas.audit import ConsoleAudited
from streams.errors import NoBrokerError
from streams.records import Record
from streams.settings.settings import Settings
from tests.erased import erasure, told_of
from tests.read_model import PSEUDONYMS, Rows, all_rows, history, settings_in

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]

CASES = 600
ROOT = Path(__file__).parents[2]
AUDIT = ConsoleAudited.name


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with KafkaBroker(tmp_path_factory.mktemp("kafka")) as broker:
        apply_topics(Settings(kafka=broker.address))
        asyncio.run(publish(broker, list(histories(CASES, PSEUDONYMS, Log()))))
        yield broker


async def publish(broker: KafkaBroker, records: list[Record]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=broker.address, acks="all", linger_ms=20) as producer:
        sent = [
            await producer.send(
                record.topic,
                record.value,
                record.key,
                partition=record.partition,
                headers=list(record.headers),
            )
            for record in records
        ]
        await asyncio.gather(*sent)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    try:
        with PrivatePostgres() as server:
            yield server
    except NoPostgresError as error:
        pytest.skip(str(error))


def settings_on(broker: KafkaBroker, folder: Path, url: str = "") -> Settings:
    return settings_in(folder, url).model_copy(update={"kafka": broker.address})


@contextlib.asynccontextmanager
async def following(settings: Settings) -> AsyncIterator[Store]:
    async with open_store(settings) as store:
        task = asyncio.create_task(Follower(store, settings).run())
        try:
            yield store
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def caught_up(store: Store, seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(DatabaseError):
                found = await store.queries.freshness()
                if found.fresh and found.topics:
                    return
            await asyncio.sleep(0.2)


async def read_so_far(store: Store) -> int:
    with contextlib.suppress(DatabaseError):
        return sum(topic.read for topic in (await store.queries.freshness()).topics)
    return 0


async def reads_beyond(store: Store, offset: int) -> None:
    async with asyncio.timeout(60):
        while await read_so_far(store) <= offset:
            await asyncio.sleep(0.01)


def start_follower(settings: Settings) -> subprocess.Popen[bytes]:
    url = settings.console_database.get_secret_value()
    arguments = [str(settings.data_dir), settings.kafka, *([url] if url else [])]
    module = "tests.integration.read_model_follower"
    return subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT)


async def clean(broker: KafkaBroker, folder: Path) -> Rows:
    """The rows of a rebuild that nothing disturbed."""
    settings = settings_on(broker, folder)
    await rebuild(settings, lambda _: None)
    async with open_store(settings) as store:
        return await all_rows(store)


async def test_a_follower_that_is_killed_again_and_again_leaves_the_rows_of_a_clean_rebuild(
    broker: KafkaBroker, tmp_path: Path
) -> None:
    settings = settings_on(broker, tmp_path / "killed")
    async with open_store(settings) as store:
        kills = 0
        while kills < 3:
            before = await read_so_far(store)
            follower = start_follower(settings)
            await reads_beyond(store, before)
            follower.send_signal(signal.SIGKILL)
            follower.wait()
            kills += 1
        assert not (await store.queries.freshness()).fresh, "it was killed in the middle"
    async with following(settings) as store:
        await caught_up(store)
        assert await all_rows(store) == await clean(broker, tmp_path / "clean")
        assert await store.queries.count_cases(CaseFilter(), at=NOW) == CASES


async def test_a_database_that_is_killed_leaves_the_rows_of_a_clean_rebuild(
    broker: KafkaBroker, postgres: PrivatePostgres, tmp_path: Path
) -> None:
    settings = settings_on(broker, tmp_path / "pg", postgres.url)
    async with open_store(settings) as store:
        follower = start_follower(settings)
        try:
            for seconds in (0, LOOK_SECONDS + 0.1):
                before = await read_so_far(store)
                await reads_beyond(store, before)
                postgres.kill()
                # After a while it is asked first which generation is served.
                await asyncio.sleep(seconds)
                with pytest.raises(DatabaseError, match="the read model's database fails"):
                    await store.queries.freshness()
                postgres.start()
            await caught_up(store)
            assert follower.poll() is None, "the follower outlives its database"
            assert await all_rows(store) == await clean(broker, tmp_path / "clean")
        finally:
            follower.send_signal(signal.SIGKILL)
            follower.wait()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_console_goes_over_to_a_rebuild_by_itself(
    broker: KafkaBroker, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres").url if kind == "postgresql" else ""
    settings = settings_on(broker, tmp_path, url)
    told: list[Progress] = []
    async with following(settings) as store:
        await caught_up(store)
        before, number = await all_rows(store), (await store.generation()).number
        await rebuild(settings, told.append)
        await store.wait_changed(5)
        assert (await store.generation()).number > number
        await caught_up(store)
        assert await all_rows(store) == before
    assert told[-1] == Progress(0, 0)
    assert told[0].read < told[-2].read or told[0].left == 0
    if not url:
        files = {path.name for path in (tmp_path / "console").glob("generation-*.sqlite")}
        assert len(files) == 1, "the former generation is gone"


async def test_who_is_erased_is_gone_at_once_and_in_a_rebuild(broker: KafkaBroker, tmp_path: Path) -> None:
    log = Log()
    case = history(9_001, log, NOW - timedelta(days=9))
    settings = settings_on(broker, tmp_path)
    async with following(settings) as store:
        await publish(broker, told_of(case, log))
        async with asyncio.timeout(120):
            while (await shown_in(store, case.case)) is None:
                await asyncio.sleep(0.2)
        await caught_up(store)
        before = await shown_in(store, case.case)
        assert before is not None
        assert (before.iin, before.erased) == (case.who.iin, None)
        await publish(broker, [erasure(case, log)])
        async with asyncio.timeout(30):
            while (found := await shown_in(store, case.case)) is None or found.erased is None:
                await asyncio.sleep(0.05)
        assert (found.iin, found.phone, found.iban) == (None, None, None)
        assert await store.queries.count_cases(CaseFilter(person_id=case.person), at=NOW) == 0
        await caught_up(store)
        rows = await all_rows(store)
    await rebuild(settings, lambda _: None)
    async with open_store(settings) as store:
        assert (await store.number()) == 2
        assert await all_rows(store) == rows


async def shown_in(store: Store, case_id: str) -> CaseDetail | None:
    with contextlib.suppress(DatabaseError):
        return await store.queries.case(case_id, at=NOW, unmask=True, texts=True)
    return None


async def test_another_console_takes_over_when_the_one_that_follows_dies(
    broker: KafkaBroker, postgres: PrivatePostgres, tmp_path: Path
) -> None:
    settings = settings_on(broker, tmp_path, postgres.url)
    async with open_store(settings) as store:
        first = start_follower(settings)
        await caught_up(store)
        second = start_follower(settings)
        try:
            await asyncio.sleep(3)
            assert (await store.queries.freshness()).problem is None
            first.send_signal(signal.SIGKILL)
            first.wait()
            # Only who follows now can bring it.
            await publish(broker, [look(Log(), 1)])
            assert await seen_looks(store, 1) == ["user-1"]
            await caught_up(store)
            assert second.poll() is None
        finally:
            for follower in (first, second):
                follower.send_signal(signal.SIGKILL)
                follower.wait()


def look(log: Log, number: int) -> Record:
    event = ConsoleAudited(who=f"user-{number}", role="viewer", at=NOW, what="searched")
    return log.record(AUDIT, "k", event, NOW, f"look-{number}", "urn:jardem:console")


async def seen_looks(store: Store, count: int) -> list[str]:
    async with asyncio.timeout(60):
        while len(found := (await store.queries.looks()).rows) < count:
            await asyncio.sleep(0.2)
    return sorted(one.who for one in found)


async def test_new_partitions_and_a_topic_made_anew_are_noticed(broker: KafkaBroker, tmp_path: Path) -> None:
    log = Log()
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    try:
        async with following(settings_on(broker, tmp_path)) as store:
            await publish(broker, [look(log, 1), look(log, 2)])
            assert await seen_looks(store, 2) == ["user-1", "user-2"]
            await admin.create_partitions({AUDIT: NewPartitions(6)})
            await asyncio.sleep(1)
            third = look(log, 3)
            await publish(broker, [Record(AUDIT, 5, 0, NOW, third.key, third.value, third.headers)])
            assert await seen_looks(store, 3) == ["user-1", "user-2", "user-3"]
            await admin.delete_topics([AUDIT])
            await asyncio.sleep(2)
            await admin.create_topics([NewTopic(AUDIT, 4, 1)])
            await asyncio.sleep(1)
            await publish(broker, [look(log, 4)])
            assert await seen_looks(store, 4) == ["user-1", "user-2", "user-3", "user-4"]
    finally:
        await admin.close()


async def test_a_broker_that_is_away_is_said_and_a_rebuild_leaves_what_is_served(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with following(settings) as store:
        async with asyncio.timeout(30):
            while (await store.queries.freshness()).problem != "broker_away":
                await asyncio.sleep(0.2)
        with pytest.raises(NoBrokerError, match="run jardem console --rebuild again"):
            await rebuild(settings, lambda _: None)
        assert (await store.generation()).number == 1
