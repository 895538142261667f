"""What registries say they published against what arrived, and grants that nobody has recorded."""

from datetime import UTC, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.context import console_of
from ops.console.guard import require
from ops.console.pages.forms import BadFieldError, complaint, day_in, number_in, query_of
from ops.console.pages.lists import listed
from ops.read_model.views import Page, Unrecorded

router = APIRouter()

_PATH = "/reconciliation"
_A_WEEK = timedelta(days=6)
_MOST_DAYS = 92
_UNRECORDED_AFTER = 5
_LONGEST = 3650


@router.get(_PATH)
async def reconciliation(
    request: Request, _: Annotated[User, Depends(require(May.BROWSE))], after: str = ""
) -> Response:
    """Days against topics, in UTC as registries total them; without days the last week."""
    console = console_of(request)
    words = console.renderer.words(request)
    now = console.clock.now()
    today = now.astimezone(UTC).date()
    first, last, days = today - _A_WEEK, today, _UNRECORDED_AFTER
    problems = []
    query = request.query_params
    try:
        wanted_last = day_in(query.get("last", "")) or today
        wanted_first = day_in(query.get("first", "")) or wanted_last - _A_WEEK
        if wanted_first > wanted_last:
            raise BadFieldError("filter.days_order")  # noqa: TRY301 - said like what else is wrong
        if (wanted_last - wanted_first).days >= _MOST_DAYS:
            raise BadFieldError("filter.too_long", n=_MOST_DAYS)  # noqa: TRY301 - as above
        first, last = wanted_first, wanted_last
    except (BadFieldError, OverflowError) as error:
        known = error if isinstance(error, BadFieldError) else BadFieldError("filter.days_order")
        problems.append(complaint(words, known))
    try:
        days = number_in(query.get("days", ""), 0, _LONGEST, _UNRECORDED_AFTER)
    except BadFieldError as error:
        problems.append(complaint(words, error))

    async def ask(cursor: str | None) -> Page[Unrecorded]:
        return await console.queries.unrecorded(days, at=now, after=cursor)

    found = await listed(words, after, ask)
    given = {"first": first.isoformat(), "last": last.isoformat(), "days": str(days)}
    problems += found.problems
    return await console.renderer.page(
        request,
        "reconciliation.html",
        status=400 if problems else 200,
        totals=await console.queries.day_totals(first, last),
        page=found.page,
        problems=problems,
        given=given,
        query=query_of(given),
    )
