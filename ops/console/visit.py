"""Who is before a page: a user with a session, or somebody who has yet to sign in; each with a form token."""

import hashlib
import hmac
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from ops.console.access import User


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser's visit.

    `token` is the secret of its cookie, of a session or of nobody's; `session_id` is what the session is
    known by in the database, None where nobody is signed in. `csrf` stands in every form.
    """

    token: str
    csrf: str
    user: User | None = None
    session_id: str | None = None


def csrf_of(key: bytes, token: str) -> str:
    """What a form must bring along, made from the cookie's secret and ours."""
    return hmac.digest(key, b"csrf:" + token.encode(), hashlib.sha256).hex()


def visit_of(connection: HTTPConnection) -> Visit | None:
    """The visit of a request, None where it was not looked at: static files, the API, an early error."""
    found = connection.scope.get("state", {}).get("visit")
    return found if isinstance(found, Visit) else None
