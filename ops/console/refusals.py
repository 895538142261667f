"""What is answered instead of a page: in plain words, with a way on."""

from collections.abc import Mapping

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ops.console.access import NotAllowedError
from ops.console.context import console_of
from ops.console.guard import BadFormError, SignInNeededError
from ops.console.limits import TooManyError
from ops.console.producer import NotRecordedError
from ops.console.users import UsersError
from ops.read_model.asking.paging import BadCursorError
from ops.read_model.database import DatabaseError

_log = structlog.get_logger(__name__)

_WORDED = (403, 404, 405, 413)
"""The statuses that have words of their own."""


def add_refusals(app: FastAPI) -> None:
    """Add a handler for everything that keeps a page from being shown."""
    app.add_exception_handler(SignInNeededError, _sign_in)
    app.add_exception_handler(NotAllowedError, _not_allowed)
    app.add_exception_handler(BadFormError, _bad_form)
    app.add_exception_handler(TooManyError, _too_many)
    app.add_exception_handler(NotRecordedError, _not_recorded)
    app.add_exception_handler(UsersError, _no_users)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(DatabaseError, _no_database)
    app.add_exception_handler(SQLAlchemyError, _no_database)
    app.add_exception_handler(BadCursorError, _bad_cursor)
    app.add_exception_handler(HTTPException, _of_http)


async def refused(
    request: Request,
    key: str,
    status: int,
    *,
    onward: str = "/",
    onward_key: str = "refused.onward",
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> Response:
    """A page that says what is wrong: `refused.KEY.title` and `refused.KEY.text`, and a way on."""
    console = console_of(request)
    words = console.renderer.words(request)
    return await console.renderer.plain(
        request,
        status=status,
        headers=headers,
        title=words(f"refused.{key}.title"),
        text=words(f"refused.{key}.text", **values),
        onward=onward,
        onward_words=words(onward_key),
    )


async def _sign_in(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeededError)  # noqa: S101 - it is what the handler is for
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    return RedirectResponse(error.address, 303)


async def _not_allowed(request: Request, _: Exception) -> Response:
    return await refused(request, "not_allowed", 403)


async def _bad_form(request: Request, _: Exception) -> Response:
    return await refused(request, "bad_form", 403)


async def _too_many(request: Request, error: Exception) -> Response:
    assert isinstance(error, TooManyError)  # noqa: S101 - it is what the handler is for
    minutes = -(-error.seconds // 60)
    return await refused(
        request, "too_many", 429, headers={"Retry-After": str(error.seconds)}, minutes=minutes
    )


async def _not_recorded(request: Request, _: Exception) -> Response:
    return await refused(request, "not_recorded", 503, headers={"Retry-After": "10"})


async def _no_users(request: Request, error: Exception) -> Response:
    _log.error("the file of users cannot be used", why=str(error))
    return await refused(request, "no_users", 503)


async def _no_database(request: Request, error: Exception) -> Response:
    _log.error("the console's database does not answer", why=type(error).__name__)
    return await refused(request, "no_database", 503, headers={"Retry-After": "10"})


async def _bad_cursor(request: Request, _: Exception) -> Response:
    return await refused(request, "bad_cursor", 400, onward=request.url.path)


async def _bad_request(request: Request, _: Exception) -> Response:
    return await refused(request, "bad_request", 400)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is what the handler is for
    key = f"status_{error.status_code}" if error.status_code in _WORDED else "bad_request"
    return await refused(request, key, error.status_code, headers=error.headers)


async def unexpected(request: Request) -> Response:
    """What is answered where a fault of ours has kept a page from being shown."""
    return await refused(request, "unexpected", 500)
