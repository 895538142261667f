"""Sessions: who is signed in, on the server's side. The cookie holds a secret, the database its digest."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.console.access import Role, User
from ops.console.own_keys import Sealed
from ops.console.tables import SESSIONS
from ops.console.users import UsersError, UsersFile
from streams.clock import real_now

IDLE = timedelta(minutes=30)
"""A session ends when nothing was asked for so long, in real time."""
LONGEST = timedelta(hours=8)
"""A session ends so long after the sign-in, whatever was done."""
_NOTICED_EVERY = 60
"""Seconds after which another request is written down; not each one is worth a write."""

Way = Literal["file", "oidc"]
"""How somebody signed in: with a password of the local file, or at the provider."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that goes on. `id_token` is the provider's, for the sign-out there."""

    session_id: str
    user: User
    way: Way
    id_token: str | None


class Sessions:
    """The sessions. `now` is real time: virtual time may run a day in seconds."""

    def __init__(
        self,
        engine: AsyncEngine,
        sealed: Sealed,
        users: UsersFile | None,
        now: Callable[[], datetime] = real_now,
    ) -> None:
        self._engine = engine
        self._sealed = sealed
        self._users = users
        self._now = now

    async def begin(self, user: User, way: Way, *, stamp: str = "", id_token: str | None = None) -> str:
        """Begin a session; the secret for its cookie, which was never used before. Old ones are removed."""
        secret = secrets.token_urlsafe(32)
        now = self._seconds()
        async with self._engine.begin() as connection:
            await connection.execute(delete(SESSIONS).where(self._over(now)))
            await connection.execute(
                insert(SESSIONS).values(
                    session_id=session_id_of(secret),
                    name=user.name,
                    roles=",".join(sorted(user.roles)),
                    way=way,
                    stamp=stamp,
                    began_at=now,
                    seen_at=now,
                    id_token=None if id_token is None else self._sealed.seal(id_token),
                )
            )
        return secret

    async def find(self, secret: str) -> Session | None:
        """The session of a cookie's secret, None where it is over. It counts as a sign of life."""
        session_id = session_id_of(secret)
        found = await self._row(session_id)
        if found is None:
            return None
        now = self._seconds()
        if now - found.seen_at >= _NOTICED_EVERY:
            async with self._engine.begin() as connection:
                await connection.execute(
                    update(SESSIONS).where(SESSIONS.c.session_id == session_id).values(seen_at=now)
                )
        return self._session(found)

    async def user(self, session_id: str) -> User | None:
        """Who is signed in still, for a page that stays open: asking is no sign of life."""
        found = await self._row(session_id)
        session = None if found is None else self._session(found)
        return None if session is None else session.user

    async def end(self, session_id: str) -> None:
        """End a session. One that is over already stays so."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(SESSIONS).where(SESSIONS.c.session_id == session_id))

    async def _row(self, session_id: str) -> Row[tuple[object, ...]] | None:
        async with self._engine.connect() as connection:
            asked = select(SESSIONS).where(SESSIONS.c.session_id == session_id, ~self._over(self._seconds()))
            return (await connection.execute(asked)).one_or_none()

    def _over(self, now: int):  # type: ignore[no-untyped-def] # noqa: ANN202 - an expression of SQLAlchemy's
        idle, longest = int(IDLE.total_seconds()), int(LONGEST.total_seconds())
        return (SESSIONS.c.seen_at <= now - idle) | (SESSIONS.c.began_at <= now - longest)

    def _session(self, row: Row[tuple[object, ...]]) -> Session | None:
        user: User | None = User(row.name, frozenset(map(Role, filter(None, row.roles.split(",")))))
        if row.way == "file":
            user = self._in_file(row.name, row.stamp)
        if user is None:
            return None
        id_token = None if row.id_token is None else self._sealed.open(row.id_token)
        return Session(row.session_id, user, row.way, id_token)

    def _in_file(self, name: str, stamp: str) -> User | None:
        """As the file has the user now: roles that were taken are lost at once, and so is the user."""
        if self._users is None:
            return None
        try:
            found = self._users.find(name)
        except UsersError:
            return None
        return found.user if found is not None and found.stamp == stamp else None

    def _seconds(self) -> int:
        return int(self._now().timestamp())


def session_id_of(secret: str) -> str:
    """What a session is known by: nobody who reads the database can make a cookie of it."""
    return hashlib.sha256(secret.encode()).hexdigest()
