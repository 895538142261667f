"""Grants the roles what they may do, and says what they lack or have too much."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kafka.admin import ACL, ACLPermissionType
from kafka.errors import ClusterAuthorizationFailedError, SecurityDisabledError
from rich.table import Table

from ops.acls.rights import ALL, filter_of, in_words, reaches, wanted_acls
from ops.acls.roles import AclsError, Role
from ops.reach import admin_client, require_broker
from streams.errors import UserError
from streams.settings.settings import Settings
from streams.topics import all_topics

_SECONDS = 10.0


class AclsRefusedError(UserError):
    """The brokers refused to change who may do what; the message repeats why."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What was found, and what was done about it.

    `missing` are ACLs that are not there, `too_much` those that no role of the file has, of the roles' names
    and of any other that reach what is ours; `created` and `removed` are what was done.
    """

    roles: Mapping[str, Role]
    wanted: Mapping[ACL, str]
    missing: Collection[ACL] = ()
    too_much: Collection[ACL] = ()
    created: Collection[ACL] = ()
    removed: Collection[ACL] = field(default=())

    @property
    def right(self) -> bool:
        """Whether everybody may do now what the roles say, and nobody more."""
        return not self.missing and not self.too_much


def grant(
    settings: Settings, roles: Mapping[str, Role], *, check_only: bool = False, prune: bool = False
) -> Granted:
    """Create the ACLs that are missing; with `prune` take away those that are too much; or only look.

    Raises `AclsError` where the brokers have no authoriser, `AclsRefusedError`, `NoBrokerError` and
    kafka-python's `KafkaError`.
    """
    require_broker(settings)
    topics = {topic.name for topic in all_topics(settings)}
    wanted = wanted_acls(roles, topics)
    admin = admin_client(settings)
    try:
        there = _there(admin)
        missing, too_much = set(wanted) - there, _too_much(there, roles, wanted, topics)
        if check_only:
            return Granted(roles, wanted, missing, too_much)
        _create(admin, list(missing))
        removed = too_much if prune else set()
        _remove(admin, list(removed))
        _wait(admin, missing, removed)
        return Granted(roles, wanted, (), too_much - removed, missing, removed)
    finally:
        admin.close()


def _there(admin: Any) -> set[ACL]:  # noqa: ANN401 - kafka-python has no types
    try:
        found, _ = admin.describe_acls(ALL)
    except SecurityDisabledError:
        raise AclsError(
            "the brokers have no authoriser, so everybody may do everything there: set authorizer.class.name "
            "and allow.everyone.if.no.acl.found=false (docs/kafka-security.md)"
        ) from None
    except ClusterAuthorizationFailedError:
        raise AclsRefusedError(
            "this name may not see or say who may do what: sign in as one of the role topics, or the first "
            "time as one of the brokers' super.users"
        ) from None
    return set(found)


def _too_much(
    there: Collection[ACL], roles: Mapping[str, Role], wanted: Collection[ACL], topics: Collection[str]
) -> set[ACL]:
    """What no role has: of the roles' own names all of it, denials too; of others what reaches ours."""
    ours = {principal for role in roles.values() for principal in role.principals}
    groups = {group for role in roles.values() for group in role.groups}
    return {
        acl
        for acl in set(there) - set(wanted)
        if acl.principal in ours
        or (acl.permission_type is ACLPermissionType.ALLOW and reaches(acl, topics, groups))
    }


def _create(admin: Any, acls: Sequence[ACL]) -> None:  # noqa: ANN401
    if acls and (failed := admin.create_acls(acls)["failed"]):
        raise AclsRefusedError(f"the brokers refused {len(failed)} of {len(acls)} ACLs: {failed[0].__name__}")


def _remove(admin: Any, acls: Sequence[ACL]) -> None:  # noqa: ANN401
    if not acls:
        return
    for asked, _, error in admin.delete_acls([filter_of(acl) for acl in acls]):
        if error.errno:
            raise AclsRefusedError(f"the brokers did not take away {asked}: {error.__name__}")


def _wait(admin: Any, created: Collection[ACL], removed: Collection[ACL]) -> None:  # noqa: ANN401
    """Brokers act by a change a moment after they have taken it."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        there = _there(admin)
        if there.issuperset(created) and there.isdisjoint(removed):
            return
        time.sleep(0.05)


def report(granted: Granted, *, check_only: bool) -> Iterator[Table | str]:
    """The roles for the terminal: a table, then what is missing or too much, a line each."""
    table = Table(box=None, pad_edge=False)
    for heading in ("role", "who", "ACLs", "for"):
        table.add_column(heading, no_wrap=heading != "for")
    for name, role in granted.roles.items():
        count = sum(each == name for each in granted.wanted.values())
        table.add_row(name, ", ".join(role.principals), str(count), role.about)
    yield table
    yield from (f"missing: {line}" for line in sorted(map(in_words, granted.missing)))
    if granted.missing and check_only:
        yield "run: jardem topics apply --acls"
    names = {principal: name for name, role in granted.roles.items() for principal in role.principals}
    for acl in sorted(granted.too_much, key=in_words):
        role_name = names.get(acl.principal)
        whose = f"the role {role_name} reaches too far" if role_name else "no role of the file has this name"
        yield f"too much: {in_words(acl)}: {whose}"
    if granted.too_much:
        yield "take it away: jardem topics apply --acls --prune"
    if granted.created or granted.removed:
        yield f"{len(granted.created)} ACLs created, {len(granted.removed)} taken away"
