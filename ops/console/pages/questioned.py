"""What was learnt after decisions: an officer corrects it, never a machine."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.context import console_of
from ops.console.guard import require
from ops.console.pages.forms import query_of
from ops.console.pages.lists import listed
from ops.read_model.views import Page, Questioned

router = APIRouter()


@router.get("/questioned")
async def questioned(
    request: Request, _: Annotated[User, Depends(require(May.BROWSE))], after: str = ""
) -> Response:
    """The list, masked, the newest first."""
    console = console_of(request)

    async def ask(cursor: str | None) -> Page[Questioned]:
        return await console.queries.questioned(after=cursor)

    found = await listed(console.renderer.words(request), after, ask)
    return await console.renderer.page(
        request,
        "questioned.html",
        status=400 if found.problems else 200,
        page=found.page,
        problems=found.problems,
        query=query_of({}),
    )
