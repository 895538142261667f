"""What officers do with a draft beside signing it: a hearing, an intended refusal, a longer term."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.acts import BadActError, intend_refusal
from ops.console.context import console_of
from ops.console.guard import require
from ops.console.pages.confirming import CONFIRMED, Question, ask, done, form_id_in
from ops.console.pages.decisions import PATH, draft_page, no_draft
from ops.console.pages.forms import BadFieldError, complaint, fields_of, nameless
from ops.console.signing import extended, heard

router = APIRouter()

_Officer = Annotated[User, Depends(require(May.SIGN))]


@router.post(f"{PATH}/{{decision_id}}/hearing")
async def record_hearing(request: Request, decision_id: str, user: _Officer) -> Response:
    """Record that the person was heard (R30); the decision then waits for a signature."""
    console = console_of(request)
    words = console.renderer.words(request)
    fields = await fields_of(request)
    now = console.clock.now()
    draft = await console.queries.draft(decision_id, at=now)
    if draft is None:
        return await no_draft(request)
    objection = "objection" in fields
    try:
        event = heard(
            user,
            decision_id=draft.decision_id,
            held_on=fields.get("held_on", ""),
            objection=objection,
            today=now.astimezone(words.zone).date().isoformat(),
        )
        if draft.hearing_from is not None and event.held_on < draft.hearing_from:
            raise BadFieldError("hearing.too_early", day=words.day(draft.hearing_from))  # noqa: TRY301 - as what else is wrong
    except (BadActError, BadFieldError) as error:
        return await draft_page(request, draft, problem=complaint(words, error), given=fields)
    if CONFIRMED in fields:
        await console.publisher.say(user, event, form_id=form_id_in(fields), case_id=draft.case_id)
        return done(PATH, "hearing")
    again = {"held_on": event.held_on.isoformat(), **({"objection": "1"} if objection else {})}
    will = [words("will.hearing", day=words.day(event.held_on))]
    question = Question(
        act=words("hearing.title"),
        will=[*will, *([words("will.hearing_objected")] if objection else [])],
        reason="",
        fields=again,
        action=f"{PATH}/{draft.decision_id}/hearing",
        cancel=f"{PATH}/{draft.decision_id}",
    )
    return await ask(request, question)


@router.post(f"{PATH}/{{decision_id}}/intend")
async def intend(request: Request, decision_id: str, user: _Officer) -> Response:
    """Intend a refusal: the person is told, and heard before anything is signed (R30)."""
    console = console_of(request)
    words = console.renderer.words(request)
    fields = await fields_of(request)
    draft = await console.queries.draft(decision_id, at=console.clock.now())
    if draft is None:
        return await no_draft(request)
    ground = fields.get("refusal_ground", "")
    try:
        act = intend_refusal(
            user,
            decision_id=draft.decision_id,
            case_id=draft.case_id,
            person_id=draft.person_id,
            ground=ground,
            reason=nameless(fields.get("reason", "")),
        )
    except (BadActError, BadFieldError) as error:
        given = {**fields, "form": "intend"}
        return await draft_page(request, draft, problem=complaint(words, error), given=given)
    if CONFIRMED in fields:
        await console.publisher.act(user, act, form_id=form_id_in(fields))
        return done(PATH, "intend_refusal")
    question = Question(
        act=words("act.intend_refusal"),
        will=[words("will.intend_refusal", ground=ground, words=words(f"refusal.{ground}"))],
        reason=act.reason,
        fields={"refusal_ground": ground, "reason": act.reason},
        action=f"{PATH}/{draft.decision_id}/intend",
        cancel=f"{PATH}/{draft.decision_id}",
    )
    return await ask(request, question)


@router.post(f"{PATH}/{{decision_id}}/extend")
async def extend(request: Request, decision_id: str, user: _Officer) -> Response:
    """Extend the term of the service (R13); the person is told at once."""
    console = console_of(request)
    words = console.renderer.words(request)
    fields = await fields_of(request)
    now = console.clock.now()
    draft = await console.queries.draft(decision_id, at=now)
    if draft is None:
        return await no_draft(request)
    try:
        event = extended(
            user,
            decision_id=draft.decision_id,
            until=fields.get("until", ""),
            reason=nameless(fields.get("reason", "")),
        )
        if event.until < now.astimezone(words.zone).date():
            raise BadFieldError("extend.past")  # noqa: TRY301 - said like what else is wrong
    except (BadActError, BadFieldError) as error:
        given = {**fields, "form": "extend"}
        return await draft_page(request, draft, problem=complaint(words, error), given=given)
    if CONFIRMED in fields:
        await console.publisher.say(user, event, form_id=form_id_in(fields), case_id=draft.case_id)
        return done(PATH, "extend")
    question = Question(
        act=words("extend.title"),
        will=[words("will.extend", day=words.day(event.until))],
        reason=event.reason,
        fields={"until": event.until.isoformat(), "reason": event.reason},
        action=f"{PATH}/{draft.decision_id}/extend",
        cancel=f"{PATH}/{draft.decision_id}",
    )
    return await ask(request, question)
