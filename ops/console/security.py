"""What stands before the application: whom it answers, what browsers may do with its answers, who visits."""

import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable
from http.cookies import SimpleCookie
from pathlib import Path
from traceback import extract_tb

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ops.console.address import host_name
from ops.console.cookies import Cookies
from ops.console.metrics import REQUESTS
from ops.console.sessions import Sessions
from ops.console.visit import Visit, csrf_of

_log = structlog.get_logger(__name__)

LARGEST_BODY = 512 * 1024
"""Bytes of a request: a form with the longest list of a pilot, 5000 pseudonyms, takes two thirds of it."""

PROBES = ("/healthz", "/readyz", "/metrics")
"""What is asked for by address rather than by name."""

_UNVISITED = (*PROBES, "/static", "/api", "/.well-known")


def headers_of(secure: bool, form_targets: Iterable[str]) -> dict[str, str]:  # noqa: FBT001 - it is one fact
    """The headers of every answer. `form_targets` are origins that forms may lead to besides ours."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": " ".join(["'self'", *form_targets]),
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    found = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # With no-referrer browsers would send our own forms with the origin null.
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    if secure:
        found["Strict-Transport-Security"] = "max-age=31536000"
    return found


class Security:
    """The outermost part: known hosts, small bodies, headers on every answer, and a count of the answers.

    `failed` answers where a fault of ours has left a request without an answer. Nothing behind it may: what a
    fault is logged with there repeats what somebody typed.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        headers: dict[str, str],
        failed: Callable[[Request], Awaitable[Response]],
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._headers = headers
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answered = False

        async def secured(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                sent = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    sent.setdefault(name, value)
                route = scope.get("root_path", "") + getattr(scope.get("route"), "path", "")
                REQUESTS.labels(_method(scope["method"]), route, str(message["status"])).inc()
            await send(message)

        if scope["path"] not in PROBES and host_name(headers.get("host", "")) not in self._hosts:
            refused = PlainTextResponse("this console is not known under that name\n", 421)
            await refused(scope, receive, secured)
        elif _too_large(headers):
            await PlainTextResponse("the request is too large\n", 413)(scope, receive, secured)
        else:
            try:
                await self._app(scope, _limited(receive), secured)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody else may tell of it
                # Its message may hold what somebody typed; where it was raised does not.
                where = [
                    f"{Path(frame.filename).name}:{frame.lineno}" for frame in extract_tb(error.__traceback__)
                ]
                _log.error("a request failed", kind=type(error).__name__, where=where[-8:])
                if not answered:
                    await (await self._failed(Request(scope, receive)))(scope, receive, secured)


class Visits:
    """Says who visits: looks for the session of the cookie, or gives somebody without one a visitor's."""

    def __init__(self, app: ASGIApp, *, sessions: Sessions, cookies: Cookies, key: bytes) -> None:
        self._app = app
        self._sessions = sessions
        self._cookies = cookies
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put the visit to the request."""
        if scope["type"] != "http" or scope["path"].startswith(_UNVISITED):
            await self._app(scope, receive, send)
            return
        cookies = HTTPConnection(scope).cookies
        secret, visitor = cookies.get(self._cookies.session), cookies.get(self._cookies.visitor)
        try:
            session = None if secret is None else await self._sessions.find(secret)
        except (SQLAlchemyError, OSError):
            text = "the console's database does not answer: try again in a moment\n"
            await PlainTextResponse(text, 503, {"Retry-After": "10"})(scope, receive, send)
            return
        fresh = None
        if session is not None and secret is not None:
            visit = Visit(secret, csrf_of(self._key, secret), session.user, session.session_id)
        else:
            token = visitor or secrets.token_urlsafe(24)
            fresh = None if visitor else token
            visit = Visit(token, csrf_of(self._key, token))
        scope.setdefault("state", {})["visit"] = visit

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and fresh is not None:
                sent = MutableHeaders(scope=message)
                if not any(self._cookies.visitor + "=" in one for one in sent.getlist("set-cookie")):
                    sent.append("set-cookie", _cookie(self._cookies, fresh))
            await send(message)

        await self._app(scope, receive, with_cookie)


def _cookie(cookies: Cookies, value: str) -> str:
    written: SimpleCookie = SimpleCookie()
    written[cookies.visitor] = value
    morsel = written[cookies.visitor]
    morsel["path"], morsel["httponly"], morsel["samesite"] = "/", True, "lax"
    if cookies.secure:
        morsel["secure"] = True
    return morsel.OutputString()


def _method(given: str) -> str:
    """A label of which there are few, whatever is sent."""
    return given if given in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH") else "other"


def _too_large(headers: Headers) -> bool:
    length = headers.get("content-length", "0")
    return not length.isdecimal() or int(length) > LARGEST_BODY


def _limited(receive: Receive) -> Receive:
    """A body without a length is cut off where it grows too large, as if the browser had gone."""
    taken = 0

    async def receive_some() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > LARGEST_BODY else message

    return receive_some
