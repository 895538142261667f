"""Messages of which nobody can tell whether they left: an operator looks at the carrier, and says it."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.acts import BadActError, on_message
from ops.console.context import Console, console_of
from ops.console.guard import require
from ops.console.pages.confirming import CONFIRMED, Question, ask, done, form_id_in
from ops.console.pages.forms import BadFieldError, complaint, fields_of, nameless, query_of
from ops.console.pages.lists import listed
from ops.console.refusals import refused
from ops.read_model.views import Doubt, Page
from schemas.times import read_instant

router = APIRouter()

_PATH = "/doubts"


@router.get(_PATH)
async def doubts(
    request: Request,
    _: Annotated[User, Depends(require(May.OPERATE))],
    after: str = "",
    done: str = "",
) -> Response:
    """The list, masked."""
    return await _page(request, after=after, done=done)


@router.post(f"{_PATH}/{{message_id}}/acts")
async def act_on_doubt(
    request: Request, message_id: str, user: Annotated[User, Depends(require(May.OPERATE))]
) -> Response:
    """Say what an act would do, and once that is confirmed, do it."""
    console = console_of(request)
    words = console.renderer.words(request)
    fields = await fields_of(request)
    found = await _doubt(console, message_id)
    if found is None:
        return await refused(request, "no_doubt", 404, onward=_PATH, onward_key="nav.doubts")
    name = fields.get("act", "")
    try:
        if name not in ("sent", "not_sent"):
            raise BadActError("unknown")  # noqa: TRY301 - said like what else is wrong with the form
        sent_at = _utc(fields.get("sent_at", ""), words.zone) if name == "sent" else None
        act = on_message(
            user,
            message_id=found.message_id,
            phone_id=found.phone_id,
            reason=nameless(fields.get("reason", "")),
            sent_at=sent_at,
            now=console.clock.now(),
        )
    except (BadActError, BadFieldError) as error:
        return await _page(request, problem=complaint(words, error))
    if CONFIRMED in fields:
        await console.publisher.act(user, act, form_id=form_id_in(fields))
        return done(_PATH, name)
    again = {"act": name, "reason": act.reason}
    will = words("will.not_sent")
    if sent_at is not None:
        at = read_instant(sent_at)
        will, again["sent_at"] = words("will.sent", at=f"{words.local(at)} ({words.utc(at)} UTC)"), sent_at
    question = Question(
        act=words(f"act.{name}"),
        will=[will],
        reason=act.reason,
        fields=again,
        action=f"{_PATH}/{found.message_id}/acts",
        cancel=_PATH,
    )
    return await ask(request, question)


async def _page(request: Request, *, after: str = "", done: str = "", problem: str = "") -> Response:
    console = console_of(request)

    async def ask_for(cursor: str | None) -> Page[Doubt]:
        return await console.queries.doubts(after=cursor)

    found = await listed(console.renderer.words(request), after, ask_for)
    problems = [*found.problems, *([problem] if problem else [])]
    return await console.renderer.page(
        request,
        "doubts.html",
        status=422 if problem else 400 if problems else 200,
        page=found.page,
        problems=problems,
        done=done,
        query=query_of({}),
    )


async def _doubt(console: Console, message_id: str) -> Doubt | None:
    """The message, if it is still in doubt. They are few."""
    after = None
    while True:
        page = await console.queries.doubts(after=after)
        for one in page.rows:
            if one.message_id == message_id:
                return one
        after = page.next
        if after is None:
            return None


def _utc(text: str, zone: ZoneInfo) -> str:
    """An instant as the form has it, local and without its zone, or with its zone as it comes back.

    Raises `BadFieldError`.
    """
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadFieldError("form.bad_instant", value=text[:40]) from None
    return (given if given.tzinfo else given.replace(tzinfo=zone)).isoformat()
