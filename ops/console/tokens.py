"""Tokens of the read API: shown once, kept as digests, with a name, roles and an end."""

import hashlib
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.console.access import Role, User
from ops.console.tables import TOKENS
from streams.clock import real_now

PREFIX = "jardem_"
"""With which every token begins, so that one that lies around is recognised."""

LONGEST_DAYS = 366
_NOTICED_EVERY = 60


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret. Instants are real ones, in UTC."""

    token_id: str
    name: str
    roles: frozenset[Role]
    made_at: datetime
    ends_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    def valid_at(self, instant: datetime) -> bool:
        """Whether the token opens anything at this instant."""
        return self.revoked_at is None and instant < self.ends_at


class Tokens:
    """The tokens. `now` is real time."""

    def __init__(self, engine: AsyncEngine, now: Callable[[], datetime] = real_now) -> None:
        self._engine = engine
        self._now = now

    async def new(self, name: str, roles: Collection[Role], days: int) -> tuple[str, Token]:
        """Make a token: what is shown once, and what is kept."""
        secret = PREFIX + secrets.token_urlsafe(32)
        now = self._now().replace(microsecond=0)
        token = Token(
            secrets.token_hex(4), name, frozenset(roles), now, now + timedelta(days=days), None, None
        )
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(TOKENS).values(
                    token_id=token.token_id,
                    digest=_digest(secret),
                    name=name,
                    roles=",".join(sorted(token.roles)),
                    made_at=int(token.made_at.timestamp()),
                    ends_at=int(token.ends_at.timestamp()),
                )
            )
        return secret, token

    async def listed(self) -> Sequence[Token]:
        """Every token that was ever made, in that order."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(TOKENS).order_by(TOKENS.c.made_at, TOKENS.c.token_id))
            return [_token(row) for row in rows]

    async def revoke(self, token_id: str) -> bool:
        """Let a token open nothing any more; false where there is none of this id."""
        async with self._engine.begin() as connection:
            changed = await connection.execute(
                update(TOKENS)
                .where(TOKENS.c.token_id == token_id)
                .values(revoked_at=int(self._now().timestamp()))
            )
        return changed.rowcount > 0

    async def user(self, secret: str) -> User | None:
        """Who a token stands for: `token:NAME`, which no user of the file or the provider can be called."""
        async with self._engine.connect() as connection:
            found = await connection.execute(select(TOKENS).where(TOKENS.c.digest == _digest(secret)))
            row = found.one_or_none()
        if row is None:
            return None
        token, now = _token(row), self._now()
        if not token.valid_at(now):
            return None
        if token.used_at is None or (now - token.used_at).total_seconds() >= _NOTICED_EVERY:
            async with self._engine.begin() as connection:
                await connection.execute(
                    update(TOKENS)
                    .where(TOKENS.c.token_id == token.token_id)
                    .values(used_at=int(now.timestamp()))
                )
        return User(f"token:{token.name}", token.roles)


def _token(row: Row[tuple[object, ...]]) -> Token:
    return Token(
        row.token_id,
        row.name,
        frozenset(map(Role, filter(None, row.roles.split(",")))),
        _instant(row.made_at),
        _instant(row.ends_at),
        None if row.used_at is None else _instant(row.used_at),
        None if row.revoked_at is None else _instant(row.revoked_at),
    )


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
