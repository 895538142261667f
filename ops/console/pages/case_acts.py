"""What operators do to one case: hold it, let it go on, send it to the ordinary route, leave a note."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.acts import BadActError, on_case
from ops.console.context import console_of
from ops.console.guard import require
from ops.console.pages.case import Shown, case_page
from ops.console.pages.confirming import CONFIRMED, Question, ask, done, form_id_in
from ops.console.pages.forms import BadFieldError, complaint, fields_of, nameless
from ops.console.refusals import refused

router = APIRouter()

_WILL = {
    "hold": ("will.hold", "will.hold_terms"),
    "resume": ("will.resume",),
    "manual_route": ("will.manual_route", "will.manual_route_draft"),
    "note": ("will.note",),
}


@router.post("/cases/{case_id}/acts")
async def act_on_case(
    request: Request, case_id: str, user: Annotated[User, Depends(require(May.OPERATE))]
) -> Response:
    """Say what an act would do, and once that is confirmed, do it. On whom was erased none is done."""
    console = console_of(request)
    words = console.renderer.words(request)
    fields = await fields_of(request)
    found = await console.queries.case(case_id, at=console.clock.now())
    if found is None:
        return await refused(request, "no_case", 404, onward="/cases", onward_key="nav.cases")
    if found.erased is not None:
        # An act would make a key anew for whom nothing is kept of.
        await console.audit.looked(user, person_id=found.row.person_id, case_id=found.row.case_id)
        return await case_page(request, found, Shown(problems=[words("case.erased_acts")]), status=409)
    path = f"/cases/{found.row.case_id}"
    name = fields.get("act", "")
    try:
        act = on_case(
            user,
            name,
            case_id=found.row.case_id,
            person_id=found.row.person_id,
            reason=nameless(fields.get("reason", "")),
        )
    except (BadActError, BadFieldError) as error:
        await console.audit.looked(user, person_id=found.row.person_id, case_id=found.row.case_id)
        shown = Shown(problems=[complaint(words, error)], given=fields)
        return await case_page(request, found, shown, status=422)
    if CONFIRMED in fields:
        await console.publisher.act(user, act, form_id=form_id_in(fields))
        return done(path, name)
    question = Question(
        act=words(f"act.{name}"),
        will=[words(key) for key in _WILL[name]],
        reason=act.reason,
        fields={"act": name, "reason": act.reason},
        action=f"{path}/acts",
        cancel=path,
    )
    return await ask(request, question)
