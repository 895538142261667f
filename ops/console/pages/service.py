"""How the service is set, and setting it: pause, pilot, shadow mode, a daily number of SMS."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.acts import BadActError, on_offers
from ops.console.context import Console, console_of
from ops.console.guard import require
from ops.console.pages.confirming import CONFIRMED, Question, ask, done, form_id_in
from ops.console.pages.forms import BadFieldError, complaint, fields_of, nameless
from ops.console.publisher import Act
from ops.console.words import Words
from ops.read_model.views import Service
from schemas.values import Ground

router = APIRouter()

_PATH = "/service"
_READ_SECONDS = 1.5
_GROUNDS = tuple(ground.value for ground in Ground)


@router.get(_PATH)
async def service(
    request: Request, _: Annotated[User, Depends(require(May.OPERATE))], done: str = ""
) -> Response:
    """How it is set, who waits because of it, and what was done."""
    return await _page(request, done=done)


@router.post(f"{_PATH}/acts")
async def act_on_service(request: Request, user: Annotated[User, Depends(require(May.OPERATE))]) -> Response:
    """Say what an act would do, and once that is confirmed, do it.

    The IINs of a pilot's list become pseudonyms before anything is shown again; nothing keeps them.
    """
    console = console_of(request)
    words = console.renderer.words(request)
    fields = await fields_of(request)
    name = fields.get("act", "")
    try:
        act = on_offers(
            user,
            name,
            reason=nameless(fields.get("reason", "")),
            ground=fields.get("ground", ""),
            share=fields.get("share", ""),
            persons=fields.get("iins", ""),
            number=fields.get("number", ""),
            pseudonym=console.queries.person_id_of,
        )
    except (BadActError, BadFieldError) as error:
        return await _page(request, problem=complaint(words, error), given=fields)
    if CONFIRMED in fields:
        act_id = await console.publisher.act(user, act, form_id=form_id_in(fields))
        await _until_read(console, act_id)
        return done(_PATH, name)
    question = Question(
        act=words(f"act.{name}"),
        will=_will(words, act, await console.queries.service()),
        reason=act.reason,
        fields=_again(act),
        action=f"{_PATH}/acts",
        cancel=_PATH,
    )
    return await ask(request, question)


async def _until_read(console: Console, act_id: str) -> None:
    """Wait until the page that follows shows the act, at most for a few seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_READ_SECONDS):
            while act_id not in {one.act_id for one in (await console.queries.service()).acts}:
                await console.store.wait_changed(_READ_SECONDS)


async def _page(
    request: Request, *, done: str = "", problem: str = "", given: Mapping[str, str] | None = None
) -> Response:
    console = console_of(request)
    return await console.renderer.page(
        request,
        "service.html",
        status=422 if problem else 200,
        live=not problem,
        service=await console.queries.service(),
        grounds=_GROUNDS,
        problems=[problem] if problem else [],
        given=given or {},
        done=done,
    )


def _again(act: Act) -> dict[str, str]:
    """The act as the fields of the confirming form: pseudonyms, where IINs were pasted."""
    fields = {"act": act.act, "reason": act.reason}
    if act.object_kind == "ground":
        fields["ground"] = act.object_id
    if "share" in act.details:
        fields["share"] = str(act.details["share"])
    if "persons" in act.details:
        fields["iins"] = "\n".join(act.details["persons"])
    if act.details.get("number") is not None:
        fields["number"] = str(act.details["number"])
    return fields


def _will(words: Words, act: Act, now: Service) -> list[str]:
    match act.act:
        case "pause" | "resume":
            whose = "ground" if act.object_kind == "ground" else "all"
            said = [
                words(f"will.{act.act}_{whose}", **({"ground": act.object_id} if whose == "ground" else {}))
            ]
            return [*said, words("will.pause_open")] if act.act == "pause" else said
        case "pilot":
            return [*_pilot(words, act), *([words("will.pilot_instead")] if now.pilot else [])]
        case "daily_sms":
            number = act.details.get("number")
            return [words("will.daily_sms_none") if number is None else words.count("will.daily_sms", number)]
        case _:
            return [words(f"will.{act.act}")]


def _pilot(words: Words, act: Act) -> list[str]:
    said = []
    if "share" in act.details:
        said.append(words("will.pilot_share", share=words.number(act.details["share"])))
    if "persons" in act.details:
        said.append(words.count("will.pilot_persons", len(act.details["persons"])))
    return [*said, words("will.pilot_others")]
