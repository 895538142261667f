"""Decisions that wait for an officer: the list, and one draft with what it rests on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.context import console_of
from ops.console.guard import require
from ops.console.pages.forms import query_of
from ops.console.pages.lists import listed
from ops.console.refusals import refused
from ops.read_model.views import Draft, Page
from schemas.times import read_instant

router = APIRouter()

PATH = "/decisions"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A question that was put, or the answer that counted, as the evidence has it."""

    outgoing: bool
    what: str
    text: str
    at: datetime


@router.get(PATH)
async def decisions(
    request: Request,
    _: Annotated[User, Depends(require(May.SIGN))],
    after: str = "",
    done: str = "",
) -> Response:
    """All that wait for a signature or a hearing, masked."""
    console = console_of(request)

    async def ask(cursor: str | None) -> Page[Draft]:
        return await console.queries.drafts(at=console.clock.now(), after=cursor)

    found = await listed(console.renderer.words(request), after, ask)
    return await console.renderer.page(
        request,
        "decisions.html",
        status=400 if found.problems else 200,
        page=found.page,
        problems=found.problems,
        done=done,
        query=query_of({}),
    )


@router.get(f"{PATH}/{{decision_id}}")
async def decision(
    request: Request, decision_id: str, user: Annotated[User, Depends(require(May.SIGN))]
) -> Response:
    """One draft, masked. The look is recorded first."""
    console = console_of(request)
    draft = await console.queries.draft(decision_id, at=console.clock.now())
    if draft is None:
        return await no_draft(request)
    await console.audit.looked(user, person_id=draft.person_id, case_id=draft.case_id)
    return await draft_page(request, draft)


@router.post(f"{PATH}/{{decision_id}}/unmask")
async def unmask(
    request: Request, decision_id: str, user: Annotated[User, Depends(require(May.SIGN))]
) -> Response:
    """The draft with its evidence in the clear, for this answer alone; recorded before it is read."""
    console = console_of(request)
    now = console.clock.now()
    known = await console.queries.draft(decision_id, at=now)
    if known is None:
        return await no_draft(request)
    await console.audit.unmasked(user, person_id=known.person_id, case_id=known.case_id)
    draft = await console.queries.draft(decision_id, at=now, unmask=True)
    return await draft_page(request, draft or known, unmasked=True)


async def no_draft(request: Request) -> Response:
    """There is no such draft, or not any more."""
    return await refused(request, "no_draft", 404, onward=PATH, onward_key="nav.decisions")


async def draft_page(
    request: Request,
    draft: Draft,
    *,
    unmasked: bool = False,
    problem: str = "",
    given: Mapping[str, str] | None = None,
) -> Response:
    """The page of a draft, with the forms of what an officer may do."""
    content = draft.content if unmasked else None
    return await console_of(request).renderer.page(
        request,
        "decision.html",
        status=422 if problem else 200,
        draft=draft,
        unmasked=unmasked,
        exchanged=exchanged(content or {}),
        content="" if content is None else json.dumps(dict(content), ensure_ascii=False, indent=2),
        problems=[problem] if problem else [],
        given=given or {},
        done="",
    )


def exchanged(content: Mapping[str, Any]) -> Sequence[Exchanged]:
    """The questions and answers of a draft's evidence, in the order in which they came."""
    evidence = content.get("evidence") or {}
    found = [
        *_read(evidence.get("questions") or (), "kind", "sent_at", outgoing=True),
        *_read(evidence.get("answers") or (), "meaning", "received_at", outgoing=False),
    ]
    return sorted(found, key=lambda one: one.at)


def _read(items: Sequence[Mapping[str, Any]], what: str, at: str, *, outgoing: bool) -> Sequence[Exchanged]:
    return [
        Exchanged(outgoing, str(one.get(what)), str(one.get("text", "")), read_instant(str(one[at])))
        for one in items
    ]
