"""Whether a process has at the brokers what its role has, asked before it starts: one line, and no silence."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from kafka.admin import ACLOperation, ResourceType
from kafka.errors import KafkaError

from ops.acls.rights import Wanted, wanted
from ops.acls.roles import load_roles
from ops.reach import admin_client
from streams.errors import UserError
from streams.exits import Exit
from streams.settings.settings import Settings

_REFUSED = {29, 30}
"""Kafka's numbers for a topic and a group that are not for us."""

_OF_DATA = (ACLOperation.READ, ACLOperation.WRITE)


class NoRightError(UserError):
    """A process may not do at the brokers what it has to; a line for each topic or group, with what it lacks."""

    exit_code = int(Exit.CONFIGURATION)


def require_rights(settings: Settings, role_name: str) -> None:
    """Return where this process may do all that its role may. Raises `NoRightError` and `AclsError`.

    Where brokers do not tell, nothing is refused here.
    """
    lines = [f"{line}: run jardem topics apply --acls" for line in lacking(settings, role_name)]
    if lines:
        raise NoRightError(*lines)


def lacking(settings: Settings, role_name: str) -> list[str]:
    """What the role has and this process has not, a line each."""
    return [
        f"{_who(settings)} may not {operation.name.lower()} the {kind.name.lower()} {name}, as the role "
        f"{role_name} must"
        for kind, name, operation in sorted(_wanted(settings, role_name))
        if (allowed := _allowed(settings, role_name).get((kind, name))) is not None
        and operation not in allowed
    ]


def too_much(settings: Settings, role_name: str) -> list[str]:
    """What this process may read or write beyond its role, a line each."""
    has = set(_wanted(settings, role_name))
    return [
        f"{_who(settings)} may {operation.name.lower()} the {kind.name.lower()} {name}, and the role "
        f"{role_name} may not"
        for (kind, name), operations in sorted(_allowed(settings, role_name).items())
        for operation in _OF_DATA
        if operation in operations and (kind, name, operation) not in has and kind is ResourceType.TOPIC
    ]
