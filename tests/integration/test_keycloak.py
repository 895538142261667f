"""Signing in at a real provider: Keycloak, with httpx as the browser, and the console's real application."""

import html
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ops.console.access import Role, User
from tests.integration.keycloak.server import CLIENT_ID, CLIENT_SECRET, Keycloak, obstacle
from tests.unit.console.running import BASE, Running, csrf, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_ACTION = re.compile(r'<form[^>]*action="([^"]+)"')
ROLES = "caseworker=social-worker,officer=chief"


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    if reason := obstacle():
        pytest.skip(f"needs Keycloak, which cannot run here: {reason}")
    with Keycloak(tmp_path_factory.mktemp("keycloak")) as server:
        yield server


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that has just started takes its time for its first answers."""
    monkeypatch.setattr("ops.console.oidc._SECONDS", 30.0)


@pytest.fixture
async def console(keycloak: Keycloak, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, **provider(keycloak)) as started:
        yield started


def provider(keycloak: Keycloak) -> dict[str, str]:
    return {
        "console_url": BASE,
        "oidc_issuer": keycloak.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_roles": ROLES,
    }


class Person:
    """Somebody before a browser, which keeps the cookies of both sites apart."""

    def __init__(self, console: Running) -> None:
        self.console = console.browser()
        # Nothing is left open between two pages.
        self.provider = httpx.AsyncClient(
            timeout=30,
            limits=httpx.Limits(max_keepalive_connections=0),
            event_hooks={"response": [self._as_browsers_do]},
        )

    async def _as_browsers_do(self, _: httpx.Response) -> None:
        """Send secure cookies to this machine over http too."""
        for cookie in self.provider.cookies.jar:
            cookie.secure = False

    async def sent_to_the_provider(self, wanted: str = "/help") -> str:
        token = csrf(await self.console.get("/sign-in"))
        answer = await self.console.post("/sign-in/provider", data={"csrf": token, "next": wanted})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def fills_in(self, address: str, name: str, password: str) -> httpx.Response:
        page = await self.provider.get(address)
        action = _ACTION.search(page.text)
        assert action, page.text[:2000]
        return await self.provider.post(
            html.unescape(action[1]), data={"username": name, "password": password}
        )

    async def signs_in(self, name: str, wanted: str = "/help") -> httpx.Response:
        """The whole way; the console's answer to whom comes back."""
        back = await self.fills_in(await self.sent_to_the_provider(wanted), name, f"{name}-password")
        assert back.status_code == 302, back.text[:2000]
        return await self.comes_back(back.headers["location"])

    async def comes_back(self, address: str) -> httpx.Response:
        # A browser says of the way back that it comes from another site.
        return await self.console.get(address, headers={"sec-fetch-site": "cross-site"})


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("aigul", {Role.VIEWER}),
        ("bolat", {Role.CASEWORKER}),
        ("asel", {Role.OFFICER, Role.VIEWER}),
        ("dana", {Role.OPERATOR}),
    ],
)
async def test_who_signs_in_at_the_provider_has_the_roles_that_it_gives(
    console: Running, name: str, roles: set[Role]
) -> None:
    person = Person(console)
    answer = await person.signs_in(name)
    assert (answer.status_code, answer.headers["location"]) == (303, "/help")
    session = await console.console.sessions.find(person.console.cookies["jardem_session"])
    assert session is not None
    assert (session.user, session.way) == (User(name, frozenset(roles)), "oidc")
    assert name in (await person.console.get("/help")).text


async def test_the_provider_is_asked_with_pkce_state_and_nonce(console: Running) -> None:
    asked = parse_qs(urlsplit(await Person(console).sent_to_the_provider()).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[name][0]) >= 20 for name in ("code_challenge", "state", "nonce"))


async def test_a_wrong_password_is_refused_there_and_nobody_is_signed_in_here(console: Running) -> None:
    person = Person(console)
    page = await person.fills_in(await person.sent_to_the_provider(), "aigul", "wrong")
    assert page.status_code == 200
    assert "Invalid username or password" in page.text
    assert "jardem_session" not in person.console.cookies


@pytest.mark.parametrize(
    ("name", "said"), [("erlan", "You have no role here"), ("870412300415", "hold an IIN")]
)
async def test_without_a_role_or_under_an_iin_nobody_is_signed_in(
    console: Running, name: str, said: str
) -> None:
    person = Person(console)
    answer = await person.signs_in(name)
    assert answer.status_code == 403
    assert said in answer.text
    assert name == "erlan" or name not in answer.text
    assert "jardem_session" not in person.console.cookies


async def test_an_answer_for_another_browser_or_a_code_used_twice_is_refused(console: Running) -> None:
    victim, attacker = Person(console), Person(console)
    back = await attacker.fills_in(await attacker.sent_to_the_provider(), "aigul", "aigul-password")
    address = back.headers["location"]
    assert (await victim.comes_back(address)).status_code == 403
    await victim.sent_to_the_provider()
    assert (await victim.comes_back(address)).status_code == 403
    assert "jardem_session" not in victim.console.cookies
    assert (await attacker.comes_back(address)).status_code == 303
    again = await attacker.comes_back(address)
    assert again.status_code == 403
    assert "too long" in again.text


async def test_who_cancels_there_comes_back_to_a_plain_page(console: Running) -> None:
    person = Person(console)
    state = parse_qs(urlsplit(await person.sent_to_the_provider()).query)["state"][0]
    answer = await person.comes_back(f"/sign-in/callback?error=access_denied&state={state}")
    assert answer.status_code == 403
    assert "You were not signed in" in answer.text


async def test_signing_out_ends_the_session_here_and_there(console: Running) -> None:
    person = Person(console)
    await person.signs_in("aigul")
    secret = person.console.cookies["jardem_session"]
    token = csrf(await person.console.get("/help"))
    answer = await person.console.post("/sign-out", data={"csrf": token})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(console.console.settings.oidc_issuer)
    assert await console.console.sessions.find(secret) is None
    back = await person.provider.get(answer.headers["location"])
    assert (back.status_code, back.headers["location"].partition("?")[0]) == (302, f"{BASE}/signed-out")
    # At the provider too: it asks for the password again.
    page = await person.provider.get(await person.sent_to_the_provider())
    assert page.status_code == 200
    assert 'type="password"' in page.text


async def test_a_provider_that_calls_itself_otherwise_is_not_believed(
    keycloak: Keycloak, tmp_path: Path
) -> None:
    other = provider(keycloak) | {"oidc_issuer": keycloak.issuer.replace("127.0.0.1", "localhost") + "/."}
    async with running(tmp_path, **other) as started:
        person = Person(started)
        token = csrf(await person.console.get("/sign-in"))
        answer = await person.console.post("/sign-in/provider", data={"csrf": token})
        assert answer.status_code == 503


async def test_while_the_provider_is_stopped_a_plain_page_says_so_and_sessions_go_on(
    keycloak: Keycloak, console: Running
) -> None:
    """The last test of this file: it stops the server."""
    person, late = Person(console), Person(console)
    await person.signs_in("aigul")
    back = await late.fills_in(await late.sent_to_the_provider(), "bolat", "bolat-password")
    keycloak.stop()
    stranger = Person(console)
    token = csrf(await stranger.console.get("/sign-in"))
    began = time.monotonic()
    answer = await stranger.console.post("/sign-in/provider", data={"csrf": token})
    assert answer.status_code == 503
    assert "sign-in service doesn't answer" in html.unescape(answer.text)
    assert time.monotonic() - began < 30
    assert (await late.comes_back(back.headers["location"])).status_code == 503
    assert (await person.console.get("/help")).status_code == 200
    token = csrf(await person.console.get("/help"))
    gone = await person.console.post("/sign-out", data={"csrf": token})
    assert gone.headers["location"] == "/signed-out"
