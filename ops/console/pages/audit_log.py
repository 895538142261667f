"""Who looked at whom, and who did what."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.context import console_of
from ops.console.guard import require
from ops.console.pages.forms import query_of
from ops.console.pages.lists import listed
from ops.read_model.views import ActShown, Looked, Page

router = APIRouter()

_LONGEST_NAME = 200


@router.get("/audit")
async def looks(
    request: Request,
    _: Annotated[User, Depends(require(May.OPERATE))],
    who: str = "",
    after: str = "",
) -> Response:
    """Looks and acts as `audit.console.v1` has them: persons by pseudonym."""
    console = console_of(request)
    name = who.strip()[:_LONGEST_NAME]

    async def ask(cursor: str | None) -> Page[Looked]:
        return await console.queries.looks(who=name or None, after=cursor)

    found = await listed(console.renderer.words(request), after, ask)
    given = {"who": name}
    return await console.renderer.page(
        request,
        "audit.html",
        status=400 if found.problems else 200,
        which="looks",
        page=found.page,
        problems=found.problems,
        given=given,
        query=query_of(given),
    )


@router.get("/audit/acts")
async def acts(
    request: Request, _: Annotated[User, Depends(require(May.OPERATE))], after: str = ""
) -> Response:
    """Acts, each with its reason."""
    console = console_of(request)

    async def ask(cursor: str | None) -> Page[ActShown]:
        return await console.queries.acts(after=cursor)

    found = await listed(console.renderer.words(request), after, ask)
    return await console.renderer.page(
        request,
        "audit.html",
        status=400 if found.problems else 200,
        which="acts",
        page=found.page,
        problems=found.problems,
        given={},
        query=query_of({}),
    )
