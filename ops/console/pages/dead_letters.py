"""Records that could not be read: looked at, put in again, or discarded with a reason."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.acts import BadActError, said
from ops.console.context import console_of
from ops.console.guard import require
from ops.console.pages.confirming import CONFIRMED, Question, ask, done, form_id_in
from ops.console.pages.forms import BadFieldError, complaint, fields_of, nameless, query_of
from ops.console.pages.lists import listed
from ops.console.publisher import Act, act_id_of
from ops.console.redriving import LetterGoneError, Letters, TopicLetters
from ops.console.refusals import refused
from ops.dead_letters.acting import redriven_record
from ops.dead_letters.letter import Place
from ops.read_model.views import DeadLetter, Page
from streams.dead_letters import DEAD_LETTERS

router = APIRouter()

_PATH = "/dead-letters"
_WHICH: Mapping[str, bool | None] = {"open": False, "done": True, "all": None}
_LONGEST = 200
_WILL = {"redrive": ("will.redrive", "will.redrive_once"), "discard": ("will.discard",)}


def letters_of(request: Request) -> Letters:
    """Where the records themselves are read."""
    return TopicLetters(console_of(request).settings)


@router.get(_PATH)
async def dead_letters(
    request: Request, _: Annotated[User, Depends(require(May.OPERATE))], after: str = ""
) -> Response:
    """The list; those that are open unless others are asked for."""
    console = console_of(request)
    words = console.renderer.words(request)
    query = request.query_params
    given = {name: query.get(name, "").strip()[:_LONGEST] for name in ("topic", "reason", "done")}
    problems = []
    if given["done"] not in ("", *_WHICH):
        problems.append(words("filter.bad_value", value=given["done"][:40], name=words("dead.which")))
        given["done"] = ""

    async def ask_for(cursor: str | None) -> Page[DeadLetter]:
        return await console.queries.dead_letters(
            topic=given["topic"] or None,
            reason=given["reason"] or None,
            done=_WHICH[given["done"] or "open"],
            after=cursor,
        )

    found = await listed(words, after, ask_for)
    problems += found.problems
    return await console.renderer.page(
        request,
        "dead_letters.html",
        status=400 if problems else 200,
        page=found.page,
        problems=problems,
        given={**given, "done": given["done"] or "open"},
        query=query_of(given),
        place=_place,
    )


@router.get(f"{_PATH}/{{partition:int}}/{{offset:int}}")
async def dead_letter(
    request: Request,
    partition: int,
    offset: int,
    _: Annotated[User, Depends(require(May.OPERATE))],
    done: str = "",
) -> Response:
    """One of them, with what could name somebody masked."""
    found = await console_of(request).queries.dead_letter(f"{DEAD_LETTERS}/{partition}/{offset}")
    if found is None:
        return await refused(request, "no_dead_letter", 404, onward=_PATH, onward_key="nav.dead_letters")
    return await _page(request, found, done=done)


@router.post(f"{_PATH}/{{partition:int}}/{{offset:int}}/acts")
async def act_on_dead_letter(
    request: Request,
    partition: int,
    offset: int,
    user: Annotated[User, Depends(require(May.OPERATE))],
    letters: Annotated[Letters, Depends(letters_of)],
) -> Response:
    """Say what an act would do, and once that is confirmed, do it.

    A record is put in before the act is told, so that an act that was told was done; put in twice, it changes
    nothing.
    """
    console = console_of(request)
    words = console.renderer.words(request)
    fields = await fields_of(request)
    found = await console.queries.dead_letter(f"{DEAD_LETTERS}/{partition}/{offset}")
    if found is None:
        return await refused(request, "no_dead_letter", 404, onward=_PATH, onward_key="nav.dead_letters")
    path = f"{_PATH}/{_place(found.id)}"
    name = fields.get("act", "")
    try:
        if name not in _WILL:
            raise BadActError("unknown")  # noqa: TRY301 - said like what else is wrong with the form
        if name == "redrive" and not found.redrivable:
            raise BadFieldError("dead.not_redrivable")  # noqa: TRY301 - as above
        act = Act(name, "dead_letter", found.id, said(nameless(fields.get("reason", ""))))
    except (BadActError, BadFieldError) as error:
        return await _page(request, found, problem=complaint(words, error), given=fields)
    if CONFIRMED not in fields:
        question = Question(
            act=words(f"act.{name}"),
            will=[words(key) for key in _WILL[name]],
            reason=act.reason,
            fields={"act": name, "reason": act.reason},
            action=f"{path}/acts",
            cancel=path,
        )
        return await ask(request, question)
    form_id = form_id_in(fields)
    if name == "redrive" and found.done is None:
        try:
            letter = await letters.letter(Place(partition, offset))
        except LetterGoneError:
            return await refused(request, "no_dead_letter", 404, onward=_PATH, onward_key="nav.dead_letters")
        # The audit comes first, under the id that the act will have: told again with it, it is one event.
        await console.audit.acted(user, act.may, act_id_of(user, act.event(user), form_id))
        await console.sink.send(redriven_record(letter))
    await console.publisher.act(user, act, form_id=form_id)
    return done(path, name)


async def _page(
    request: Request,
    letter: DeadLetter,
    *,
    done: str = "",
    problem: str = "",
    given: Mapping[str, str] | None = None,
) -> Response:
    return await console_of(request).renderer.page(
        request,
        "dead_letter.html",
        status=422 if problem else 200,
        letter=letter,
        where=_place(letter.id),
        done=done,
        problems=[problem] if problem else [],
        given=given or {},
    )


def _place(id_: str) -> str:
    """Partition and offset, as they stand in the address of the page."""
    return id_.removeprefix(f"{DEAD_LETTERS}/")
