"""Who has which number, and which case a number belongs to, for rivals that use PostgreSQL: two tables."""

from collections.abc import Awaitable, Callable

import asyncpg
import benefit
from aiohttp import web

_TABLES = """
CREATE TABLE IF NOT EXISTS people (iin text PRIMARY KEY, phone text NOT NULL);
CREATE TABLE IF NOT EXISTS cases (phone text PRIMARY KEY, case_id text NOT NULL);
"""
_REGISTER = "INSERT INTO people VALUES ($1, $2) ON CONFLICT (iin) DO UPDATE SET phone = excluded.phone"
_OPEN = "INSERT INTO cases VALUES ($1, $2) ON CONFLICT (phone) DO UPDATE SET case_id = excluded.case_id"
_CONNECTIONS = 8

Begin = Callable[[str, str, str], Awaitable[None]]
"""Begins the case with this id, unless it is there, for an IIN at a phone; it returns when that is safe."""

Tell = Callable[[str, str, str], Awaitable[None]]
"""Brings to the case with this id the answer with this sid and text, once; it returns when that is safe."""


class Directory:
    """The tables, and the addresses at which events and answers come in."""

    def __init__(self, database: str, url: str, begin: Begin, tell: Tell) -> None:
        self._database, self._url, self._begin, self._tell = database, url, begin, tell
        self._pool: asyncpg.Pool

    async def listen(self, port: int) -> None:
        """Make the tables and listen."""
        self._pool = await asyncpg.create_pool(self._database, min_size=_CONNECTIONS, max_size=_CONNECTIONS)
        await self._pool.execute(_TABLES)
        app = web.Application()
        app.add_routes([web.post("/facts", self._fact), web.post("/awards", self._award)])
        app.add_routes([web.post("/answers", self._answer)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()

    async def _fact(self, request: web.Request) -> web.Response:
        event = await request.json()
        await self._pool.execute(_REGISTER, event["iin"], event["phone"])
        return web.Response(status=204)

    async def _award(self, request: web.Request) -> web.Response:
        event = await request.json()
        iin, case_id = event["iin"], f"{request.headers['ce-source']} {request.headers['ce-id']}"
        phone = await self._pool.fetchval("SELECT phone FROM people WHERE iin = $1", iin)
        if phone is None:
            return web.Response(status=503)
        await self._pool.execute(_OPEN, phone, case_id)
        await self._begin(case_id, iin, phone)
        return web.Response(status=204)

    async def _answer(self, request: web.Request) -> web.Response:
        fields = benefit.form(await request.read())
        if not benefit.is_signed(self._url, fields, request.headers.get("X-Twilio-Signature", "")):
            return web.Response(status=403)
        case_id = await self._pool.fetchval("SELECT case_id FROM cases WHERE phone = $1", fields["From"])
        if case_id is not None:
            await self._tell(case_id, fields["MessageSid"], fields["Body"].strip())
        return web.Response(status=204)
