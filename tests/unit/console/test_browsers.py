"""What browsers are told, and which of their requests are taken."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ops.console.security import LARGEST_BODY
from tests.unit.console.running import PASSWORD, Running, csrf, running


@pytest.mark.parametrize(
    "path", ["/sign-in", "/healthz", "/no-such-page", "/api/v1/openapi.json", "/static/mark.svg"]
)
async def test_every_answer_keeps_browsers_strict(running: Running, path: str) -> None:
    headers = (await running.browser().get(path)).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    kept = path.startswith("/static/")
    assert headers["cache-control"] == ("public, max-age=31536000, immutable" if kept else "no-store")


async def test_forms_may_lead_to_the_provider_where_there_is_one(tmp_path: Path) -> None:
    settings = {
        "console_url": "https://console.example.kz",
        "oidc_issuer": "https://sso.example.kz/realms/staff",
        "oidc_client_id": "console",
        "oidc_client_secret": "hush",
    }
    async with running(tmp_path, **settings) as started:
        answer = await started.browser("https://console.example.kz").get("/sign-in")
        assert "form-action 'self' https://sso.example.kz;" in answer.headers["content-security-policy"]
        assert 'action="/sign-in/provider"' in answer.text


async def test_a_form_without_its_token_or_with_another_visitors_changes_nothing(running: Running) -> None:
    browser, another = running.browser(), running.browser()
    await browser.get("/sign-in")
    theirs = csrf(await another.get("/sign-in"))
    for given in ({}, {"csrf": ""}, {"csrf": theirs}, {"csrf": "é"}):
        answer = await browser.post("/sign-in", data={**given, "name": "viewer", "password": PASSWORD})
        assert answer.status_code == 403
        assert "too old" in answer.text
        assert "jardem_session" not in answer.cookies


async def test_a_form_in_an_odd_encoding_is_none_of_ours(running: Running) -> None:
    browser = running.browser()
    await browser.get("/sign-in")
    part = b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n\\ud800\r\n--x--\r\n'
    kind = {"content-type": "multipart/form-data; boundary=x; charset=raw_unicode_escape"}
    assert (await browser.post("/sign-in", content=part, headers=kind)).status_code == 403


async def test_a_fault_of_ours_is_answered_with_a_page_that_repeats_nothing_and_is_logged_once(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise RuntimeError("850101300015")

    monkeypatch.setattr(type(running.console.queries), "overview", fails)
    browser = await running.entered("viewer")
    with capture_logs() as logs:
        answer = await browser.get("/")
    assert answer.status_code == 500
    assert "<h1>Something went wrong</h1>" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "850101300015" not in answer.text + repr(logs)
    [line] = [line for line in logs if line["log_level"] == "error"]
    assert line["kind"] == "RuntimeError"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8090"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ],
)
async def test_a_form_from_elsewhere_is_refused_even_with_the_right_token(
    running: Running, headers: dict[str, str]
) -> None:
    browser = running.browser()
    token = csrf(await browser.get("/sign-in"))
    del browser.headers["sec-fetch-site"]
    data = {"csrf": token, "name": "viewer", "password": PASSWORD}
    assert (await browser.post("/sign-in", data=data, headers=headers)).status_code == 403


async def test_an_older_browser_says_by_its_origin_where_a_form_comes_from(running: Running) -> None:
    browser = running.browser()
    token = csrf(await browser.get("/sign-in"))
    del browser.headers["sec-fetch-site"]
    answer = await browser.post(
        "/sign-in",
        data={"csrf": token, "name": "viewer", "password": PASSWORD},
        headers={"origin": "http://127.0.0.1:8090"},
    )
    assert answer.status_code == 303


async def test_a_name_that_is_not_ours_is_not_answered_but_probes_are(running: Running) -> None:
    stranger = running.browser("http://rebound.example:8090")
    assert (await stranger.get("/sign-in")).status_code == 421
    assert (await stranger.get("/healthz")).status_code == 200


async def test_a_body_that_is_too_large_is_refused_with_and_without_its_length(running: Running) -> None:
    browser = running.browser()
    token = csrf(await browser.get("/sign-in"))
    large = b"x" * (LARGEST_BODY + 1)
    assert (await browser.post("/sign-in", content=large)).status_code == 413

    async def pieces() -> AsyncIterator[bytes]:
        yield b"csrf=" + token.encode() + b"&name="
        for _ in range(64):
            yield b"x" * (LARGEST_BODY // 32)

    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await browser.post("/sign-in", content=pieces(), headers=headers)
    assert answer.status_code in (400, 413)


async def test_what_there_is_not_is_said_in_words_with_a_way_on(running: Running) -> None:
    browser = await running.signed_in("viewer")
    answer = await browser.get("/no-such-page")
    assert answer.status_code == 404
    assert "No such page" in answer.text
    assert 'href="/"' in answer.text
    wrong = await browser.get("/sign-out")
    assert wrong.status_code == 405
    assert "use the form" in wrong.text


async def test_the_probes_say_how_the_console_does(running: Running) -> None:
    browser = running.browser()
    assert (await browser.get("/healthz")).json() == {"status": "alive"}
    assert (await browser.get("/readyz")).json() == {"status": "ready"}
    running.broker.away = True
    answer = await browser.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "the broker does not answer"})


async def test_requests_are_counted_by_the_template_of_their_route(running: Running) -> None:
    browser = await running.signed_in("viewer")
    await browser.get("/no-such-page/870412300415")
    await (await running.program()).get("/cases/0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11")
    counted = (await browser.get("/metrics")).text
    assert 'jardem_console_requests_total{method="POST",route="/sign-in",status="303"}' in counted
    assert 'route="/api/v1/cases/{case_id}",status="403"' in counted
    assert 'jardem_console_sign_ins_total{result="signed_in",way="file"}' in counted
    assert "870412300415" not in counted


async def test_our_public_keys_are_there_for_everybody(running: Running) -> None:
    answer = await running.browser().get("/.well-known/jardem-keys.json")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.json()["keys"]
