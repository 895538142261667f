"""Signing in, by password or at the provider, and signing out; and the choice of a language."""

import asyncio
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ops.console.address import origin_of
from ops.console.context import Console, console_of
from ops.console.cookies import Cookies
from ops.console.guard import local_path
from ops.console.metrics import LIMITED, SIGN_INS
from ops.console.oidc import CALLBACK, SIGNED_OUT, ProviderAwayError, ProviderRefusedError
from ops.console.refusals import refused
from ops.console.render import LANGUAGE_COOKIE
from ops.console.users import verified
from ops.console.visit import visit_of
from ops.console.words import LANGUAGES

_log = structlog.get_logger(__name__)

router = APIRouter()

_A_YEAR = 365 * 24 * 3600


@router.get("/sign-in")
async def ask(request: Request, next: str = "/") -> Response:  # noqa: A002 - it is the parameter's name
    """The page at which to sign in."""
    visit = visit_of(request)
    if visit is not None and visit.user is not None:
        return RedirectResponse(local_path(next), 303)
    return await _form(request, wanted=local_path(next))


@router.post("/sign-in")
async def with_password(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 - as above
) -> Response:
    """Sign in with a name and a password of the local file."""
    console = console_of(request)
    wanted, name = local_path(next), name.strip()
    if console.users is None:
        return await _form(request, wanted=wanted)
    address = request.client.host if request.client else ""
    wait = console.sign_ins.wait(name, address)
    if wait:
        LIMITED.labels("sign_in").inc()
        return await _form(request, wanted=wanted, name=name, wait=wait)
    user = console.users.find(name)
    console.sign_ins.tries(name, address)
    async with console.sign_ins.checks:
        right = await asyncio.to_thread(verified, user, password)
    if not right or user is None:
        SIGN_INS.labels("file", "refused").inc()
        return await _form(request, wanted=wanted, name=name, wrong=True)
    console.sign_ins.succeeded(name, address)
    SIGN_INS.labels("file", "signed_in").inc()
    await _end_session(request, console)
    secret = await console.sessions.begin(user.user, "file", stamp=user.stamp)
    answer = RedirectResponse(wanted, 303)
    Cookies.of(console.settings).set_session(answer, secret)
    return answer


@router.post("/sign-in/provider")
async def at_provider(request: Request, next: Annotated[str, Form()] = "/") -> Response:  # noqa: A002 - as above
    """Go to the provider."""
    console = console_of(request)
    if console.provider is None:
        return await _form(request, wanted=local_path(next))
    callback = _here(request, console) + CALLBACK
    try:
        return await console.provider.start(request, callback, local_path(next))
    except ProviderAwayError:
        SIGN_INS.labels("oidc", "provider_away").inc()
        return await refused(request, "provider_away", 503, headers={"Retry-After": "30"})


@router.get(CALLBACK)
async def from_provider(request: Request) -> Response:
    """Come back from the provider."""
    console = console_of(request)
    if console.provider is None:
        return RedirectResponse("/sign-in", 303)
    try:
        signed_in = await console.provider.finish(request)
    except ProviderAwayError:
        SIGN_INS.labels("oidc", "provider_away").inc()
        return await refused(request, "provider_away", 503, headers={"Retry-After": "30"})
    except ProviderRefusedError as error:
        SIGN_INS.labels("oidc", error.why).inc()
        _log.warning("a sign-in at the provider came to nothing", why=error.why)
        answer = await refused(request, f"provider_{error.why}", 403, onward="/sign-in")
        console.provider.forget(answer)
        return answer
    SIGN_INS.labels("oidc", "signed_in").inc()
    await _end_session(request, console)
    secret = await console.sessions.begin(signed_in.user, "oidc", id_token=signed_in.id_token)
    answer = RedirectResponse(local_path(signed_in.wanted), 303)
    Cookies.of(console.settings).set_session(answer, secret)
    console.provider.forget(answer)
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session here, and at the provider where it began there."""
    console = console_of(request)
    cookies = Cookies.of(console.settings)
    visit = visit_of(request)
    session = None if visit is None else await console.sessions.find(visit.token)
    await _end_session(request, console)
    target = SIGNED_OUT
    if session is not None and session.way == "oidc" and console.provider is not None:
        back = _here(request, console) + SIGNED_OUT
        target = await console.provider.sign_out_address(session.id_token, back) or SIGNED_OUT
    answer = RedirectResponse(target, 303)
    cookies.take(answer, cookies.session)
    return answer


@router.get(SIGNED_OUT)
async def signed_out(request: Request) -> Response:
    """Say that nobody is signed in any more."""
    return await refused(request, "signed_out", 200, onward="/sign-in", onward_key="sign_in.again")


@router.post("/language")
async def language(
    request: Request, language: Annotated[str, Form()] = "", back: Annotated[str, Form()] = "/"
) -> Response:
    """Speak another language from now on, and show the same page again."""
    answer = RedirectResponse(local_path(back), 303)
    if language in LANGUAGES:
        secure = Cookies.of(console_of(request).settings).secure
        answer.set_cookie(
            LANGUAGE_COOKIE, language, max_age=_A_YEAR, secure=secure, httponly=True, samesite="lax"
        )
    return answer


async def _form(
    request: Request, *, wanted: str, name: str = "", wrong: bool = False, wait: int = 0
) -> HTMLResponse:
    console = console_of(request)
    return await console.renderer.page(
        request,
        "sign_in.html",
        status=429 if wait else 401 if wrong else 200,
        headers={"Retry-After": str(wait)} if wait else None,
        wanted=wanted,
        name=name,
        wrong=wrong,
        wait=wait,
        by_password=console.users is not None,
        at_provider=console.provider is not None,
    )


async def _end_session(request: Request, console: Console) -> None:
    """Whoever signs in, or out, leaves the session of before behind."""
    visit = visit_of(request)
    if visit is not None and visit.session_id is not None:
        await console.sessions.end(visit.session_id)


def _here(request: Request, console: Console) -> str:
    return origin_of(console.settings, request.headers.get("host", ""))
