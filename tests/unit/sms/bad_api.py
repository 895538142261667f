"""A server of Twilio's shape that fails on purpose, and keeps count of what it took."""

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

from aiohttp import web

ACCOUNT = "AC" + "0" * 32
TOKEN = "token-of-a-test"
SENDER = "+77010000000"

Trouble = Callable[["BadApi", web.Request, dict[str, str]], Awaitable[web.Response]]


@dataclass
class Call:
    """A request as it arrived."""

    method: str
    path: str
    query: list[tuple[str, str]]
    form: dict[str, str]
    headers: dict[str, str]
    at: float


@dataclass
class BadApi:
    """`troubles` are used up one by one by the calls that create; without any, calls work.

    The list shows a message `list_lag` seconds after it was taken.
    """

    troubles: deque[Trouble] = field(default_factory=deque)
    always: Trouble | None = None
    list_trouble: Trouble | None = None
    fetch_trouble: Trouble | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    list_lag: float = 0.0
    calls: list[Call] = field(default_factory=list)
    url: str = ""
    _taken_at: dict[str, float] = field(default_factory=dict)

    def take(self, form: dict[str, str]) -> dict[str, Any]:
        now = format_datetime(datetime.now(UTC))
        message: dict[str, Any] = {
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": form["Body"],
            "date_created": now,
            "date_sent": None,
            "date_updated": now,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": None,
            "sid": f"SM{uuid4().hex}",
            "status": "queued",
            "subresource_uris": {},
            "tag": None,
            "to": form["To"],
            "uri": "/",
        }
        self.messages.insert(0, message)
        if self.list_lag:
            self._taken_at[message["sid"]] = asyncio.get_running_loop().time()
        return message

    def receive(self, text: str, at: datetime, phone: str = "+77015550101", **fields: Any) -> dict[str, Any]:
        """A citizen's text, newer than all before. Fields may be given as the API has them."""
        message = self.take({"To": SENDER, "From": phone, "Body": text})
        when = format_datetime(at)
        message.update(date_created=when, date_sent=when, date_updated=when)
        message.update({"direction": "inbound", "status": "received", **fields})
        return message

    def sent(self, text: str | None = None) -> list[dict[str, Any]]:
        return [message for message in reversed(self.messages) if text in (None, message["body"])]

    def creates(self) -> list[Call]:
        return [call for call in self.calls if call.method == "POST"]

    def lists(self) -> list[Call]:
        return [call for call in self.calls if call.method == "GET" and call.path.endswith("/Messages.json")]

    def fetches(self) -> list[Call]:
        return [call for call in self.calls if "/Messages/" in call.path]

    def sends(self, sid: str, at: datetime) -> None:
        """The message leaves the API at this instant."""
        [message] = [message for message in self.messages if message["sid"] == sid]
        message.update(date_sent=format_datetime(at), status="sent")

    async def _create(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self._note(request, form)
        trouble = self.troubles.popleft() if self.troubles else self.always
        if trouble is not None:
            return await trouble(self, request, form)
        return web.json_response(self.take(form), status=201)

    async def _list(self, request: web.Request) -> web.Response:
        self._note(request, {})
        if self.list_trouble is not None:
            return await self.list_trouble(self, request, {})
        to = request.query.get("To")
        until = asyncio.get_running_loop().time() - self.list_lag
        shown_by_now = [each for each in self.messages if self._taken_at.get(each["sid"], until) <= until]
        wanted = [message for message in shown_by_now if to in (None, message["to"])]
        size, page = int(request.query["PageSize"]), int(request.query.get("Page", "0"))
        shown = wanted[page * size : (page + 1) * size]
        more = len(wanted) > (page + 1) * size
        query = {**request.query, "Page": str(page + 1)}
        following = str(request.rel_url.with_query(query)) if more else None
        return web.json_response(
            {
                "messages": shown,
                "page": page,
                "page_size": size,
                "next_page_uri": following,
                "uri": str(request.rel_url),
            }
        )

    async def _fetch(self, request: web.Request) -> web.Response:
        self._note(request, {})
        if self.fetch_trouble is not None:
            return await self.fetch_trouble(self, request, {})
        found = [message for message in self.messages if message["sid"] == request.match_info["sid"]]
        return web.json_response(found[0]) if found else await status(404, 20404)(self, request, {})

    def _note(self, request: web.Request, form: dict[str, str]) -> None:
        loop = asyncio.get_running_loop()
        expected = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        assert request.headers["Authorization"] == f"Basic {expected}"
        query = list(request.query.items())
        self.calls.append(Call(request.method, request.path, query, form, dict(request.headers), loop.time()))

    @asynccontextmanager
    async def run(self) -> AsyncIterator["BadApi"]:
        app = web.Application()
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"
        app.router.add_post(f"{path}.json", self._create)
        app.router.add_get(f"{path}.json", self._list)
        app.router.add_get(path + "/{sid}.json", self._fetch)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()


def status(code: int, error: int | None = None, **headers: str) -> Trouble:
    """Refuse with this HTTP status and this code."""

    async def trouble(_: BadApi, __: web.Request, form: dict[str, str]) -> web.Response:
        body = {"code": error, "message": f"To {form.get('To')} is bad", "more_info": "", "status": code}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(
            status=code, text=json.dumps(body), content_type="application/json", headers=named
        )

    return trouble


def taken_then(trouble: Trouble) -> Trouble:
    """Take the message, and then fail."""

    async def both(api: BadApi, request: web.Request, form: dict[str, str]) -> web.Response:
        if form:
            api.take(form)
        return await trouble(api, request, form)

    return both


async def reset(_: BadApi, request: web.Request, __: dict[str, str]) -> web.Response:
    """Cut the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def slow(seconds: float) -> Trouble:
    """Take the message only after this long, whether the caller still waits or not."""

    async def trouble(api: BadApi, _: web.Request, form: dict[str, str]) -> web.Response:
        async def later() -> dict[str, Any]:
            await asyncio.sleep(seconds)
            return api.take(form)

        return web.json_response(await asyncio.shield(asyncio.ensure_future(later())), status=201)

    return trouble


async def garbage(_: BadApi, __: web.Request, ___: dict[str, str]) -> web.Response:
    """Answer with something that is no JSON."""
    return web.Response(status=201, text="<html>", content_type="text/html")


async def truncated(api: BadApi, _: web.Request, form: dict[str, str]) -> web.Response:
    """Answer with the beginning of a message, or of a list."""
    del api
    status_code = 201 if form else 200
    return web.Response(status=status_code, text='{"sid": "SM12', content_type="application/json")


def of_a_gateway(code: int, **headers: str) -> Trouble:
    """A gateway's own page, in Russian and in an encoding of its own."""

    async def trouble(_: BadApi, __: web.Request, ___: dict[str, str]) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        page = "<html>Сервис временно недоступен</html>".encode("cp1251")
        return web.Response(status=code, body=page, content_type="text/html", charset="utf-8", headers=named)

    return trouble
