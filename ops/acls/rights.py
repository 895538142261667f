"""What a role may do, as the brokers name it: ACLs."""

from collections.abc import Collection, Iterator, Mapping

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from ops.acls.roles import Role

ANYWHERE = "*"
CLUSTER = "kafka-cluster"
"""The name that Kafka gives to the one cluster there is."""

_ADMINISTERED = (
    ACLOperation.CREATE,
    ACLOperation.DESCRIBE,
    ACLOperation.ALTER,
    ACLOperation.DESCRIBE_CONFIGS,
    ACLOperation.ALTER_CONFIGS,
)
_SETS_RIGHTS = (ACLOperation.ALTER, ACLOperation.DESCRIBE)

Wanted = tuple[ResourceType, str, ACLOperation]


def wanted(role: Role, topics: Collection[str]) -> Iterator[Wanted]:
    """What whoever has this role may do; `topics` are those of the contract."""
    topic, group, cluster = ResourceType.TOPIC, ResourceType.GROUP, ResourceType.CLUSTER
    yield from ((topic, name, ACLOperation.READ) for name in role.read)
    yield from ((topic, name, ACLOperation.WRITE) for name in role.write)
    yield from ((group, name, ACLOperation.READ) for name in role.groups)
    if role.configs:
        yield from ((topic, name, ACLOperation.DESCRIBE_CONFIGS) for name in {*role.read, *role.write})
    if role.describe:
        yield group, ANYWHERE, ACLOperation.DESCRIBE
        for name in topics:
            yield topic, name, ACLOperation.DESCRIBE
            yield topic, name, ACLOperation.DESCRIBE_CONFIGS
    if role.administer:
        yield from ((topic, name, operation) for name in topics for operation in _ADMINISTERED)
        yield from ((cluster, CLUSTER, operation) for operation in _SETS_RIGHTS)


def wanted_acls(roles: Mapping[str, Role], topics: Collection[str]) -> dict[ACL, str]:
    """Every ACL that there should be, and the role that it is for."""
    return {
        ACL(principal, ANYWHERE, operation, ACLPermissionType.ALLOW, ResourcePattern(kind, name)): role_name
        for role_name, role in roles.items()
        for kind, name, operation in wanted(role, topics)
        for principal in role.principals
    }


def filter_of(acl: ACL) -> ACLFilter:
    """What names this ACL and no other."""
    pattern = acl.resource_pattern
    named = ResourcePatternFilter(pattern.resource_type, pattern.resource_name, pattern.pattern_type)
    return ACLFilter(acl.principal, acl.host, acl.operation, acl.permission_type, named)


ALL = ACLFilter(
    None,
    None,
    ACLOperation.ANY,
    ACLPermissionType.ANY,
    ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
)
"""Every ACL that there is."""


def reaches(acl: ACL, topics: Collection[str], groups: Collection[str]) -> bool:
    """Whether an ACL is about anything of ours: a topic, a group, or who may do what."""
    pattern = acl.resource_pattern
    match pattern.resource_type:
        case ResourceType.TOPIC:
            return any(_about(pattern, name) for name in topics)
        case ResourceType.GROUP:
            return any(_about(pattern, name) for name in groups)
        case ResourceType.CLUSTER:
            return acl.operation in (ACLOperation.ALL, ACLOperation.ALTER)
        case _:
            return False


def _about(pattern: ResourcePattern, name: str) -> bool:
    if pattern.pattern_type is ACLResourcePatternType.PREFIXED:
        return name.startswith(pattern.resource_name)
    return pattern.resource_name in (name, ANYWHERE)


def in_words(acl: ACL) -> str:
    """An ACL for whoever reads of it: `User:x may write the topic y`."""
    pattern = acl.resource_pattern
    may = "may" if acl.permission_type is ACLPermissionType.ALLOW else "must not"
    kind = pattern.resource_type.name.lower()
    prefixed = pattern.pattern_type is ACLResourcePatternType.PREFIXED
    name = f"{pattern.resource_name}{'...' if prefixed else ''}"
    what = "the cluster" if pattern.resource_type is ResourceType.CLUSTER else f"the {kind} {name}"
    return f"{acl.principal} {may} {acl.operation.name.lower()} {what}"
