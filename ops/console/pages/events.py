"""What tells open pages that something has changed: server-sent events, at most one a second."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from ops.console.access import May, User
from ops.console.context import Console, console_of
from ops.console.guard import require, still_allowed
from ops.read_model.database import DatabaseError

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
    store = console.store
    try:
        seen = await store.changes()
        # What has changed between the page and this stream, the first or one after a break, is told at once.
        yield "retry: 3000\nevent: changed\ndata: \n\n"
        while not console.stopping.is_set() and await still_allowed(request, May.LOOK):
            if await store.changes() == seen:
                await _unless_stopping(console, store.wait_changed(QUIET_SECONDS))
            changed = await store.changes() != seen
            # What changes within this second is told with it; and what is shown is not older than the change.
            await _unless_stopping(console, asyncio.sleep(_BETWEEN))
            seen = await store.changes() if changed else seen
            yield f"event: {'changed' if changed else 'alive'}\ndata: \n\n"
        # A page whose session has ended asks once more, and is led to the sign-in.
        yield "event: alive\ndata: \n\n"
    except DatabaseError:
        # The page tries again by itself, and says meanwhile since when it is not live.
        return


async def _unless_stopping(console: Console, wait: Coroutine[Any, Any, object]) -> None:
    """Wait for this, or until the console stops. Raises what the wait raises.

    The wait is a task of its own: Starlette cancels a stream again and again until it ends, which no wait
    under a lock bears.
    """
    waiting, stopping = asyncio.create_task(wait), asyncio.create_task(console.stopping.wait())
    try:
        await asyncio.wait((waiting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            waiting.result()
    finally:
        waiting.cancel()
        stopping.cancel()
        await asyncio.gather(waiting, stopping, return_exceptions=True)
