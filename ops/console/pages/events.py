"""What tells open pages that something has changed: server-sent events, at most one a second."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from ops.console.access import May, User
from ops.console.context import Console, console_of
from ops.console.guard import require, still_allowed

router = APIRouter()

QUIET_SECONDS = 5.0
"""After so much silence, in real time, the page is told that it is still being listened to."""
_BETWEEN = 1.0


@router.get("/events")
async def events(request: Request, _: Annotated[User, Depends(require(May.LOOK))]) -> Response:
    """A stream of `changed`, whereupon a page asks for itself again, and of `alive` where nothing has.

    It says nothing of anybody, and ends when the session does.
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _told(request, console_of(request)), media_type="text/event-stream", headers=headers
    )


@router.get("/fresh")
async def fresh(request: Request, _: Annotated[User, Depends(require(May.LOOK))]) -> Response:
    """How fresh the pages are, for a page that is open."""
    return await console_of(request).renderer.page(request, "fresh.html", live=True)


async def _told(request: Request, console: Console) -> AsyncIterator[str]:
    yield "retry: 3000\nevent: alive\ndata: \n\n"
    while not console.stopping.is_set() and await still_allowed(request, May.LOOK):
        changed = await console.store.wait_changed(QUIET_SECONDS)
        yield f"event: {'changed' if changed else 'alive'}\ndata: \n\n"
        await asyncio.sleep(_BETWEEN)
