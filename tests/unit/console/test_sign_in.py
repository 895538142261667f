import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops.console.access import Role, User
from ops.console.own_keys import Sealed
from ops.console.sessions import IDLE, LONGEST, Sessions
from ops.console.users import LocalUsers, verified
from tests.unit.console.running import PASSWORD, Running, csrf, hashed, running, sign_in, users_file

OTHER_PASSWORD = "another long password"


def cookie_of(answer_headers: list[str], name: str) -> str:
    return next(one for one in answer_headers if one.startswith(name + "="))


async def test_a_right_password_begins_a_session_whose_cookie_no_script_reads(running: Running) -> None:
    browser = running.browser()
    answer = await sign_in(browser, "viewer", PASSWORD, next="/language?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/language?x=1"
    cookie = cookie_of(answer.headers.get_list("set-cookie"), "jardem_session")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    page = await browser.get("/signed-out")
    assert "viewer" in page.text


async def test_behind_https_cookies_are_secure_and_bound_to_the_host(tmp_path: Path) -> None:
    async with running(tmp_path, console_url="https://console.example.kz") as secure:
        browser = secure.browser("https://console.example.kz")
        answer = await sign_in(browser, "viewer", PASSWORD)
        cookie = cookie_of(answer.headers.get_list("set-cookie"), "__Host-jardem_session")
        assert {"HttpOnly", "SameSite=lax", "Path=/", "Secure"} <= set(cookie.split("; "))
        assert "max-age" in answer.headers["strict-transport-security"]
        anonymous = await secure.browser("https://console.example.kz").get("/sign-in")
        assert "Secure" in cookie_of(anonymous.headers.get_list("set-cookie"), "__Host-jardem_visitor")


async def test_each_sign_in_has_an_id_of_its_own_and_ends_the_session_of_before(running: Running) -> None:
    browser = await running.signed_in("viewer")
    before = browser.cookies["jardem_session"]
    token = csrf(await browser.get("/signed-out"))
    again = await browser.post(
        "/sign-in", data={"csrf": token, "name": "officer", "password": PASSWORD}, follow_redirects=False
    )
    assert again.status_code == 303
    assert browser.cookies["jardem_session"] != before
    assert await running.console.sessions.find(before) is None


@pytest.mark.parametrize("name", ["viewer", "nobody", ""])
async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(running: Running, name: str) -> None:
    answer = await sign_in(running.browser(), name, "wrong password")
    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert "jardem_session" not in answer.cookies


def test_an_unknown_name_takes_as_long_as_a_wrong_password(tmp_path: Path) -> None:
    user = users_file(tmp_path / "users.json").find("viewer")

    def seconds(*, known: bool) -> float:
        began = time.perf_counter()
        assert not verified(user if known else None, "wrong password")
        return time.perf_counter() - began

    pairs = [(seconds(known=True), seconds(known=False)) for _ in range(3)]
    assert min(unknown for _, unknown in pairs) > min(known for known, _ in pairs) / 4


async def test_after_five_wrong_ones_even_the_right_password_has_to_wait(running: Running) -> None:
    browser = running.browser()
    for _ in range(5):
        assert (await sign_in(browser, "viewer", "wrong password")).status_code == 401
    answer = await sign_in(browser, "viewer", PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert "Try again in" in answer.text
    assert (await sign_in(browser, "officer", PASSWORD)).status_code == 303


async def test_one_address_may_not_try_the_names_one_after_another(running: Running) -> None:
    limits = running.console.sign_ins
    for number in range(30):
        limits.tries(f"name-{number}", "127.0.0.1")
    assert (await sign_in(running.browser(), "viewer", PASSWORD)).status_code == 429


async def test_many_tries_at_once_do_not_come_by_the_limit(running: Running) -> None:
    browser = running.browser()
    token = csrf(await browser.get("/sign-in"))
    data = {"csrf": token, "name": "viewer", "password": "wrong password"}
    answers = await asyncio.gather(*(browser.post("/sign-in", data=data) for _ in range(12)))
    assert [answer.status_code for answer in answers].count(429) >= 6


async def test_a_right_password_forgets_the_wrong_ones_of_that_name(running: Running) -> None:
    browser = running.browser()
    for _ in range(4):
        await sign_in(browser, "viewer", "wrong password")
    assert (await sign_in(browser, "viewer", PASSWORD)).status_code == 303
    assert running.console.sign_ins.by_name.wait("viewer") == 0


async def test_signing_out_ends_the_session_on_the_server(running: Running) -> None:
    browser = await running.signed_in("viewer")
    secret = browser.cookies["jardem_session"]
    token = csrf(await browser.get("/signed-out"))
    answer = await browser.post("/sign-out", data={"csrf": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/signed-out")
    thief = running.browser()
    thief.cookies["jardem_session"] = secret
    assert "viewer" not in (await thief.get("/signed-out")).text


async def test_roles_that_are_taken_in_the_file_are_lost_in_a_running_session(running: Running) -> None:
    browser = await running.signed_in("viewer")
    secret = browser.cookies["jardem_session"]
    users_file(running.users.path, viewer={Role.OPERATOR})
    session = await running.console.sessions.find(secret)
    assert session is not None
    assert session.user.roles == {Role.OPERATOR}
    running.users.write(LocalUsers())
    assert await running.console.sessions.find(secret) is None


async def test_another_password_ends_the_sessions_of_before(running: Running) -> None:
    browser = await running.signed_in("viewer")
    users = running.users.users()
    changed = tuple(
        user.with_(password=hashed(OTHER_PASSWORD)) if user.name == "viewer" else user for user in users.users
    )
    running.users.write(LocalUsers(users=changed))
    assert await running.console.sessions.find(browser.cookies["jardem_session"]) is None
    assert (await sign_in(browser, "viewer", OTHER_PASSWORD)).status_code == 303


async def test_a_file_that_others_can_read_lets_nobody_in(running: Running) -> None:
    browser = await running.signed_in("viewer")
    running.users.path.chmod(0o644)
    os.utime(running.users.path, (1, 1))
    answer = await sign_in(running.browser(), "viewer", PASSWORD)
    assert answer.status_code == 503
    assert "file of users" in answer.text
    assert await running.console.sessions.find(browser.cookies["jardem_session"]) is None


async def test_a_session_ends_when_nothing_is_asked_for_half_an_hour_and_after_eight_hours(
    running: Running,
) -> None:
    now = [datetime(2026, 11, 26, 8, tzinfo=UTC)]
    sessions = Sessions(running.console.store.control, Sealed(running.console.settings), None, lambda: now[0])
    user = User("somebody", frozenset({Role.VIEWER}))
    began = now[0]
    secret = await sessions.begin(user, "oidc", id_token="the provider's")
    while now[0] + IDLE - timedelta(minutes=1) < began + LONGEST:
        now[0] += IDLE - timedelta(minutes=1)
        found = await sessions.find(secret)
        assert found is not None
        assert (found.user, found.id_token) == (user, "the provider's")
    now[0] = began + LONGEST
    assert await sessions.find(secret) is None
    quiet = await sessions.begin(user, "oidc")
    now[0] += IDLE
    assert await sessions.find(quiet) is None


async def test_to_ask_for_a_page_that_stays_open_is_no_sign_of_life(running: Running) -> None:
    now = [datetime(2026, 11, 26, 8, tzinfo=UTC)]
    sessions = Sessions(running.console.store.control, Sealed(running.console.settings), None, lambda: now[0])
    secret = await sessions.begin(User("somebody", frozenset({Role.VIEWER})), "oidc")
    found = await sessions.find(secret)
    assert found is not None
    for _ in range(4):
        now[0] += IDLE / 5
        assert await sessions.user(found.session_id)
    now[0] += IDLE / 4
    assert await sessions.user(found.session_id) is None


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/sign-out", "javascript:alert(1)"],
)
async def test_a_sign_in_leads_to_pages_of_ours_alone(running: Running, wanted: str) -> None:
    answer = await sign_in(running.browser(), "viewer", PASSWORD, next=wanted)
    assert answer.headers["location"] == "/"
    page = await running.browser().get("/sign-in", params={"next": wanted})
    assert 'name="next" value="/"' in page.text


@pytest.mark.parametrize(("language", "words"), [("kk", "Кіру"), ("ru", "Вход"), ("en", "Sign in")])
async def test_the_page_speaks_the_browsers_language_or_the_one_that_was_chosen(
    running: Running, language: str, words: str
) -> None:
    page = await running.browser(**{"accept-language": language}).get("/sign-in")
    assert f"<h1>{words}</h1>" in page.text
    browser = running.browser(**{"accept-language": "de"})
    token = csrf(await browser.get("/sign-in"))
    answer = await browser.post(
        "/language", data={"csrf": token, "language": language, "back": "/sign-in?next=/x"}
    )
    assert answer.headers["location"] == "/"
    assert f"<h1>{words}</h1>" in (await browser.get("/sign-in")).text


async def test_who_is_signed_in_already_goes_on(running: Running) -> None:
    browser = await running.signed_in("viewer")
    answer = await browser.get("/sign-in?next=/healthz")
    assert (answer.status_code, answer.headers["location"]) == (303, "/healthz")
