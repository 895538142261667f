"""The step between a form and what it does: a page that says what will happen, and to whom it is ascribed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from ops.console.context import console_of
from ops.console.guard import FORM_ID
from ops.console.pages.forms import new_form_id

CONFIRMED = "confirmed"
"""The field that the confirming page adds: without it a form only asks what would happen."""


@dataclass(frozen=True, slots=True)
class Signing:
    """What is to be signed elsewhere, and what was pasted last. `content` is the text of the bytes."""

    content: str
    sha256: str
    given: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be confirmed: `will` says what will happen, `fields` what the form brings along again."""

    act: str
    will: Sequence[str]
    reason: str
    fields: Mapping[str, str]
    action: str
    cancel: str
    signing: Signing | None = None
    problems: Sequence[str] = ()


async def ask(request: Request, question: Question) -> Response:
    """The confirming page. Its form has an id of its own, so that sending it twice is one act."""
    renderer = console_of(request).renderer
    words = renderer.words(request)
    fields = dict(question.fields)
    fields.setdefault(FORM_ID, new_form_id())
    return await renderer.page(
        request,
        "confirm.html",
        status=422 if question.problems else 200,
        title=words("confirm.title", act=question.act),
        will=question.will,
        reason=question.reason,
        fields=fields,
        action=question.action,
        cancel=question.cancel,
        signing=question.signing,
        problems=question.problems,
    )


def form_id_in(fields: Mapping[str, str]) -> str:
    """The id of the form that was confirmed, cut to what an id needs."""
    return fields.get(FORM_ID, "")[:64] or new_form_id()


def done(path: str, what: str) -> Response:
    """Back to a page, which then says that it was done."""
    return RedirectResponse(f"{path}?done={what}", 303)
