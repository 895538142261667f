"""A case: where it stands, what happens next, and all that happened, step by step and text by text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from itsdangerous import BadSignature, TimestampSigner
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.acts import ON_CASES
from ops.console.context import Console, console_of
from ops.console.guard import require
from ops.console.own_keys import key_for
from ops.console.pages.notes import note_in_words
from ops.console.refusals import refused
from ops.console.visit import visit_of
from ops.console.words import Words
from ops.read_model.views import CaseDetail, Next

router = APIRouter()

_SEEN_SECONDS = 12 * 3600
"""How long a page that is open goes on being the look that was recorded when it was opened, real time."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a case is shown: in the clear or not, and what is said above it."""

    unmasked: bool = False
    problems: Sequence[str] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    done: str = ""


@router.get("/cases/{case_id}")
async def case(
    request: Request,
    case_id: str,
    user: Annotated[User, Depends(require(May.LOOK))],
    seen: str = "",
    done: str = "",
) -> Response:
    """A case, masked. The look is recorded before it is answered.

    An open page asks for itself again when something has changed; that is the same look, as `seen` proves.
    """
    console = console_of(request)
    found = await console.queries.case(case_id, at=console.clock.now())
    if found is None:
        return await refused(request, "no_case", 404, onward="/cases", onward_key="nav.cases")
    if not _was_seen(request, console, found.row.case_id, seen):
        await console.audit.looked(user, person_id=found.row.person_id, case_id=found.row.case_id)
        seen = _seen(request, console, found.row.case_id)
    return await case_page(request, found, Shown(done=done), seen=seen)


@router.post("/cases/{case_id}/unmask")
async def unmask(
    request: Request, case_id: str, user: Annotated[User, Depends(require(May.UNMASK))]
) -> Response:
    """A case in the clear, for this answer alone. Recorded before it is read."""
    console = console_of(request)
    now = console.clock.now()
    known = await console.queries.case(case_id, at=now)
    if known is None:
        return await refused(request, "no_case", 404, onward="/cases", onward_key="nav.cases")
    await console.audit.unmasked(user, person_id=known.row.person_id, case_id=known.row.case_id)
    found = await console.queries.case(case_id, at=now, unmask=True, texts=True)
    return await case_page(request, found or known, Shown(unmasked=found is not None))


async def case_page(
    request: Request, found: CaseDetail, shown: Shown, *, seen: str = "", status: int = 200
) -> Response:
    """The page. Without `seen` it does not move on its own."""
    console = console_of(request)
    words = console.renderer.words(request)
    return await console.renderer.page(
        request,
        "case.html",
        status=status,
        live=bool(seen),
        live_path=f"/cases/{found.row.case_id}?seen={seen}",
        case=found,
        now=console.clock.now(),
        next_words=next_in_words(words, found.next),
        note=partial(note_in_words, words),
        acts=ON_CASES,
        texts=shown.unmasked,
        unmasked=shown.unmasked,
        problems=shown.problems,
        given=shown.given,
        done=shown.done,
    )


def next_in_words(words: Words, coming: Next) -> str:
    """What happens next, in words; the set of notes for which an offer waits is open."""
    waits = coming.what.removeprefix("offer_waits_for_")
    if waits != coming.what and not words.has(f"next.{coming.what}"):
        return note_in_words(words, waits)
    return words.known("next", coming.what)


def _signer(console: Console) -> TimestampSigner:
    return TimestampSigner(key_for(console.settings, "looks that go on"))


def _subject(request: Request, case_id: str) -> str:
    visit = visit_of(request)
    return f"{case_id}.{visit.session_id if visit else ''}"


def _seen(request: Request, console: Console, case_id: str) -> str:
    return _signer(console).sign(_subject(request, case_id)).decode().removeprefix(_subject(request, case_id))


def _was_seen(request: Request, console: Console, case_id: str, seen: str) -> bool:
    try:
        _signer(console).unsign(_subject(request, case_id) + seen, max_age=_SEEN_SECONDS)
    except BadSignature:
        return False
    return True
