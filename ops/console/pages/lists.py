"""A page of a list whose cursor somebody may have changed: then the list begins anew, and says so."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ops.console.words import Words
from ops.read_model.asking.paging import BadCursorError
from ops.read_model.views import Page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """A page, and what to say of its cursor."""

    page: Page[T]
    problems: list[str]


async def listed(
    words: Words, after: str | None, ask: Callable[[str | None], Awaitable[Page[T]]]
) -> Listed[T]:
    """The page behind a cursor, or the first one with a complaint where the cursor is broken."""
    try:
        return Listed(await ask(after or None), [])
    except BadCursorError:
        return Listed(await ask(None), [words("filter.bad_cursor")])
