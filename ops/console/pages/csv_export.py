"""A list of cases as CSV, masked, one page of the read model after another."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from ops.console.access import May, User
from ops.console.context import Console, console_of
from ops.console.guard import require
from ops.console.pages.cases import cases_page
from ops.console.pages.filters import filter_of
from ops.console.pages.notes import note_in_words
from ops.console.words import Words
from ops.read_model.views import CaseFilter, CaseRow

router = APIRouter()

_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "case_id",
    "ground",
    "state",
    "reason",
    "outcome",
    "language",
    "iin",
    "began_at",
    "at",
    "until",
    "step",
    "note",
    "marks",
)
"""What stands in a row, in this order; the heads are the words `csv.COLUMN`."""


@router.post("/cases.csv")
async def take(request: Request, user: Annotated[User, Depends(require(May.BROWSE))]) -> Response:
    """The cases that a filter finds, all of them. That somebody took them is recorded first."""
    console = console_of(request)
    words = console.renderer.words(request)
    filtered = filter_of(request.query_params, words, words.zone)
    if filtered.problems:
        return await cases_page(request, user, problems=filtered.problems, status=400)
    await console.audit.exported(user)
    return StreamingResponse(
        _lines(console, filtered.wanted, words),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="cases.csv"',
            "Cache-Control": "no-store",
        },
    )


async def _lines(console: Console, wanted: CaseFilter, words: Words) -> AsyncIterator[str]:
    # Spreadsheets take a file for UTF-8 where it begins with this mark.
    yield "\ufeff" + line([words(f"csv.{name}") for name in COLUMNS])
    now, after = console.clock.now(), None
    while True:
        page = await console.queries.cases(wanted, at=now, after=after, limit=_AT_ONCE)
        yield "".join(line(_row(row, words)) for row in page.rows)
        after = page.next
        if after is None:
            return


def _row(row: CaseRow, words: Words) -> list[str]:
    marks = [name for name in ("overdue", "not_understood", "held") if getattr(row, name)]
    return [
        row.case_id,
        row.ground,
        words.known("state", row.state),
        "" if row.reason is None else words.known("reason", row.reason),
        words.known("outcome", row.outcome or "open"),
        words.known("spoken", row.language or "none"),
        row.iin or "",
        _instant(row.began_at),
        _instant(row.at),
        _instant(row.until),
        str(row.step),
        "" if row.note is None else note_in_words(words, row.note),
        ", ".join(words(f"mark.{name}") for name in marks),
    ]


def line(cells: Sequence[str]) -> str:
    """A line of CSV in which no cell is a formula: a spreadsheet would run it.

    >>> line(["=1+1", "8-1"]).strip() == '''"'=1+1","8-1"'''
    True
    """
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow(
        [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
    )
    return written.getvalue()


def _instant(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
