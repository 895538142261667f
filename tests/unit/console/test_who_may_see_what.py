"""Every route and every role: allowed, or refused. A route that has no row here fails."""

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from ops.console.access import GRANTS, May, Role
from ops.console.api.guard import TokenRequired
from ops.console.guard import Required
from tests.unit.console.running import Running, csrf

EVERYBODY = "everybody"
"""Of a route that nobody has to be signed in for."""

PAGES: dict[str, May | str | None] = {
    "GET /sign-in": EVERYBODY,
    "POST /sign-in": EVERYBODY,
    "POST /sign-in/provider": EVERYBODY,
    "GET /sign-in/callback": EVERYBODY,
    "POST /sign-out": EVERYBODY,
    "GET /signed-out": EVERYBODY,
    "POST /language": EVERYBODY,
    "GET /healthz": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /metrics": EVERYBODY,
    "GET /.well-known/jardem-keys.json": EVERYBODY,
    "GET /": May.LOOK,
    "GET /events": May.LOOK,
    "GET /fresh": May.LOOK,
    "POST /cases/find": May.LOOK,
    "POST /cases.csv": May.BROWSE,
    "GET /cases": May.LOOK,
    "GET /cases/{case_id}": May.LOOK,
    "POST /cases/{case_id}/unmask": May.UNMASK,
    "POST /cases/{case_id}/acts": May.OPERATE,
    "GET /dead-letters": May.OPERATE,
    "GET /dead-letters/{partition:int}/{offset:int}": May.OPERATE,
    "POST /dead-letters/{partition:int}/{offset:int}/acts": May.OPERATE,
    "GET /decisions": May.SIGN,
    "GET /decisions/{decision_id}": May.SIGN,
    "POST /decisions/{decision_id}/unmask": May.SIGN,
    "POST /decisions/{decision_id}/sign": May.SIGN,
    "POST /decisions/{decision_id}/hearing": May.SIGN,
    "POST /decisions/{decision_id}/intend": May.SIGN,
    "POST /decisions/{decision_id}/extend": May.SIGN,
    "GET /questioned": May.BROWSE,
    "GET /doubts": May.OPERATE,
    "POST /doubts/{message_id}/acts": May.OPERATE,
    "GET /service": May.OPERATE,
    "POST /service/acts": May.OPERATE,
    "GET /reconciliation": May.BROWSE,
    "GET /audit": May.OPERATE,
    "GET /audit/acts": May.OPERATE,
    "GET /help": May.LOOK,
}
"""What a page demands; None: anybody who is signed in."""

API: dict[str, May] = {
    "GET /cases": May.BROWSE,
    "GET /cases/{case_id}": May.LOOK,
    "POST /persons/search": May.LOOK,
    "GET /persons/{person_id}/cases": May.LOOK,
    "GET /outcomes": May.BROWSE,
    "GET /reports/{year}": May.LOOK,
    "GET /reports/{year}/csv": May.LOOK,
    "GET /day-totals": May.BROWSE,
    "GET /unrecorded": May.BROWSE,
    "GET /overview": May.LOOK,
    "GET /freshness": May.LOOK,
    "GET /service": May.LOOK,
    "GET /dead-letters": May.OPERATE,
    "GET /dead-letters/{partition}/{offset}": May.OPERATE,
}

FILLED = {
    "case_id": "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11",
    "person_id": "9f2c" * 16,
    "decision_id": "9f2c" * 16 + ".0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11",
    "year": "2021",
    "partition": "0",
    "offset": "0",
    "message_id": "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11",
}


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda name: FILLED[name[1]], path)


def routes_of(app: FastAPI) -> dict[str, APIRoute]:
    return {
        f"{method} {route.path}": route
        for route in _api_routes(app.routes)
        for method in sorted(route.methods or ())
    }


def _api_routes(routes: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif original := getattr(route, "original_router", None):
            yield from _api_routes(original.routes)


def mounted(app: FastAPI) -> FastAPI:
    return next(
        route.app for route in app.routes if isinstance(route, Mount) and isinstance(route.app, FastAPI)
    )


def demands(dependant: Dependant) -> Iterator[May | None]:
    if isinstance(dependant.call, Required | TokenRequired):
        yield dependant.call.what
    for part in dependant.dependencies:
        yield from demands(part)


async def asked(client: httpx.AsyncClient, name: str, form: dict[str, str] | None = None) -> int:
    method, _, path = name.partition(" ")
    return (await client.request(method, filled(path), data=form)).status_code


async def test_every_page_has_a_row_and_demands_what_it_says(running: Running) -> None:
    routes = routes_of(running.app)
    assert set(routes) == set(PAGES)
    for name, route in routes.items():
        found: list[May | str | None] = list(demands(route.dependant))
        assert (found or [EVERYBODY]) == [PAGES[name]], name


async def test_every_route_of_the_api_has_a_row_and_demands_what_it_says(running: Running) -> None:
    routes = routes_of(mounted(running.app))
    assert set(routes) == set(API)
    for name, route in routes.items():
        assert list(demands(route.dependant)) == [API[name]], name


async def test_every_form_is_checked(running: Running) -> None:
    browser = running.browser()
    for name, route in routes_of(running.app).items():
        if not name.startswith("GET"):
            assert (await browser.post(filled(route.path))).status_code == 403, name


@pytest.mark.parametrize("role", list(Role))
async def test_a_page_is_shown_to_whom_it_is_for_and_to_nobody_else(running: Running, role: Role) -> None:
    # Event streams end at once then.
    running.console.stopping.set()
    for name, demanded in PAGES.items():
        browser = await running.entered(role)
        token = csrf(await browser.get("/signed-out"))
        status = await asked(browser, name, None if name.startswith("GET") else {"csrf": token})
        allowed = not isinstance(demanded, May) or demanded in GRANTS[role]
        assert (status != 403) is allowed, name
        assert status < 500 or not allowed, name


async def test_without_a_session_every_page_leads_to_the_sign_in(running: Running) -> None:
    for name, demanded in PAGES.items():
        if demanded is not EVERYBODY and name.startswith("GET"):
            answer = await running.browser().get(filled(name.partition(" ")[2]))
            assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in"), name


@pytest.mark.parametrize("role", list(Role))
async def test_a_token_opens_what_its_role_may_and_nothing_else(running: Running, role: Role) -> None:
    program = await running.program(role)
    for name, demanded in API.items():
        allowed = demanded in GRANTS[role]
        status = await asked(program, name)
        assert (status != 403) is allowed, name
        assert status not in (401, 500, 503), name


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer jardem_unknown", "Basic dXNlcjpwYXNz"])
async def test_without_a_token_that_counts_the_api_says_what_is_needed(running: Running, given: str) -> None:
    stranger = running.browser(f"{str(running.browser().base_url).rstrip('/')}/api/v1")
    for name in API:
        method, _, path = name.partition(" ")
        headers = {"authorization": given} if given else {}
        answer = await stranger.request(method, filled(path), headers=headers)
        assert answer.status_code == 401, name
        assert answer.headers["content-type"] == "application/problem+json"
        assert "jardem console tokens new" in answer.json()["detail"]


async def test_a_session_opens_nothing_of_the_api(running: Running) -> None:
    browser = await running.signed_in("officer")
    assert (await browser.get("/api/v1/overview")).status_code == 401
