"""The webhooks as the simulated SMS API sees them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from sms.twilio.signature import is_signed
from tests.unit.sms.bad_api import ACCOUNT, TOKEN

PHONE, OTHER = "+77015550101", "+77015550102"
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"


class Hooks:
    """The webhooks as the SMS API sees them: each call checked and kept.

    `failures`: so many calls are refused first, with the status `failure`. `slow`: seconds that each takes.
    """

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.failures = 0
        self.failure = 503
        self.slow = 0.0
        self.begun = 0
        self.tokens: list[str] = []

    async def _call(self, request: web.Request) -> web.Response:
        self.begun += 1
        await asyncio.sleep(self.slow)
        fields = {name: str(value) for name, value in (await request.post()).items()}
        assert is_signed(TOKEN, self.url + request.path, fields, request.headers["X-Twilio-Signature"])
        assert "#" not in request.raw_path
        self.tokens.append(request.headers["I-Twilio-Idempotency-Token"])
        if self.failures:
            self.failures -= 1
            return web.Response(status=self.failure)
        self.calls.append((request.path, fields))
        return web.Response(status=204)

    @asynccontextmanager
    async def run(self) -> AsyncIterator["Hooks"]:
        app = web.Application()
        app.router.add_post("/sms/{name}", self._call)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def statuses(self, sid: str | None = None) -> list[str]:
        return [
            fields["MessageStatus"]
            for path, fields in self.calls
            if path == "/sms/status" and sid in (None, fields["MessageSid"])
        ]

    async def wait_for(self, calls: int) -> None:
        async with asyncio.timeout(5):
            while len(self.calls) < calls:  # noqa: ASYNC110 - somebody else's calls
                await asyncio.sleep(0.01)
