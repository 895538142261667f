"""How the service does: the overview, how fresh the answers are, how it is set, what could not be read."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from ops.console.access import May
from ops.console.api.cases import After
from ops.console.api.guard import FreshConsole, Looker, Operator
from ops.console.api.problems import responses
from ops.read_model.views import DeadLetter, Freshness, Overview, Page, Service

router = APIRouter(tags=["service"])


@router.get("/overview", responses=responses())
async def overview(console: FreshConsole, _: Looker) -> Overview:
    """From entitlement to outcome, in numbers."""
    return await console.queries.overview(console.clock.now())


@router.get("/freshness", responses=responses())
async def freshness(console: FreshConsole, _: Looker) -> Freshness:
    """How far behind the log the answers are."""
    return await console.queries.freshness()


@router.get("/service", responses=responses())
async def service(console: FreshConsole, user: Looker) -> Service:
    """How operators have set the service. Who did it and why is told to operators alone."""
    found = await console.queries.service()
    return found if user.may(May.OPERATE) else replace(found, acts=())


@router.get("/dead-letters", responses=responses())
async def dead_letters(
    console: FreshConsole,
    _: Operator,
    topic: str | None = None,
    reason: str | None = None,
    done: Annotated[bool | None, Query(description="Redriven or discarded; false for open ones.")] = False,  # noqa: FBT002 - a parameter of the request
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Page[DeadLetter]:
    """Records that could not be read, without their content."""
    return await console.queries.dead_letters(topic=topic, reason=reason, done=done, after=after, limit=limit)


@router.get("/dead-letters/{partition}/{offset}", responses=responses(404))
async def dead_letter(
    console: FreshConsole,
    _: Operator,
    partition: Annotated[int, Path(ge=0)],
    offset: Annotated[int, Path(ge=0)],
) -> DeadLetter:
    """One of them, its content masked."""
    found = await console.queries.dead_letter(f"dead-letter.v1/{partition}/{offset}")
    if found is None:
        raise HTTPException(404)
    return found
