"""The demo's start page in a real browser, before the console's own sign-in."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from ops.console.access import Role
from ops.demo.processes import DemoError
from ops.demo.start_page import StartPage, signed_in
from ops.demo.users import DemoUser, make_users
from ops.reach import free_port
from sms.simulator import Simulator
from tests.browser.browser import Tab, browsing
from tests.browser.console import served

HANDSETS = "http://127.0.0.1:8085/"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "demo-users.json"


@pytest.fixture
async def page(tmp_path: Path, file: Path) -> AsyncIterator[StartPage]:
    users = make_users(file)
    async with (
        served(tmp_path, 1, console_users=file) as console,
        StartPage(handsets_url=HANDSETS, console_url=console.url, users=users) as page,
    ):
        yield page


async def test_a_press_signs_in_as_each_role(page: StartPage, tmp_path: Path) -> None:
    async with browsing(tmp_path / "profile") as tab:
        for role in Role:
            await tab.open(f"{page.url}/")
            await tab.until("document.title", "jardem demo")
            # In the same tab, so that it can be looked at here.
            await tab.run(
                "for (const form of document.forms) form.target = '';"
                "for (const opener of document.querySelectorAll('[data-half]'))"
                " opener.replaceWith(opener.cloneNode(true));"
                f"document.querySelector('[value={role}]').form.querySelector('button').click()"
            )
            await tab.until("document.querySelector('.who span')?.textContent", role.value)


async def test_the_handsets_and_the_console_open_in_windows_of_their_own(
    page: StartPage, simulator: Simulator, tmp_path: Path
) -> None:
    page.handsets_url = f"{simulator.url}/"
    async with browsing(tmp_path / "profile") as tab:
        await tab.open(f"{page.url}/")
        await tab.until("document.title", "jardem demo")
        for pressed in ("document.querySelector('a.main')", "document.querySelector('button')"):
            # Without a person's press a browser opens no window.
            await tab.command("Runtime.evaluate", expression=f"{pressed}.click()", userGesture=True)
        wanted = {f"{page.url}/", page.handsets_url, f"{page.console_url}/"}
        async with asyncio.timeout(10):
            while {each["url"] for each in await windows(tab)} != wanted:  # noqa: ASYNC110 - the browser's work
                await asyncio.sleep(0.05)
        assert len(await windows(tab)) == 3


async def windows(tab: Tab) -> list[dict[str, Any]]:
    """What is open in the browser."""
    found = await tab.command("Target.getTargets")
    return [each for each in found["targetInfos"] if each["type"] == "page"]


async def test_it_leads_to_the_handsets_and_says_the_passwords(page: StartPage, tmp_path: Path) -> None:
    folder = Path(os.environ.get("JARDEM_PICTURES", tmp_path))
    async with browsing(tmp_path / "profile") as tab:
        await tab.open(f"{page.url}/")
        await tab.until("document.title", "jardem demo")
        assert await tab.run("document.querySelector('a.main').href") == HANDSETS
        assert await tab.run(
            "[...document.querySelectorAll('code')].every((each) => each.innerText.length > 11)"
        )
        for name, width, dark in (("light", 1000, False), ("dark", 1000, True), ("narrow", 320, False)):
            await tab.look(folder / f"demo-{name}.png", width=width, dark=dark)
            assert await tab.run(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            ), name
        assert tab.problems == []


@pytest.mark.parametrize(
    ("headers", "name", "status"),
    [
        ({}, "viewer", 403),
        ({"Origin": "http://evil.example"}, "viewer", 403),
        ({"Origin": "own"}, "somebody", 404),
        ({"Origin": "own", "Host": "evil.example"}, "viewer", 421),
    ],
)
async def test_only_its_own_buttons_sign_in(
    page: StartPage, headers: dict[str, str], name: str, status: int
) -> None:
    sent = {each: page.url if value == "own" else value for each, value in headers.items()}
    async with (
        ClientSession() as session,
        session.post(f"{page.url}/sign-in", data={"name": name}, headers=sent) as response,
    ):
        assert response.status == status
        assert "Set-Cookie" not in response.headers


async def test_passwords_are_shown_under_this_machines_own_name_alone(page: StartPage) -> None:
    async with ClientSession() as session:
        async with session.get(f"{page.url}/", headers={"Host": "evil.example"}) as response:
            assert response.status == 421
        async with session.get(f"{page.url}/page/..%2Frun.py") as response:
            assert response.status == 404


async def test_a_console_that_is_away_or_lets_nobody_in_is_named(tmp_path: Path, file: Path) -> None:
    make_users(file)
    stranger = DemoUser(Role.VIEWER, "another password")
    async with served(tmp_path, 1, console_users=file) as console:
        with pytest.raises(DemoError, match="does not let viewer in: HTTP 401"):
            await signed_in(console.url, stranger)
    with pytest.raises(DemoError, match="does not answer"):
        await signed_in(f"http://127.0.0.1:{free_port()}", stranger)
