"""What came of cases: the outcomes of a day, the yearly report, and what has to be reconciled."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator

from ops.console.api.cases import After
from ops.console.api.guard import Browser, FreshConsole, Looker
from ops.console.api.problems import responses
from ops.read_model.views import DayTotal, Outcome, Page, Unrecorded, YearRow
from schemas.base import Day

router = APIRouter(tags=["reports"])

_LONGEST_SPAN = 366


def _plausible(year: int) -> int:
    if not date.min.year + 1900 < year < date.max.year:
        raise ValueError("a year is written like 2021")
    return year


Year = Annotated[int, Path(description="A year of the installation's zone."), AfterValidator(_plausible)]


@router.get("/outcomes", responses=responses())
async def outcomes(
    console: FreshConsole,
    user: Browser,
    day: Annotated[Day, Query(description="A local day, like 2021-07-12.")],
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
) -> Page[Outcome]:
    """The outcomes of a local day, by pseudonym. The export is recorded."""
    await console.audit.exported(user)
    return await console.queries.outcomes(day, after, limit)


@router.get("/reports/{year}", responses=responses())
async def year_report(year: Year, console: FreshConsole, _: Looker) -> Sequence[YearRow]:
    """How many cases of each ground came to which outcome for which reason. It is about nobody."""
    return await console.queries.year(year)


@router.get("/reports/{year}/csv", responses=responses(), response_class=Response)
async def year_report_csv(year: Year, console: FreshConsole, _: Looker, response: Response) -> Response:
    """The same as a table (RFC 4180), with a row of names first."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(("ground", "outcome", "reason", "count"))
    table.writerows(
        (row.ground, row.outcome, row.reason or "", row.count) for row in await console.queries.year(year)
    )
    headers = {
        **{name: value for name, value in response.headers.items() if name.startswith("jardem-")},
        "Content-Disposition": f'attachment; filename="outcomes-{year}.csv"',
    }
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/day-totals", responses=responses())
async def day_totals(
    console: FreshConsole,
    _: Browser,
    first: Annotated[Day, Query(description="The first local day.")],
    last: Annotated[Day, Query(description="The last local day, at most a year later.")],
) -> Sequence[DayTotal]:
    """Registries' control totals against what arrived, and how that ended."""
    if not 0 <= (last - first).days <= _LONGEST_SPAN:
        return []
    return await console.queries.day_totals(first, last)


@router.get("/unrecorded", responses=responses())
async def unrecorded(
    console: FreshConsole,
    user: Browser,
    days: Annotated[int, Query(ge=0, le=3650, description="Granted at least so many days ago.")] = 10,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Page[Unrecorded]:
    """Grants that the State Corporation has not recorded, masked. The export is recorded."""
    await console.audit.exported(user)
    return await console.queries.unrecorded(days, at=console.clock.now(), after=after, limit=limit)
