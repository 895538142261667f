"""An officer signs a draft: grants, or refuses on a ground."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.acts import BadActError
from ops.console.context import Console, console_of
from ops.console.guard import require
from ops.console.pages.confirming import CONFIRMED, Question, Signing, ask, done, form_id_in
from ops.console.pages.decisions import PATH, draft_page, no_draft
from ops.console.pages.forms import BadFieldError, complaint, fields_of
from ops.console.signing import bytes_to_sign, signed
from ops.console.words import Words
from ops.read_model.views import Draft
from schemas.emaket import DecisionSigned
from schemas.times import read_instant

router = APIRouter()


@router.post(f"{PATH}/{{decision_id}}/sign")
async def sign(
    request: Request, decision_id: str, user: Annotated[User, Depends(require(May.SIGN))]
) -> Response:
    """Show what is signed, and once that is confirmed, sign it.

    Where officers' keys are configured, the confirming page holds the bytes to be signed elsewhere, with the
    instant that stands in them. They are in the clear, so the look is recorded as such.
    """
    console = console_of(request)
    words = console.renderer.words(request)
    fields = await fields_of(request)
    now = console.clock.now()
    known = await console.queries.draft(decision_id, at=now)
    if known is None:
        return await no_draft(request)
    fields.setdefault("signed_at", now.isoformat())
    content: Mapping[str, Any] = {}
    if console.officers:
        await console.audit.unmasked(user, person_id=known.person_id, case_id=known.case_id)
        draft = await console.queries.draft(decision_id, at=now, unmask=True)
        if draft is None or draft.content is None:
            return await no_draft(request)
        content = draft.content
    try:
        signing = _signing(console, user, content, known, fields)
    except (BadActError, BadFieldError) as error:
        return await draft_page(request, known, problem=complaint(words, error), given=fields)
    problems: Sequence[str] = ()
    if CONFIRMED in fields:
        try:
            event = _signed(console, user, content, known, fields, now)
        except BadActError as error:
            problems = [complaint(words, error)]
        else:
            await console.publisher.say(user, event, form_id=form_id_in(fields), case_id=known.case_id)
            return done(PATH, "sign")
    return await ask(
        request,
        Question(
            act=words("sign.title"),
            will=_will(words, user, known, fields),
            reason="",
            fields={name: fields.get(name, "") for name in ("outcome", "refusal_ground", "signed_at")},
            action=f"{PATH}/{known.decision_id}/sign",
            cancel=f"{PATH}/{known.decision_id}",
            signing=signing,
            problems=problems,
        ),
    )


def _signing(
    console: Console, user: User, content: Mapping[str, Any], draft: Draft, fields: Mapping[str, str]
) -> Signing | None:
    """What is to be signed elsewhere; None where the sign-in is the signature."""
    outcome, ground = fields.get("outcome", ""), fields.get("refusal_ground", "")
    try:
        signed_at = read_instant(fields["signed_at"])
    except ValueError:
        raise BadActError("bad_time") from None
    over = bytes_to_sign(user, content, outcome=outcome, ground=ground, signed_at=signed_at)
    if outcome == "refused" and draft.state == "awaiting_hearing":
        raise BadFieldError("sign.heard_first")
    if outcome == "refused" and draft.proposed == "granted" and not draft.hearing:
        raise BadFieldError("sign.heard_first")
    heard_on = (draft.hearing or {}).get("refusal_ground")
    if outcome == "refused" and heard_on is not None and ground != str(heard_on):
        raise BadFieldError("sign.heard_on_another", ground=heard_on)
    if not console.officers:
        return None
    return Signing(over.decode(), hashlib.sha256(over).hexdigest(), fields.get("signature", ""))


def _signed(
    console: Console,
    user: User,
    content: Mapping[str, Any],
    draft: Draft,
    fields: Mapping[str, str],
    now: datetime,
) -> DecisionSigned:
    return signed(
        user,
        console.officers,
        content,
        decision_id=draft.decision_id,
        outcome=fields.get("outcome", ""),
        ground=fields.get("refusal_ground", ""),
        signature=fields.get("signature", ""),
        signed_at=fields["signed_at"],
        now=now,
    )


def _will(words: Words, user: User, draft: Draft, fields: Mapping[str, str]) -> list[str]:
    outcome, ground = fields["outcome"], fields.get("refusal_ground", "")
    at = words.local(read_instant(fields["signed_at"]))
    said = [
        words("will.sign_granted")
        if outcome == "granted"
        else words("will.sign_refused", ground=ground, words=words(f"refusal.{ground}")),
        words("will.sign_at", name=user.name, at=at),
    ]
    return said if outcome == draft.proposed else [*said, words("will.sign_otherwise")]
