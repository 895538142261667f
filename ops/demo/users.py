"""The demo's users of the console: one for each role, with passwords that are made up anew each time."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ops.console.access import Role


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A user with one role, whose name is the role's."""

    role: Role
    password: str = field(repr=False)

    @property
    def name(self) -> str:
        """The name under which to sign in."""
        return self.role.value


def make_users(file: Path) -> Sequence[DemoUser]:
    """Write a file of users for the console. Raises `UsersError` where it can't be written."""
    # Its packages come with an extra, without which there is a demo too.
    from ops.console.users import LocalUser, LocalUsers, UsersFile, password_hash  # noqa: PLC0415

    users = [DemoUser(role, secrets.token_urlsafe(12)) for role in Role]
    UsersFile(file).write(
        LocalUsers(
            users=tuple(
                LocalUser(name=user.name, roles=frozenset({user.role}), password=password_hash(user.password))
                for user in users
            )
        )
    )
    return users
