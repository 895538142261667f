"""What stands before every page: who may see it, forms that are ours, and how often one may search."""

import hmac
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request

from ops.console.access import May, NotAllowedError, User
from ops.console.address import origin_of
from ops.console.context import console_of
from ops.console.metrics import LIMITED
from ops.console.visit import visit_of

CSRF_FIELD = "csrf"
"""The hidden field of every form."""
CSRF_HEADER = "x-csrf-token"
"""Where a script sends the same."""
FORM_ID = "form_id"
"""The hidden field of a form that acts: the same form sent twice is one act."""

_SAFE = ("GET", "HEAD", "OPTIONS")


class SignInNeededError(Exception):
    """Nobody is signed in. `wanted` is where to go on after the sign-in."""

    def __init__(self, wanted: str) -> None:
        super().__init__("sign-in needed")
        self.wanted = wanted

    @property
    def address(self) -> str:
        """The page at which to sign in."""
        return "/sign-in" if self.wanted == "/" else f"/sign-in?next={quote(self.wanted)}"


class BadFormError(Exception):
    """The form is not one of ours, or is too old: its token or its origin is not right."""


class Required:
    """A dependency: the user, if allowed; what it demands can be read from the application's routes.

    Raises `SignInNeededError` and `NotAllowedError`.
    """

    def __init__(self, what: May | None) -> None:
        self.what = what

    async def __call__(self, request: Request) -> User:
        """Who asks."""
        visit = visit_of(request)
        if visit is None or visit.user is None:
            raise SignInNeededError(_address(request))
        if self.what is not None and not visit.user.may(self.what):
            raise NotAllowedError(self.what)
        return visit.user


def require(what: May | None) -> Required:
    """Let in those who may do this; with None, everybody who is signed in.

    `user: Annotated[User, Depends(require(May.LOOK))]`
    """
    return Required(what)


SignedInUser = Annotated[User, Depends(require(None))]
"""The user of a page for everybody who is signed in."""


async def check_form(request: Request) -> None:
    """A dependency of all pages: whoever changes something does it from a page of ours.

    Raises `BadFormError`. Where the form comes from the browser says by `Sec-Fetch-Site`, an older one by
    `Origin`.
    """
    if request.method in _SAFE:
        return
    visit = visit_of(request)
    if visit is None or not _from_here(request):
        raise BadFormError
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else ""
    if not hmac.compare_digest(given.encode(errors="replace"), visit.csrf.encode()):
        raise BadFormError


def search_allowed(request: Request, user: User) -> None:
    """Count a search. Raises `TooManyError` where there were too many of them."""
    searches = console_of(request).searches
    try:
        searches.spend(user.name)
    except Exception:
        LIMITED.labels("search").inc()
        raise


async def still_allowed(request: Request, what: May) -> bool:
    """Whether the user of a page that stays open may still see it: the session goes on, the role is theirs.

    For event streams; asking is no sign of life.
    """
    visit = visit_of(request)
    if visit is None or visit.session_id is None:
        return False
    user = await console_of(request).sessions.user(visit.session_id)
    return user is not None and user.may(what)


def local_path(wanted: str | None) -> str:
    """Where to go after the sign-in: a page of ours, whatever was asked for.

    >>> [local_path(one) for one in ("/cases?state=queued", "//evil.example", "https://evil.example", None)]
    ['/cases?state=queued', '/', '/', '/']
    """
    if not wanted or not wanted.startswith("/") or wanted[1:2] in ("/", "\\") or not wanted.isprintable():
        return "/"
    return "/" if wanted.startswith("/sign-") or "\\" in wanted else wanted


def _address(request: Request) -> str:
    if request.method not in _SAFE:
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _from_here(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = origin_of(console_of(request).settings, request.headers.get("host", ""))
    return request.headers.get("origin") == origin
