"""A console of the real parts, on SQLite; the broker alone is replaced, at the producer's edge."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from ops.console.access import Role
from ops.console.app import create_app
from ops.console.context import Console
from ops.console.producer import NotRecordedError
from ops.console.server import assemble
from ops.console.tables import MIGRATIONS
from ops.console.users import LocalUser, LocalUsers, UsersFile, password_hash
from ops.read_model.migrate import migrate
from ops.read_model.store import open_store
from schemas.audit import ConsoleAudited
from streams.records import Outgoing
from streams.settings.settings import Settings

PASSWORD = "a long password"
BASE = "http://127.0.0.1:8090"
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@dataclass
class Broker:
    """What was sent, or a broker that is away."""

    sent: list[Outgoing] = field(default_factory=list)
    away: bool = False

    async def send(self, outgoing: Outgoing) -> None:
        if self.away:
            raise NotRecordedError("away")
        self.sent.append(outgoing)

    async def is_ready(self) -> bool:
        return not self.away

    @property
    def looks(self) -> list[ConsoleAudited]:
        return [
            ConsoleAudited.model_validate_json(one.value or b"")
            for one in self.sent
            if one.topic == ConsoleAudited.name
        ]


@cache
def hashed(password: str = PASSWORD) -> str:
    return password_hash(password)


def users_file(path: Path, **roles: set[Role]) -> UsersFile:
    """A file with a user for each role, called like it, and those that are named."""
    known = {role.value: {role} for role in Role} | roles
    file = UsersFile(path)
    file.write(
        LocalUsers(
            users=tuple(
                LocalUser(name=name, roles=frozenset(held), password=hashed()) for name, held in known.items()
            )
        )
    )
    return file


@dataclass(frozen=True)
class Running:
    """A console and its application."""

    console: Console
    app: FastAPI
    broker: Broker
    users: UsersFile

    def browser(self, base: str = BASE, **headers: str) -> httpx.AsyncClient:
        """A browser: it keeps cookies, says where forms come from, and follows nothing by itself."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        sent = {"sec-fetch-site": "same-origin", "accept-language": "en", **headers}
        return httpx.AsyncClient(transport=transport, base_url=base, headers=sent)

    async def signed_in(self, name: str, password: str = PASSWORD) -> httpx.AsyncClient:
        """A browser in which this user has signed in."""
        browser = self.browser()
        answer = await sign_in(browser, name, password)
        assert answer.status_code == 303, answer.text
        return browser

    async def entered(self, name: str) -> httpx.AsyncClient:
        """The same without the form and the time that a password takes."""
        user = self.users.find(name)
        assert user is not None
        browser = self.browser()
        browser.cookies["jardem_session"] = await self.console.sessions.begin(
            user.user, "file", stamp=user.stamp
        )
        return browser

    async def program(self, *roles: Role, name: str = "report") -> httpx.AsyncClient:
        """A program with a token of these roles."""
        secret, _ = await self.console.tokens.new(name, roles, 90)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {secret}"}
        return httpx.AsyncClient(transport=transport, base_url=f"{BASE}/api/v1", headers=headers)


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[Running]:
    users = users_file(folder / "users.json")
    given = {"kafka": "127.0.0.1:9", "data_dir": folder, "console_users": users.path, **settings}
    made, broker = Settings(**given), Broker()
    async with open_store(made) as store:
        await migrate(store.control, MIGRATIONS)
        console = assemble(made, store, broker)
        yield Running(console, create_app(console), broker, users)


async def sign_in(browser: httpx.AsyncClient, name: str, password: str, **more: str) -> httpx.Response:
    """Fill in the form and send it."""
    token = csrf(await browser.get("/sign-in"))
    return await browser.post("/sign-in", data={"csrf": token, "name": name, "password": password, **more})


def csrf(page: httpx.Response) -> str:
    """The form token of a page."""
    found = _CSRF.search(page.text)
    assert found, page.text[:500]
    return found.group(1)
