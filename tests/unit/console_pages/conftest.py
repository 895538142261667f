from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from ops.bench.people import Log
from tests.browser.console import told as run
from tests.unit.console.running import Running, csrf

CASES = 120


@dataclass
class Told:
    """A console that tells of made-up cases, and a browser for each role, signed in once."""

    running: Running
    log: Log
    _browsers: dict[str, httpx.AsyncClient]

    async def as_(self, role: str, language: str = "en") -> httpx.AsyncClient:
        if role not in self._browsers:
            self._browsers[role] = await self.running.signed_in(role)
        browser = self._browsers[role]
        browser.headers["accept-language"] = language
        return browser

    async def post(self, role: str, path: str, /, **fields: str) -> httpx.Response:
        """Send a form of ours."""
        browser = await self.as_(role)
        token = csrf(await browser.get("/help"))
        return await browser.post(path, data={"csrf": token, **fields})

    def sent_since(self, count: int) -> list[str]:
        return [one.topic for one in self.running.broker.sent[count:]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    folder = tmp_path_factory.mktemp("console")
    async with run(folder, CASES) as (running, log):
        yield Told(running, log, {})
