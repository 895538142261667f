"""What `jardem console users` and `jardem console tokens` do."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from ops.console.access import Role
from ops.console.names import check_name
from ops.console.tables import open_tables
from ops.console.tokens import Tokens
from ops.console.users import LocalUser, LocalUsers, UsersError, UsersFile, password_hash
from streams.clock import real_now
from streams.errors import UserError
from streams.settings.settings import Settings


class TokensError(UserError):
    """What is asked of the tokens cannot be done: a line with what to do."""

    exit_code = 2


def add_user(settings: Settings, name: str, roles: Sequence[str], password: Callable[[], str]) -> None:
    """Add a user, and make the file where there is none. Raises `UsersError`."""
    file = _file(settings)
    wanted = roles_of(roles)
    users = file.users() if file.path.exists() else LocalUsers()
    if users.find(_name(name)) is not None:
        raise UsersError(
            f"there is a user {name} already: jardem console users password changes the password"
        )
    user = LocalUser(name=name, roles=wanted, password=password_hash(password()))
    file.write(LocalUsers(users=(*users.users, user)))


def listed_users(settings: Settings) -> Iterator[str]:
    """A line for each user. Raises `UsersError`."""
    for user in _file(settings).users().users:
        yield f"{user.name}  {', '.join(role for role in Role if role in user.roles)}"


def remove_user(settings: Settings, name: str) -> None:
    """Remove a user. Raises `UsersError`."""
    file = _file(settings)
    users = _with(file, name)
    file.write(LocalUsers(users=tuple(user for user in users.users if user.name != name)))


def change_password(settings: Settings, name: str, password: Callable[[], str]) -> None:
    """Give a user another password. Raises `UsersError`."""
    file = _file(settings)
    users = _with(file, name)
    hashed = password_hash(password())
    file.write(
        LocalUsers(
            users=tuple(user.with_(password=hashed) if user.name == name else user for user in users.users)
        )
    )


async def new_token(settings: Settings, name: str, roles: Sequence[str], days: int) -> tuple[str, str]:
    """Make a token: its secret, and a line about it. Raises `TokensError`."""
    wanted = roles_of(roles)
    try:
        check_name(name)
    except ValueError as error:
        raise TokensError(f"--name cannot be used: {error}") from None
    async with open_tables(settings) as engine:
        secret, token = await Tokens(engine).new(name, wanted, days)
    return secret, f"token {token.token_id} for {name} until {_day(token.ends_at)}; it is not shown again"


async def listed_tokens(settings: Settings) -> Sequence[str]:
    """A line for each token."""
    async with open_tables(settings) as engine:
        tokens = await Tokens(engine).listed()
    now = real_now()
    lines = []
    for token in tokens:
        roles = ", ".join(role for role in Role if role in token.roles)
        used = "never used" if token.used_at is None else f"last used {_day(token.used_at)}"
        until = f"until {_day(token.ends_at)}" if token.valid_at(now) else "opens nothing any more"
        lines.append(f"{token.token_id}  {token.name}  {roles}, {until}, {used}")
    return lines or ["no tokens"]


async def revoke_token(settings: Settings, token_id: str) -> None:
    """Let a token open nothing any more. Raises `TokensError`."""
    async with open_tables(settings) as engine:
        if not await Tokens(engine).revoke(token_id):
            raise TokensError(f"there is no token {token_id[:16]}: jardem console tokens list shows them")


def roles_of(names: Sequence[str]) -> frozenset[Role]:
    """Roles by their names. Raises `UsersError` for a name that is none."""
    try:
        return frozenset(map(Role, names))
    except ValueError:
        raise UsersError(f"--role is none of {', '.join(Role)}") from None


def _file(settings: Settings) -> UsersFile:
    if settings.console_users is None:
        raise UsersError("JARDEM_CONSOLE_USERS is missing: set it to the file of users, which is made there")
    return UsersFile(Path(settings.console_users))


def _with(file: UsersFile, name: str) -> LocalUsers:
    users = file.users()
    if users.find(name) is None:
        raise UsersError(f"there is no user {name}: jardem console users list shows them")
    return users


def _name(name: str) -> str:
    try:
        return check_name(name)
    except ValueError as error:
        raise UsersError(f"the name cannot be used: {error}") from None


def _day(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d}"
