"""Personal data on a real broker: in no topic of ours in the clear, nor in logs, keys or headers; and erased.

The citizens are canaries: their IINs, phones, IBAN and texts occur nowhere else.
"""

import asyncio
import base64
import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from ops.demo.outcomes import follow
from ops.demo.processes import run_command
from ops.demo.recognise import kind_of
from ops.demo.sample import PHONE, TITLE, Published, lines
from ops.persons.erasing import NotErasedError, Said, check_erasure, erase
from schemas.cabinet import CabinetNotified
from schemas.ids import PersonId, Pseudonyms
from streams import envelope
from streams.encryption.opening import open_vault
from streams.key_set import DEMO_KEYS
from streams.packing.packed import unpack
from streams.records import Record
from streams.settings.load import load_settings
from streams.settings.settings import Settings
from streams.signing import verify_document
from streams.topics import CASE_INBOX, CHANGELOGS, SMS_INBOX, SMS_OUTBOX
from tests.integration.test_citizens import iin
from tests.integration.waiting import until

KEY = "a-master-key-of-a-test-" + "k" * 32
SECONDS_A_DAY = 3.0
DAYS = 30
OURS = (CASE_INBOX, SMS_INBOX, SMS_OUTBOX, "dead-letter.v1", "intake.redriven.v1", *CHANGELOGS)
PUBLIC = (
    "case.advanced.v1",
    "benefit.decided.v1",
    "benefit.process-ended.v1",
    "cabinet.notified.v1",
    "operator.acted.v1",
)
ANNA, BERIK = iin(9001), iin(9002)
ANNAS, BERIKS = "+77019990001", "+77019990002"
IBAN = "KZ86125KZT5004100100"
TEXT = "zhok-canary-7391"
CANARIES = (ANNA, BERIK, ANNAS, BERIKS, IBAN, TEXT)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    with KafkaBroker(tmp_path / "kafka") as running:
        yield running


async def everything(kafka: str, topics: tuple[str, ...]) -> list[ConsumerRecord]:
    """Every record of the topics that stands in them now."""
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka, enable_auto_commit=False, group_id=None, auto_offset_reset="earliest"
    ) as consumer:
        parts = [
            TopicPartition(topic, number)
            for topic in topics
            for number in consumer.partitions_for_topic(topic) or await _partitions(consumer, topic)
        ]
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(part) < end for part, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += records
    return found


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.add_topic(topic)
    return set(consumer.partitions_for_topic(topic) or ())


def spoken(content: bytes) -> bytes:
    """What is in the clear, and what base64 in it says."""
    found = [content]
    for word in content.replace(b'"', b" ").split():
        try:
            found.append(base64.b64decode(word, validate=True))
        except ValueError:
            continue
    return b"\n".join(found)


def found_in(content: bytes, canaries: tuple[str, ...] = CANARIES) -> list[str]:
    said = spoken(content)
    return [each for each in canaries if each.encode() in said or each.lstrip("+").encode() in said]


@contextmanager
def environment(env: dict[str, str]) -> Iterator[Settings]:
    before = dict(os.environ)
    os.environ.update(env)
    try:
        yield load_settings()
    finally:
        os.environ.clear()
        os.environ.update(before)


async def opened(settings: Settings, records: list[ConsumerRecord]) -> list[Record]:
    async with open_vault(settings) as vault:
        read = [
            Record(each.topic, each.partition, each.offset, None, each.key, each.value, each.headers)
            for each in records
        ]
        return [replace(each, value=spoken_by(each)) for each in await vault.opened(read)]


def spoken_by(record: Record) -> bytes:
    """What a record says, whatever it is packed in; of a line's parts that are others', nothing."""
    value = record.value or b""
    if record.topic not in CHANGELOGS:
        return value
    if record.topic.startswith("jardem-attempts"):
        return unpack(value)
    whole = envelope.load(value)
    sent = [each.value or b"" for handled in whole.open.values() for each in handled.effects()]
    return b"\n".join((whole.state, *sent))


def the_key_store(folder: Path) -> dict[str, str]:
    return {"JARDEM_ENCRYPTION_KEY": KEY, "JARDEM_KEYS_DATABASE": f"sqlite:///{folder / 'keys.sqlite'}"}


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(560)
async def test_no_canary_is_in_the_clear_and_who_is_erased_is_nobodys(  # noqa: PLR0915 - one story
    broker: KafkaBroker, tmp_path: Path
) -> None:
    more = {
        **the_key_store(tmp_path),
        "JARDEM_RETENTION_DECLINED": str(DAYS),
        "JARDEM_RETENTION_GRANTED": str(DAYS),
        "JARDEM_PSEUDONYM_KEY": "a-pseudonym-key-of-a-test-" + "p" * 32,
    }
    scale = 86_400 / SECONDS_A_DAY
    steps: dict[str, list[str]] = defaultdict(list)
    async with Installation(broker.address, tmp_path, scale=scale, hours="off", more=more) as installation:
        env = installation.env
        pseudonyms = Pseudonyms(more["JARDEM_PSEUDONYM_KEY"].encode())
        anna = pseudonyms.person(ANNA)

        def came_out(topic: str, data: dict[str, object]) -> None:
            if topic == "case.advanced.v1":
                steps[str(data["case_id"])].append(str(data["note"] or data["to"]))

        answers = {ANNAS: {"offer": "0"}, BERIKS: {"offer": "2", "account": IBAN}}
        tasks = set()

        def answer(phone: str, text: str) -> None:
            said = answers.get(phone, {}).get(kind_of(text) or "")
            if said:
                task = asyncio.ensure_future(installation.simulator.answer(phone, said))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

        installation.simulator.on_message(answer)
        following = asyncio.create_task(follow(broker.address, came_out))
        now = installation.clock.now()
        known = [
            Published(
                PHONE, {"iin": who, "phone": phone, "registered_at": (now - timedelta(days=9)).isoformat()}
            )
            for who, phone in ((ANNA, ANNAS), (BERIK, BERIKS))
        ]
        await run_command(env, "publish", "-", given=lines(known))
        await run_command(env, "publish", "-", given=lines([award(ANNA, now), award(BERIK, now)]))
        # A dead letter with a canary in its key, its headers and its value.
        await unreadable(broker.address)
        await until(lambda: len(steps) == 2, 60)
        with environment(env) as settings, pytest.raises(NotErasedError, match="its retention is not over"):
            await asyncio.to_thread(check_erasure, settings, anna, pseudonyms)
        await installation.simulator.answer(ANNAS, TEXT)
        await until(lambda: all("purged" in told for told in steps.values()), 300)
        await asyncio.sleep(3)

        before = await everything(broker.address, OURS)
        assert {each.topic for each in before} >= {*OURS} - {"intake.redriven.v1"}
        for record in before:
            assert not found_in(record.value or b""), record.topic
            assert not found_in(record.key or b""), record.topic
            assert not found_in(repr(record.headers).encode()), record.topic
        for record in await everything(broker.address, PUBLIC):
            assert not found_in(record.key or b""), record.topic
            assert not found_in(repr(record.headers).encode()), record.topic
        metrics = f"http://{env['JARDEM_HEALTH_BIND']}/metrics"
        async with ClientSession() as session, session.get(metrics) as told:
            assert not found_in(await told.read())
        readable = b"\n".join(record.value or b"" for record in await opened(settings, before))
        assert set(found_in(readable)) == set(CANARIES), "they are there, under keys"

        with environment(env) as settings:
            erasure = await asyncio.to_thread(check_erasure, settings, anna, pseudonyms)
            assert (erasure.cases, erasure.numbers) == (1, frozenset({pseudonyms.phone(ANNAS)}))
            said = Said("operator-1", "asked by the person", installation.clock.now())
            heard: list[str] = []
            await asyncio.to_thread(erase, settings, erasure, said, heard.append, seconds=32)
            assert heard

        after = await opened(settings, await everything(broker.address, OURS))
        left = b"\n".join(record.value or b"" for record in after if record.topic != "dead-letter.v1")
        assert set(found_in(left)) == {BERIK, BERIKS, IBAN}

        # The document in the citizen's hands stands by itself.
        documents = [
            CabinetNotified.model_validate_json(record.value).document
            for record in await everything(broker.address, ("cabinet.notified.v1",))
        ]
        assert any(verify_document(each, DEMO_KEYS).claims.iin == ANNA for each in documents)

        # Whatever comes later begins anew, under a new key.
        now = installation.clock.now()
        await run_command(env, "publish", "-", given=lines([known[0], award(ANNA, now, "B")]))
        await until(lambda: len(steps) == 3, 60)
        async with open_vault(settings) as vault:
            last = [r for r in await everything(broker.address, (CASE_INBOX,)) if r.key == anna.encode()][-1]
            assert last.value.startswith(b"\xfeJS")
            assert await vault.opened([Record(CASE_INBOX, 0, 0, None, last.key, last.value)])
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    _no_log_has_a_canary(tmp_path)
    keys = sqlite3.connect(tmp_path / "keys.sqlite")
    assert keys.execute("SELECT count(*) FROM data_keys WHERE wrapped IS NULL").fetchone() == (2,)
    keys.close()


def _no_log_has_a_canary(folder: Path) -> None:
    logs = list(folder.glob("*.log"))
    assert logs
    for log in logs:
        assert not found_in(log.read_bytes()), log.name


def award(who: str, now: datetime, which: str = "A") -> Published:
    day = (now - timedelta(days=1)).date().isoformat()
    return Published(
        TITLE, {"iin": who, "title": "peoples_hero", "award_id": f"{which}-{who[:2]}", "awarded_on": day}
    )


async def unreadable(kafka: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        value = json.dumps({"iin": ANNA, "title": "earl"}).encode()
        headers = [("ce_id", ANNA.encode()), ("ce_source", b"s"), ("ce_specversion", b"1.0")]
        await producer.send_and_wait(TITLE, value, ANNA.encode(), headers=headers)


def test_the_canaries_are_found_where_they_are() -> None:
    assert found_in(b'{"iin":"%s"}' % ANNA.encode()) == [ANNA]
    assert found_in(b'["x","%s"]' % base64.b64encode(TEXT.encode())) == [TEXT]
    assert PersonId(ANNA)
