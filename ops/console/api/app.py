"""The API as an application of its own, under `/api/v1` of the console, with its description."""

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from ops.console.api import cases, reports, service
from ops.console.api.problems import Problem, add_problems

if TYPE_CHECKING:
    from ops.console.context import Console

VERSION = "1.0.0"

_ABOUT = """\
What the console's pages show, for programs. A token stands for roles as a user's do; every look at a person
is recorded under the token's name before it is answered. Lists go on with `after`, which takes the `next` of
the page before. Every answer says in its headers how fresh it is: `Jardem-Fresh` (yes or no), `Jardem-As-Of`
and `Jardem-Behind` (records). Instants are in UTC, days are local ones of the installation's zone.
"""


def create_api(console: "Console | None" = None) -> FastAPI:
    """The application; without a console for its description alone."""
    api = FastAPI(
        title="jardem read API",
        version=VERSION,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation,
    )
    api.state.console = console
    for part in (cases, reports, service):
        api.include_router(part.router)
    add_problems(api)
    api.openapi = lambda: description(api)  # type: ignore[method-assign] # as FastAPI's manual has it
    return api


def description(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 description."""
    found = get_openapi(
        title=api.title,
        version=api.version,
        description=_ABOUT,
        routes=api.routes,
        servers=[{"url": "/api/v1"}],
    )
    found["components"]["schemas"]["Problem"] = Problem.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        found["components"]["schemas"].pop(name, None)
    for operations in found["paths"].values():
        for operation in operations.values():
            # What can't be read is answered with 400 and a problem.
            operation["responses"].pop("422", None)
    return found


def _operation(route: APIRoute) -> str:
    return route.name
