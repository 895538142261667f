"""The webhooks on a real broker: what was answered with success is in the inbox, whatever dies."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiohttp import ClientError, ClientSession
from aiokafka import AIOKafkaConsumer
from pydantic import SecretStr

from ops.brokers.broker import Broker
from ops.brokers.choose import choose
from ops.reach import free_port
from ops.topics import apply_topics
from schemas.cloudevents import decode
from schemas.ids import Pseudonyms
from schemas.messages import MessageReceived
from sms.twilio.signature import sign
from sms.twilio.webhooks import serve
from streams.errors import NoBrokerError
from streams.records import Record
from streams.settings.settings import Settings
from streams.settings.values import Address
from streams.topics import SMS_INBOX

TOKEN = "token-of-a-test"
KEY = "a key of tests that is long enough to be one"
PHONE = "+77015550101"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of its own, because one test kills it."""
    chosen, note = choose(None, tmp_path_factory.mktemp("broker"))
    if note:
        sys.stderr.write(f"{note}\n")
    chosen.start()
    try:
        yield chosen
    finally:
        chosen.stop()


class Carrier:
    """Calls the webhooks, signed, and knows which calls were answered with success."""

    def __init__(self, port: int, session: ClientSession) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.session = session
        self.taken: list[str] = []

    async def call(self, sid: str | None = None) -> int:
        fields = {"From": PHONE, "To": "+77010000000", "Body": "1", "MessageSid": sid or f"SM{uuid4().hex}"}
        url = f"{self.url}/sms/inbound"
        headers = {"X-Twilio-Signature": sign(TOKEN, url, fields)}
        async with self.session.post(url, data=fields, headers=headers) as response:
            if response.status == 200:
                self.taken.append(fields["MessageSid"])
            return response.status

    async def call_until_it_dies(self) -> None:
        with contextlib.suppress(ClientError, OSError):
            while True:
                await self.call()

    async def health(self, path: str) -> int:
        async with self.session.get(self.url + path) as response:
            return response.status

    async def until_ready(self) -> None:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(ClientError):
                    if await self.health("/readyz") == 200:
                        return
                await asyncio.sleep(0.1)


def settings_for(broker: Broker, port: int) -> Settings:
    return Settings(
        kafka=broker.address,
        pseudonym_key=SecretStr(KEY),
        twilio_auth_token=SecretStr(TOKEN),
        public_url=f"http://127.0.0.1:{port}",
        webhooks_bind=Address("127.0.0.1", port),
    )


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Carrier]:
    stop = asyncio.Event()
    task = asyncio.create_task(serve(settings, stop=stop))
    async with ClientSession() as session:
        carrier = Carrier(settings.webhooks_bind.port, session)
        try:
            await carrier.until_ready()
            yield carrier
        finally:
            stop.set()
            async with asyncio.timeout(20):
                await task


async def everything_in(broker: Broker) -> list[Record]:
    consumer = AIOKafkaConsumer(
        SMS_INBOX, bootstrap_servers=broker.address, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    records: list[Record] = []
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                records += [
                    Record(
                        r.topic,
                        r.partition,
                        r.offset,
                        datetime.fromtimestamp(r.timestamp / 1000, UTC),
                        r.key,
                        r.value,
                        r.headers,
                    )
                    for r in batch
                ]
    finally:
        await consumer.stop()
    return records


async def texts_in(broker: Broker) -> list[MessageReceived]:
    events = [decode(r.value, r.headers, timestamp=r.timestamp) for r in await everything_in(broker)]
    return [MessageReceived.model_validate_json(event.data) for event in events]


async def sids_in(broker: Broker) -> list[str]:
    return [text.sid for text in await texts_in(broker)]


async def test_events_reach_the_inbox_keyed_and_replays_have_one_id(broker: Broker) -> None:
    settings = settings_for(broker, free_port())
    apply_topics(settings)
    async with serving(settings) as carrier:
        first, second = f"SM{uuid4().hex}", f"SM{uuid4().hex}"
        assert [await carrier.call(sid) for sid in (first, second, first)] == [200] * 3
    records = (await everything_in(broker))[-3:]
    assert {record.key for record in records} == {Pseudonyms(KEY.encode()).phone(PHONE).encode()}
    assert len({record.partition for record in records}) == 1
    events = [decode(record.value, record.headers, timestamp=record.timestamp) for record in records]
    assert [event.name for event in events] == ["message.received"] * 3
    assert events[0].id == events[2].id != events[1].id
    assert PHONE[1:] not in str([(record.key, record.headers) for record in records])


async def test_while_the_broker_is_dead_nothing_is_promised_and_afterwards_all_is_there(
    broker: Broker,
) -> None:
    if broker.kind != "kafka":
        pytest.skip("the embedded broker loses acknowledged data when it is killed")
    settings = settings_for(broker, free_port())
    apply_topics(settings)
    async with serving(settings) as carrier:
        while len(carrier.taken) < 20:
            await carrier.call()
        broker.kill()
        began, refused = time.monotonic(), f"SM{uuid4().hex}"
        assert await carrier.call(refused) == 503
        assert time.monotonic() - began < 8
        first_over = datetime.now(UTC)
        assert await carrier.health("/readyz") == 503
        assert await carrier.health("/healthz") == 200
        broker.start()
        await carrier.until_ready()
        async with asyncio.timeout(60):
            while await carrier.call(refused) != 200:  # noqa: ASYNC110 - the broker is another process
                await asyncio.sleep(0.2)
        while len(carrier.taken) < 41:
            await carrier.call()
    texts = await texts_in(broker)
    assert set(carrier.taken) <= {text.sid for text in texts}
    heard = [text.received_at for text in texts if text.sid == refused]
    assert heard
    assert max(heard) < first_over


@asynccontextmanager
async def process(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    code = (
        "import asyncio; from sms.twilio.webhooks import serve; "
        "from streams.settings.load import load_settings; "
        "asyncio.run(serve(load_settings('webhooks')))"
    )
    environment = {
        **os.environ,
        "JARDEM_KAFKA": settings.kafka,
        "JARDEM_PSEUDONYM_KEY": KEY,
        "JARDEM_TWILIO_AUTH_TOKEN": TOKEN,
        "JARDEM_PUBLIC_URL": settings.public_url,
        "JARDEM_WEBHOOKS_BIND": str(settings.webhooks_bind),
    }
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, env=environment)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def test_what_was_answered_with_success_survives_kill_9_of_the_webhooks(broker: Broker) -> None:
    settings = settings_for(broker, free_port())
    apply_topics(settings)
    async with ClientSession() as session:
        carrier = Carrier(settings.webhooks_bind.port, session)
        for _ in range(2):
            async with process(settings) as child:
                await carrier.until_ready()

                callers = [asyncio.create_task(carrier.call_until_it_dies()) for _ in range(10)]
                before = len(carrier.taken)
                async with asyncio.timeout(30):
                    while len(carrier.taken) < before + 30:  # noqa: ASYNC110 - other processes' doing
                        await asyncio.sleep(0.01)
                child.send_signal(signal.SIGKILL)
                await asyncio.gather(*callers)
    assert len(carrier.taken) >= 60
    assert set(carrier.taken) <= set(await sids_in(broker))


async def test_the_webhooks_stop_in_order_when_told(broker: Broker) -> None:
    settings = settings_for(broker, free_port())
    apply_topics(settings)
    async with ClientSession() as session, process(settings) as child:
        carrier = Carrier(settings.webhooks_bind.port, session)
        await carrier.until_ready()
        assert await carrier.call() == 200
        child.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            assert await child.wait() == 0


async def test_without_a_broker_it_says_so_within_ten_seconds() -> None:
    settings = Settings(
        kafka="127.0.0.1:1",
        pseudonym_key=SecretStr(KEY),
        twilio_auth_token=SecretStr(TOKEN),
        public_url="https://sms.example.kz",
        webhooks_bind=Address("127.0.0.1", 0),
    )
    began = time.monotonic()
    with pytest.raises(NoBrokerError, match=r"no broker answers at 127\.0\.0\.1:1"):
        await serve(settings, stop=asyncio.Event())
    assert time.monotonic() - began < 10
