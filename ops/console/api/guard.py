"""Who may ask the API: whose token has a role that may."""

from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ops.console.access import May, NotAllowedError, User
from ops.console.api.problems import NoTokenError
from ops.console.context import Console, console_of

_bearer = HTTPBearer(
    auto_error=False, scheme_name="token", description="made by `jardem console tokens new`, shown once"
)


class TokenRequired:
    """A dependency: whom the token stands for, if allowed. Raises `NoTokenError` and `NotAllowedError`."""

    def __init__(self, what: May) -> None:
        self.what = what

    async def __call__(
        self, request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> User:
        """Who asks."""
        user = None if given is None else await console_of(request).tokens.user(given.credentials)
        if user is None:
            raise NoTokenError
        if not user.may(self.what):
            raise NotAllowedError(self.what)
        return user


def unmasking(user: User, unmask: bool) -> bool:  # noqa: FBT001 - it is the parameter of the request
    """Whether to answer unmasked: only whoever may, and asks for it. Raises `NotAllowedError`."""
    if unmask and not user.may(May.UNMASK):
        raise NotAllowedError(May.UNMASK)
    return unmask


async def _fresh(request: Request, response: Response) -> Console:
    """The console; the answer says how fresh it is, so that nothing stale passes for fresh."""
    console = console_of(request)
    freshness = await console.queries.freshness()
    response.headers["Jardem-Fresh"] = "yes" if freshness.fresh else "no"
    if freshness.as_of is not None:
        response.headers["Jardem-As-Of"] = freshness.as_of.isoformat().replace("+00:00", "Z")
    if freshness.behind is not None:
        response.headers["Jardem-Behind"] = str(freshness.behind)
    return console


FreshConsole = Annotated[Console, Depends(_fresh)]
Looker = Annotated[User, Depends(TokenRequired(May.LOOK))]
Browser = Annotated[User, Depends(TokenRequired(May.BROWSE))]
Operator = Annotated[User, Depends(TokenRequired(May.OPERATE))]
