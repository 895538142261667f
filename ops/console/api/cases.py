"""Cases: one by its id, those of a person, and lists by filters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import AfterValidator, Field, model_validator

from ops.console.api.guard import Browser, FreshConsole, Looker, unmasking
from ops.console.api.problems import responses
from ops.console.guard import search_allowed
from ops.read_model.views import CaseDetail, CaseFilter, CaseRow, Page
from schemas.base import Instant, Model
from schemas.values import check_iin, check_phone

router = APIRouter(tags=["cases"])

CaseId = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$", description="The case's id.")]
PersonId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="A person's pseudonym.")]
Unmask = Annotated[
    bool, Query(description="IINs, numbers, accounts and texts in the clear; takes a role that may unmask.")
]
After = Annotated[str | None, Query(description="The `next` of the page before.")]


class Sought(Model):
    """Who is sought: exactly one of the two. It stands in the body, so that no address holds it."""

    iin: Annotated[str, AfterValidator(check_iin)] | None = Field(None, description="An IIN, 12 digits.")
    phone: Annotated[str, AfterValidator(check_phone)] | None = Field(
        None, description="A number, like +77010000001."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.iin is None) == (self.phone is None):
            raise ValueError("give an iin or a phone, and not both")
        return self


class Filters(Model):
    """Which cases are listed, and which page of them."""

    state: str | None = None
    ground: str | None = None
    reason: str | None = None
    language: str | None = None
    overdue: bool = False
    not_understood: bool = False
    held: bool = False
    waits_for_service: bool = False
    since: Instant | None = Field(None, description="Whose last step is not before this.")
    until: Instant | None = Field(None, description="Whose last step is before this.")
    after: str | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=500)


@dataclass(frozen=True, slots=True)
class Found:
    """Whose cases they are. `person_id` is None for a number with which nobody's case has to do."""

    person_id: str | None
    cases: Sequence[CaseRow]


@router.get("/cases/{case_id}", responses=responses(404))
async def case(case_id: CaseId, console: FreshConsole, user: Looker, unmask: Unmask = False) -> CaseDetail:  # noqa: FBT002 - a parameter of the request
    """One case with its timeline. The look is recorded."""
    clear = unmasking(user, unmask)
    found = await console.queries.case(case_id, at=console.clock.now(), unmask=clear, texts=clear)
    if found is None:
        raise HTTPException(404)
    told = console.audit.unmasked if clear else console.audit.looked
    await told(user, person_id=found.row.person_id, case_id=case_id)
    return found


@router.get("/cases", responses=responses())
async def cases(
    console: FreshConsole,
    _: Browser,
    filters: Annotated[Filters, Query()],
) -> Page[CaseRow]:
    """Cases by filters, masked, those whose last step is the newest first."""
    given = filters.model_dump(exclude={"after", "limit"})
    wanted = CaseFilter(**given)
    now = console.clock.now()
    return await console.queries.cases(wanted, at=now, after=filters.after, limit=filters.limit)


@router.post("/persons/search", responses=responses(429))
async def search(
    request: Request,
    sought: Sought,
    console: FreshConsole,
    user: Looker,
    unmask: Unmask = False,  # noqa: FBT002 - as above
) -> Found:
    """The cases of a person, by IIN, or those with which a number has to do. The search is recorded."""
    clear = unmasking(user, unmask)
    search_allowed(request, user)
    now = console.clock.now()
    if sought.iin is not None:
        person_id: str | None = console.queries.person_id_of(sought.iin)
        wanted = CaseFilter(person_id=person_id)
    else:
        person_id = None
        wanted = CaseFilter(phone_id=console.queries.phone_id_of(sought.phone or ""))
    rows = (await console.queries.cases(wanted, at=now, limit=_MOST, unmask=clear)).rows
    found = person_id or (rows[0].person_id if rows else None)
    await console.audit.searched(user, person_id=found)
    if clear:
        for person in sorted({row.person_id for row in rows}):
            await console.audit.unmasked(user, person_id=person)
    return Found(found, rows)


@router.get("/persons/{person_id}/cases", responses=responses(429))
async def of_person(
    request: Request,
    person_id: PersonId,
    console: FreshConsole,
    user: Looker,
    unmask: Unmask = False,  # noqa: FBT002 - as above
) -> Found:
    """The cases of a person, by pseudonym. The look is recorded."""
    clear = unmasking(user, unmask)
    search_allowed(request, user)
    wanted = CaseFilter(person_id=person_id)
    rows = (await console.queries.cases(wanted, at=console.clock.now(), limit=_MOST, unmask=clear)).rows
    told = console.audit.unmasked if clear else console.audit.looked
    await told(user, person_id=person_id)
    return Found(person_id, rows)


_MOST = 200
"""Cases that are told of one person or number; nobody comes near."""
