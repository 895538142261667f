"""The local file of users, for one machine: names, roles, and argon2 hashes of passwords."""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from pydantic import AfterValidator, Field, ValidationError, model_validator

from ops.console.access import Role, User
from ops.console.names import check_name
from schemas.base import Model
from schemas.cloudevents import explain
from streams.errors import UserError

SHORTEST_PASSWORD = 12
_LONGEST_PASSWORD = 1000
_OTHERS = 0o077
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash("nobody has this password")
"""Checked in the place of an unknown user's, so that both take as long."""


class UsersError(UserError):
    """The file of users cannot be used, or what is asked of it cannot be done: a line with what to do."""

    exit_code = 2


class LocalUser(Model):
    """A user of the file. `password` is its argon2id hash."""

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(check_name)]
    roles: frozenset[Role]
    password: Annotated[str, Field(pattern=r"^\$argon2id\$")]

    @property
    def stamp(self) -> str:
        """Changes when the password does: sessions of before end then."""
        return hashlib.sha256(self.password.encode()).hexdigest()

    @property
    def user(self) -> User:
        """Who is signed in as this one."""
        return User(self.name, self.roles)


class LocalUsers(Model):
    """The file's content."""

    users: tuple[LocalUser, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> "LocalUsers":
        if len({user.name for user in self.users}) != len(self.users):
            raise ValueError("a name stands twice")
        return self

    def find(self, name: str) -> LocalUser | None:
        """The user of this name."""
        return next((user for user in self.users if user.name == name), None)


@dataclass(slots=True)
class UsersFile:
    """The file as it stands there now: it is read anew when it is another than before."""

    path: Path
    _read: LocalUsers | None = None
    _state: tuple[int, int, int] | None = None

    def users(self) -> LocalUsers:
        """Its users. Raises `UsersError`: a file that others may read is not believed."""
        try:
            found = self.path.stat()
            state = (found.st_mtime_ns, found.st_ino, found.st_size)
            if self._read is not None and state == self._state:
                return self._read
            if stat.S_IMODE(found.st_mode) & _OTHERS:
                raise UsersError(f"{self.path} can be read by others: chmod 600 {self.path}")
            self._read = LocalUsers.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            raise UsersError(
                f"{self.path} is missing: make the first user with jardem console users add"
            ) from None
        except OSError as error:
            raise UsersError(f"{self.path} cannot be read: {error.strerror}") from None
        except ValidationError as error:
            raise UsersError(f"{self.path} is no file of users: {explain(error)}") from None
        self._state = state
        return self._read

    def find(self, name: str) -> LocalUser | None:
        """The user of this name. Raises `UsersError`."""
        return self.users().find(name)

    def write(self, users: LocalUsers) -> None:
        """Put the file in the place of the former one, readable by its owner alone. Raises `UsersError`."""
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=folder, prefix=".users-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(users.model_dump_json(indent=2) + "\n")
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise UsersError(f"{self.path} cannot be written: {error.strerror}") from None


def password_hash(password: str) -> str:
    """The hash of a new password. Raises `UsersError` where it is too short."""
    if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise UsersError(f"a password has {SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters")
    return _HASHER.hash(password)


def verified(user: LocalUser | None, password: str) -> bool:
    """Whether it is this user's password. It takes as long for a user whom there is not."""
    if len(password) > _LONGEST_PASSWORD:
        password = ""
    try:
        _HASHER.verify(_NOBODY if user is None else user.password, password)
    except (Argon2Error, InvalidHashError):
        return False
    return user is not None
