"""The exact search: one field, which takes a case's id, an IIN or a phone number and tells them apart."""

import re
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from ops.console.access import May, User
from ops.console.context import console_of
from ops.console.guard import require, search_allowed
from ops.console.pages.cases import cases_page
from ops.console.pages.forms import BadFieldError, complaint, fields_of
from ops.read_model.views import CaseFilter
from schemas.values import check_iin, check_phone, is_kazakh_mobile

router = APIRouter()

_IIN_DIGITS = 12
_LOCAL_DIGITS = 11
_SEPARATORS = re.compile(r"[\s().\-–]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: exactly one of the three."""

    case_id: str | None = None
    iin: str | None = None
    phone: str | None = None


def recognised(text: str) -> Wanted:
    """What was typed. Raises `BadFieldError`, which does not repeat it.

    Mobile numbers of Kazakhstan are known as people write them, with 8 or 7 in front or neither; twelve
    digits are an IIN.

    >>> recognised("8 (701) 234-56-78").phone
    '+77012345678'
    """
    stripped = text.strip()
    if not stripped:
        raise BadFieldError("find.empty")
    case_id = _uuid(stripped)
    if case_id is not None:
        return Wanted(case_id=case_id)
    compact = _SEPARATORS.sub("", stripped)
    digits = compact.removeprefix("+")
    if not digits.isascii() or not digits.isdecimal():
        raise BadFieldError("find.unclear")
    if compact.startswith("+"):
        return Wanted(phone=_phone(compact))
    national = digits[1:] if len(digits) == _LOCAL_DIGITS and digits[0] in "78" else digits
    if is_kazakh_mobile(f"+7{national}"):
        return Wanted(phone=f"+7{national}")
    if len(digits) != _IIN_DIGITS:
        raise BadFieldError("find.iin_length", n=len(digits))
    try:
        return Wanted(iin=check_iin(digits))
    except ValueError:
        raise BadFieldError("find.iin_check") from None


@router.post("/cases/find")
async def find(request: Request, user: Annotated[User, Depends(require(May.LOOK))]) -> Response:
    """Look for a case, a person or a number. The search is recorded before anything is shown."""
    console = console_of(request)
    words = console.renderer.words(request)
    try:
        wanted = recognised((await fields_of(request)).get("what", ""))
    except BadFieldError as error:
        return await cases_page(request, user, problems=[complaint(words, error)], status=422)
    search_allowed(request, user)
    now, queries = console.clock.now(), console.queries
    if wanted.case_id is not None:
        await console.audit.searched(user)
        if await queries.case(wanted.case_id, at=now) is None:
            return await cases_page(request, user, problems=[words("find.no_case")], status=404)
        return RedirectResponse(f"/cases/{wanted.case_id}", 303)
    person_id = None if wanted.iin is None else queries.person_id_of(wanted.iin)
    phone_id = None if wanted.phone is None else queries.phone_id_of(wanted.phone)
    await console.audit.searched(user, person_id=person_id)
    found = await queries.cases(CaseFilter(person_id=person_id, phone_id=phone_id), at=now)
    if not found.rows:
        key = "find.no_phone" if person_id is None else "find.no_person"
        return await cases_page(request, user, problems=[words(key)], status=404)
    if len(found.rows) == 1:
        return RedirectResponse(f"/cases/{found.rows[0].case_id}", 303)
    return await cases_page(request, user, found=found)


def _uuid(text: str) -> str | None:
    if "-" not in text:
        return None
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _phone(text: str) -> str:
    try:
        return check_phone(text)
    except ValueError:
        raise BadFieldError("find.unclear") from None
