"""The first page: whether citizens are served, within a minute of reading."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.context import console_of
from ops.console.guard import require
from ops.console.pages.figures import figures_of
from ops.console.pages.tiles import tiles_of

router = APIRouter()


@router.get("/")
async def now(request: Request, user: Annotated[User, Depends(require(May.LOOK))]) -> Response:
    """What the service does now, in numbers and plots. It names nobody."""
    console = console_of(request)
    words = console.renderer.words(request)
    overview = await console.queries.overview(console.clock.now())
    freshness = await console.queries.freshness()
    unknown = words("fresh.behind_unknown")
    topics = [
        (one.topic, one.read, unknown if one.behind is None else one.behind) for one in freshness.topics
    ]
    return await console.renderer.page(
        request,
        "now.html",
        live=True,
        tiles=tiles_of(overview, user),
        figures=figures_of(overview, words),
        topics=topics,
    )
