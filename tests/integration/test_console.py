"""The console on a real broker: looks and acts in the topics, a broker that dies, an orderly end."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ops.brokers.kafka import KafkaBroker
from ops.console.access import Role, User
from ops.console.audit import Audit
from ops.console.producer import NotRecordedError, Producer
from ops.console.publisher import Act, Publisher
from ops.console.tables import open_tables
from ops.console.tokens import Tokens
from ops.reach import free_port
from ops.topics import apply_topics
from schemas.audit import ConsoleAudited
from schemas.operators import OperatorActed
from streams.settings.settings import Settings
from tests.integration.reader import records_in
from tests.unit.console.running import PASSWORD, sign_in, users_file

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(400)]

JARDEM = Path(__file__).parents[2] / "jardem.py"
IIN = "850101300015"
PERSON = "9f2c" * 16
CASE = "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11"
DANA = User("dana", frozenset({Role.OPERATOR}))
HOLD = Act("hold", "case", CASE, "checking", person_id=PERSON, case_id=CASE)


@pytest.fixture
def settings(kafka: KafkaBroker, tmp_path: Path) -> Settings:
    made = Settings(kafka=kafka.address, data_dir=tmp_path)
    apply_topics(made)
    return made


def publisher_of(settings: Settings, producer: Producer) -> Publisher:
    clock = settings.clock()
    return Publisher(producer, Audit(producer, clock), clock)


async def done(publisher: Publisher, form_id: str) -> str:
    """Send the form again until a broker that has just come up takes it."""
    async with asyncio.timeout(120):
        while True:
            try:
                return await publisher.act(DANA, HOLD, form_id=form_id)
            except NotRecordedError:
                await asyncio.sleep(0.5)


@contextmanager
def console(settings: Settings, port: int) -> Iterator[subprocess.Popen[str]]:
    """`jardem console` in a process of its own."""
    users = users_file(settings.data_dir / "users.json")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JARDEM_")}
    process = subprocess.Popen(
        [sys.executable, str(JARDEM), "console"],
        env={
            **kept,
            "JARDEM_KAFKA": settings.kafka,
            "JARDEM_DATA_DIR": str(settings.data_dir),
            "JARDEM_CONSOLE_BIND": f"127.0.0.1:{port}",
            "JARDEM_CONSOLE_USERS": str(users.path),
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        if process.stderr is not None and not process.stderr.closed:
            process.communicate()


async def ready(port: int, process: subprocess.Popen[str]) -> str:
    """Its address, when it is ready."""
    url = f"http://127.0.0.1:{port}"
    async with asyncio.timeout(120), httpx.AsyncClient() as client:
        while True:
            assert process.poll() is None, process.communicate()[1]
            try:
                if (await client.get(f"{url}/readyz")).is_success:
                    return url
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.3)


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(headers={"sec-fetch-site": "same-origin"}, timeout=30) as client:
        yield client


async def test_looks_are_in_the_topic_before_they_are_answered_and_the_process_ends_in_order(
    settings: Settings, browser: httpx.AsyncClient
) -> None:
    port = free_port()
    async with open_tables(settings) as engine:
        secret, _ = await Tokens(engine).new("report", [Role.VIEWER], 1)
    before = len(await records_in(settings.kafka, ConsoleAudited.name))
    with console(settings, port) as process:
        browser.base_url = httpx.URL(await ready(port, process))
        headers = {"authorization": f"Bearer {secret}"}
        found = await browser.post("/api/v1/persons/search", json={"iin": IIN}, headers=headers)
        assert found.json()["cases"] == []
        look = (await records_in(settings.kafka, ConsoleAudited.name))[before:]
        assert [ConsoleAudited.model_validate_json(one.value or b"").what for one in look] == ["searched"]
        assert look[0].key == found.json()["person_id"].encode()
        assert IIN not in repr(look)
        assert (await sign_in(browser, "viewer", PASSWORD)).status_code == 303
        async with browser.stream("GET", "/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 60) == 0
            assert time.monotonic() - began < 30
        said = process.communicate()[1]
    assert "the console stops" in said
    assert IIN not in said
    assert "Traceback" not in said


async def test_an_act_is_one_however_often_its_form_is_sent(settings: Settings) -> None:
    producer = Producer(settings)
    try:
        publisher = publisher_of(settings, producer)
        first = await done(publisher, "form-1")
        assert await publisher.act(DANA, HOLD, form_id="form-1") == first
    finally:
        await producer.stop()
    acts = [
        one
        for one in await records_in(settings.kafka, OperatorActed.name)
        if first.encode() in dict(one.headers)["ce_id"]
    ]
    assert len(acts) >= 2
    assert {one.key for one in acts} == {PERSON.encode()}
    assert len({one.partition for one in acts}) == 1


async def test_a_port_that_is_taken_is_said_in_one_line(settings: Settings) -> None:
    held = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with held:
        with console(settings, held.sockets[0].getsockname()[1]) as process:
            said = await asyncio.to_thread(lambda: process.communicate(timeout=60)[1])
    assert process.returncode == 1
    assert re.search(
        r"^JARDEM_CONSOLE_BIND is 127\.0\.0\.1:\d+, where something listens already", said, re.MULTILINE
    )
    assert "Traceback" not in said


async def test_while_the_broker_is_away_acts_are_refused_and_never_sent_late(tmp_path: Path) -> None:
    port = free_port()
    with KafkaBroker(tmp_path / "kafka", port=port) as broker:
        settings = Settings(kafka=broker.address, data_dir=tmp_path)
        apply_topics(settings)
        producer = Producer(settings)
        publisher = publisher_of(settings, producer)
        try:
            before = await done(publisher, "before")
            broker.kill()
            began = time.monotonic()
            for form_id in ("meanwhile-1", "meanwhile-2"):
                with pytest.raises(NotRecordedError):
                    await publisher.act(DANA, HOLD, form_id=form_id)
            assert time.monotonic() - began < 60
            assert not await producer.is_ready()
            broker.start()
            after = await done(publisher, "after")
            # Longer than any record could wait in a producer that was not given up.
            await asyncio.sleep(6)
        finally:
            await producer.stop()
        acts = await records_in(broker.address, OperatorActed.name)
        looks = await records_in(broker.address, ConsoleAudited.name)
        told = [ConsoleAudited.model_validate_json(one.value or b"").act_id for one in looks]
        assert {dict(one.headers)["ce_id"].decode() for one in acts} == set(told) == {before, after}
