"""What the API answers where it can't answer: problems in JSON (RFC 9457), in plain words."""

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from ops.console.access import NotAllowedError
from ops.console.limits import TooManyError
from ops.console.producer import NotRecordedError
from ops.read_model.asking.paging import BadCursorError
from ops.read_model.database import DatabaseError
from schemas.base import Model

_log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


class NoTokenError(Exception):
    """There is no token, or none that opens anything now."""


class Problem(Model):
    """Why there is no answer. `type` names the kind, `detail` says what to do."""

    type: str = Field(description="urn:jardem:problem: and the kind, which programs may rely on")
    title: str
    status: int
    detail: str


_TITLES = {
    "no-token": (401, "A token is needed"),
    "not-allowed": (403, "Not for this token's roles"),
    "not-found": (404, "There is no such thing"),
    "bad-request": (400, "That can't be read"),
    "bad-cursor": (400, "There is no such page"),
    "too-many": (429, "Too many searches"),
    "not-recorded": (503, "This can't be recorded now"),
    "no-database": (503, "The database doesn't answer"),
    "wrong-method": (405, "Not in this way"),
    "unexpected": (500, "Something went wrong"),
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer besides: for the description."""
    schema = {"$ref": "#/components/schemas/Problem"}
    titles = dict(reversed(_TITLES.values()))
    return {
        status: {"description": titles[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in sorted({400, 401, 403, 503, *statuses})
    }


def problem(kind: str, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer."""
    status, title = _TITLES[kind]
    content = Problem(type=f"urn:jardem:problem:{kind}", title=title, status=status, detail=detail)
    return JSONResponse(content.model_dump(), status, dict(headers or {}), media_type=MEDIA_TYPE)


def add_problems(api: FastAPI) -> None:
    """Add a handler for everything that keeps the API from answering."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)


async def _no_token(_: Request, __: Exception) -> JSONResponse:
    said = "send Authorization: Bearer and a token made by jardem console tokens new; this one is missing, "
    return problem("no-token", said + "unknown, revoked or over", {"WWW-Authenticate": "Bearer"})


async def _not_allowed(_: Request, error: Exception) -> JSONResponse:
    return problem("not-allowed", f"this takes a role that may {error}")


async def _bad_cursor(_: Request, __: Exception) -> JSONResponse:
    return problem("bad-cursor", "after is not one that a page named as its next: begin without it")


async def _bad_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - it is what the handler is for
    # The input itself is not repeated: it may name somebody.
    said = "; ".join(
        f"{'.'.join(str(part) for part in one['loc'][1:]) or one['loc'][0]}: "
        f"{one['msg'].removeprefix('Value error, ')}"
        for one in error.errors()
    )
    return problem("bad-request", said)


async def _too_many(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TooManyError)  # noqa: S101 - it is what the handler is for
    said = f"there were more searches than work takes; search again in {error.seconds} s"
    return problem("too-many", said, {"Retry-After": str(error.seconds)})


async def _not_recorded(_: Request, __: Exception) -> JSONResponse:
    said = "every look at a person is recorded first, and the broker does not answer: try again in a moment"
    return problem("not-recorded", said, {"Retry-After": "10"})


async def _no_database(_: Request, error: Exception) -> JSONResponse:
    _log.error("the console's database does not answer", why=type(error).__name__)
    return problem("no-database", "nothing is lost: try again in a moment", {"Retry-After": "10"})


async def _of_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is what the handler is for
    kinds = {404: "not-found", 405: "wrong-method"}
    said = "" if error.status_code in kinds else "something in the request is not as it should be"
    said = said or "what there is stands in /api/v1/openapi.json"
    return problem(kinds.get(error.status_code, "bad-request"), said, error.headers)


async def _unexpected(_: Request, __: Exception) -> JSONResponse:
    return problem("unexpected", "it is our fault and was logged")


_HANDLERS = {
    NoTokenError: _no_token,
    NotAllowedError: _not_allowed,
    BadCursorError: _bad_cursor,
    RequestValidationError: _bad_request,
    TooManyError: _too_many,
    NotRecordedError: _not_recorded,
    DatabaseError: _no_database,
    SQLAlchemyError: _no_database,
    HTTPException: _of_http,
    Exception: _unexpected,
}
