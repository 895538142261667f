"""The list of cases: filters, pages, how many there are. A viewer has the exact search alone."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.context import console_of
from ops.console.guard import require
from ops.console.pages.filters import CHOICES, TICKS, filter_of
from ops.console.pages.forms import query_of
from ops.console.pages.lists import listed
from ops.read_model.views import CaseRow, Page

router = APIRouter()

_MOST = 10_000


@router.get("/cases")
async def cases(request: Request, user: Annotated[User, Depends(require(May.LOOK))]) -> Response:
    """The list, masked. For those who may only search, the search."""
    return await cases_page(request, user)


async def cases_page(
    request: Request,
    user: User,
    *,
    found: Page[CaseRow] | None = None,
    problems: Sequence[str] = (),
    status: int | None = None,
) -> Response:
    """The page of cases: after a search with what it found, or with why it found nothing."""
    console = console_of(request)
    words = console.renderer.words(request)
    searched = request.method != "GET"
    filtered = filter_of({} if searched else request.query_params, words, words.zone)
    page, total = None, 0
    said = [*problems, *filtered.problems]
    if user.may(May.BROWSE) and not searched:
        now, queries = console.clock.now(), console.queries

        async def ask(after: str | None) -> Page[CaseRow]:
            return await queries.cases(filtered.wanted, at=now, after=after)

        list_ = await listed(words, request.query_params.get("after"), ask)
        page, said = list_.page, [*said, *list_.problems]
        total = await queries.count_cases(filtered.wanted, at=now, most=_MOST)
    return await console.renderer.page(
        request,
        "cases.html",
        status=status or (400 if said else 200),
        problems=said,
        found=found,
        browse=user.may(May.BROWSE),
        choices=CHOICES,
        ticks=TICKS,
        given=filtered.given,
        filtered=bool(filtered.given),
        page=page,
        total=total,
        more_than=total >= _MOST,
        query=query_of(filtered.given),
    )
