"""The HTTP intake for tests: certificates, callers, signed events, and processes of it."""

import asyncio
import contextlib
import json
import os
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import ClientError, ClientResponse, ClientSession, TCPConnector
from aiokafka import AIOKafkaConsumer

from ops.brokers.certificates import Authority, Certificate
from ops.http_intake.server import serve
from ops.reach import free_port
from schemas.cloudevents import CloudEvent, encode
from streams.key_set import PrivateKey
from streams.registry_signatures import public_jwk, sign_event
from streams.settings.settings import Settings
from streams.settings.values import Address

TITLES, DEATHS, SIGNED = "urn:kz:titles", "urn:kz:deaths", "urn:kz:signed"
CALLERS = f"""
[callers.titles]
sources = ["{TITLES}"]
types = ["registry.title-awarded.v1"]
certificates = ["CN=titles"]

[callers.slow]
sources = ["urn:kz:slow"]
types = ["registry.title-awarded.v1"]
certificates = ["CN=slow"]
per_second = 1

[callers.signed]
sources = ["{SIGNED}"]
types = ["registry.death-registered.v1"]
signed = true
"""
KEY = "a key of tests that is long enough to be one"


def title(id_: str | None = None, **data: object) -> dict[str, Any]:
    """A title that was awarded, as a structured event."""
    return {
        "specversion": "1.0",
        "id": id_ or str(uuid4()),
        "source": TITLES,
        "type": "kz.jardem.registry.title-awarded.v1",
        "time": "2021-07-12T04:00:00Z",
        "data": {
            "iin": "850101300015",
            "title": "peoples_hero",
            "award_id": "A-17",
            "awarded_on": "2021-07-12",
            **data,
        },
    }


@dataclass
class Place:
    """Where the intake's files are, and the certificates that callers show."""

    folder: Path
    authority: Authority
    stranger: Authority
    key: PrivateKey

    @classmethod
    def new(cls, folder: Path) -> "Place":
        place = cls(
            folder,
            Authority.new(folder / "ours"),
            Authority.new(folder / "theirs"),
            PrivateKey.new(),
        )
        place.authority.issue("server", hosts=["127.0.0.1"])
        (folder / "callers.toml").write_text(CALLERS)
        (folder / "keys").mkdir()
        keys = {
            "jardem_source": SIGNED,
            "jardem_topics": ["registry.death-registered.v1"],
            "keys": [public_jwk(place.key)],
        }
        (folder / "keys" / "signed.json").write_text(json.dumps(keys))
        return place

    def variables(self, kafka: str, port: int) -> dict[str, str]:
        ours = self.folder / "ours"
        return {
            "JARDEM_KAFKA": kafka,
            "JARDEM_PSEUDONYM_KEY": KEY,
            "JARDEM_INTAKE_BIND": f"127.0.0.1:{port}",
            "JARDEM_INTAKE_CALLERS": str(self.folder / "callers.toml"),
            "JARDEM_INTAKE_TLS_CERT": str(ours / "server.crt"),
            "JARDEM_INTAKE_TLS_KEY": str(ours / "server.key"),
            "JARDEM_INTAKE_CLIENT_CA": str(self.authority.certificate),
            "JARDEM_REGISTRY_KEYS": str(self.folder / "keys"),
        }

    def settings(self, kafka: str, port: int, **more: object) -> Settings:
        ours = self.variables(kafka, port)
        named: dict[str, Any] = {name.removeprefix("JARDEM_").lower(): text for name, text in ours.items()}
        return Settings(**{**named, "intake_bind": Address("127.0.0.1", port), **more})

    def tls(self, shown: Certificate | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.authority.certificate)
        if shown is not None:
            context.load_cert_chain(shown.certificate, shown.key)
        return context

    def signed(self, id_: str, key: PrivateKey | None = None) -> tuple[dict[str, str], bytes]:
        """A death in binary mode, signed: its headers and its body."""
        signer = key or self.key
        event = CloudEvent(
            id_,
            SIGNED,
            "kz.jardem.registry.death-registered.v1",
            datetime(2021, 7, 12, 4, tzinfo=UTC),
            json.dumps({"iin": "850101300015", "died_on": "2021-07-12"}).encode(),
        )
        token = sign_event(event, signer.kid, signer.sign, datetime.now(UTC))
        headers, value = encode(event)
        return {
            **{name.replace("ce_", "ce-"): text.decode() for name, text in headers},
            "ce-jws": token,
        }, value


@dataclass
class Caller:
    """Calls the intake with a certificate, or without one."""

    url: str
    session: ClientSession

    async def post(
        self,
        body: object,
        media: str = "application/cloudevents+json",
        headers: Mapping[str, str] | None = None,
        *,
        again: bool = True,
    ) -> "Answer":
        """Publish. `again`: repeat it while it is answered with 503, as callers must, for up to a minute."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": media, **(headers or {})}
        async with asyncio.timeout(60):
            while True:
                data = BytesIO(content)
                async with self.session.post(f"{self.url}/events", data=data, headers=sent) as response:
                    answer = await Answer.of(response)
                if answer.status != 503 or not again:
                    return answer
                await asyncio.sleep(int(answer.headers["Retry-After"]) / 10)

    async def get(self, path: str) -> "Answer":
        async with self.session.get(self.url + path) as response:
            return await Answer.of(response)

    async def until_ready(self) -> None:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(ClientError):
                    if (await self.get("/readyz")).status == 200:
                        return
                await asyncio.sleep(0.1)


@dataclass
class Answer:
    status: int
    text: str
    headers: Mapping[str, str]

    @classmethod
    async def of(cls, response: ClientResponse) -> "Answer":
        return cls(response.status, await response.text(), response.headers)

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@asynccontextmanager
async def calling(place: Place, port: int, shown: Certificate | None = None) -> AsyncIterator[Caller]:
    async with ClientSession(connector=TCPConnector(ssl=place.tls(shown))) as session:
        yield Caller(f"https://127.0.0.1:{port}", session)


@asynccontextmanager
async def serving(place: Place, kafka: str, **more: object) -> AsyncIterator[int]:
    """The intake in this process, ready; at which port."""
    port = free_port()
    stop = asyncio.Event()
    task = asyncio.create_task(serve(place.settings(kafka, port, **more), stop=stop))
    try:
        async with calling(place, port) as caller:
            ready = asyncio.create_task(caller.until_ready())
            await asyncio.wait((ready, task), return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                ready.cancel()
            await (task if task.done() else ready)
        yield port
    finally:
        stop.set()
        async with asyncio.timeout(30):
            await task


@asynccontextmanager
async def process(place: Place, kafka: str, program: str = "") -> AsyncIterator[tuple[int, Any]]:
    """The intake as a process of its own, ready: its port, and the process.

    `program` is run before the command, in the same interpreter.
    """
    port = free_port()
    code = f"{program}\nimport jardem, sys\nsys.argv = ['jardem', 'http-intake']\njardem.main()"
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env=os.environ | place.variables(kafka, port)
    )
    try:
        async with calling(place, port) as caller:
            await caller.until_ready()
        yield port, started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def ids_in(kafka: str, topic: str) -> list[str]:
    """The ids of all events of a topic, in the order of their partitions."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    found: list[str] = []
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                found += [dict(record.headers)["ce_id"].decode() for record in batch]
    finally:
        await consumer.stop()
    return found
