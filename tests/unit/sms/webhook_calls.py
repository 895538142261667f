"""Calls as the SMS API makes them, signed, and an inbox in memory."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from aiohttp import ClientSession

from schemas.cloudevents import CloudEvent, decode
from schemas.ids import Pseudonyms
from sms.inbox_producer import NotTakenError
from sms.twilio.signature import sign
from sms.twilio.webhooks import Account, Webhooks, WebhookServer
from streams.clock import Clock
from streams.records import Outgoing

TOKEN = "token-of-a-test"
PUBLIC = "https://sms.example.kz"
FORM_TYPE = "application/x-www-form-urlencoded"
INBOUND = {
    "ToCountry": "KZ",
    "MessageSid": "SMa3f81b02e4c95d6770fe1ac2b3d4e5f6",
    "SmsSid": "SMa3f81b02e4c95d6770fe1ac2b3d4e5f6",
    "AccountSid": "AC" + "0" * 32,
    "From": "+77015550101",
    "To": "+77010000000",
    "Body": "Иә, рахмет! = 100% & +1",
    "NumMedia": "0",
    "NumSegments": "1",
    "ApiVersion": "2010-04-01",
}
STATUS = {
    "MessageSid": "SMb81c02e4a3f95d6770fe1ac2b3d4e5f7",
    "SmsSid": "SMb81c02e4a3f95d6770fe1ac2b3d4e5f7",
    "AccountSid": "AC" + "0" * 32,
    "From": "+77010000000",
    "To": "+77015550101",
    "MessageStatus": "undelivered",
    "SmsStatus": "undelivered",
    "ErrorCode": "30003",
    "ApiVersion": "2010-04-01",
}


class MemoryInbox:
    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self.down = False

    async def send(self, outgoing: Outgoing) -> None:
        if self.down:
            raise NotTakenError("timeout")
        self.records.append(outgoing)

    async def is_ready(self) -> bool:
        return not self.down

    def events(self) -> list[CloudEvent]:
        a_year_ago = datetime.now(UTC) - timedelta(days=365)
        return [decode(record.value, record.headers, timestamp=a_year_ago) for record in self.records]


class Caller:
    """Calls the webhooks over real HTTP."""

    def __init__(self, session: ClientSession, url: str, inbox: MemoryInbox, public_url: str) -> None:
        self.session = session
        self.url = url
        self.inbox = inbox
        self.public_url = public_url

    async def form(
        self, path: str, fields: Mapping[str, str], *, signature: str | None = None
    ) -> tuple[int, str]:
        """Call with a signed form, or with this signature."""
        given = sign(TOKEN, self.public_url + path, fields) if signature is None else signature
        return await self.raw(path, urlencode(fields).encode(), {"X-Twilio-Signature": given})

    async def json(self, path: str, fields: Mapping[str, object]) -> tuple[int, str]:
        """Call with a signed JSON body."""
        body = json.dumps(fields).encode()
        target = f"{path}?bodySHA256={hashlib.sha256(body).hexdigest()}"
        headers = {
            "X-Twilio-Signature": sign(TOKEN, self.public_url + target, {}),
            "Content-Type": "application/json",
        }
        return await self.raw(target, body, headers)

    async def raw(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Call with exactly this."""
        all_headers = {"Content-Type": FORM_TYPE, **headers}
        async with self.session.post(self.url + path, data=body, headers=all_headers) as response:
            return response.status, await response.text()


@asynccontextmanager
async def calling(public_url: str = PUBLIC, clock: Clock | None = None) -> AsyncIterator[Caller]:
    inbox = MemoryInbox()
    webhooks = Webhooks(inbox, Account(TOKEN, public_url), Pseudonyms(b"key"), clock or Clock())
    async with WebhookServer(webhooks, "127.0.0.1", 0) as server, ClientSession() as session:
        yield Caller(session, f"http://127.0.0.1:{server.port}", inbox, public_url)
