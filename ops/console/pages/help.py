"""The help page: the words of the console, and the rules that steps name."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from ops.console.access import May, User
from ops.console.context import console_of
from ops.console.guard import require
from ops.console.pages.filters import STATES
from ops.console.words import Words

router = APIRouter()

_TERMS = (
    "case",
    "ground",
    "term",
    "consent",
    "draft",
    "dead_letter",
    "in_doubt",
    "pseudonym",
    "shadow",
    "behind",
)
_READING = ("keyboard", "javascript")
_LAST_RULE = 34


@router.get("/help")
async def help_page(request: Request, _: Annotated[User, Depends(require(May.LOOK))]) -> Response:
    """Words, rules, states."""
    console = console_of(request)
    words = console.renderer.words(request)
    rules = [(f"R{number}", words(f"rule.R{number}")) for number in range(1, _LAST_RULE + 1)]
    states = [(words(f"state.{state}"), state) for state in STATES]
    return await console.renderer.page(
        request,
        "help.html",
        glossaries=[
            (words("help.words"), _terms(words, _TERMS)),
            (words("help.keys"), _terms(words, _READING)),
            (words("help.states"), states),
            (words("help.rules"), rules),
        ],
    )


def _terms(words: Words, names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(words(f"help.term.{name}"), words(f"help.means.{name}")) for name in names]
