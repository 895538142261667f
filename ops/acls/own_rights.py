"""Whether a process has at the brokers what its role has: asked before it starts, and said in a line."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka.admin import ACLOperation, ResourceType
from kafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError

from ops.acls.rights import Wanted, wanted
from ops.acls.roles import load_roles
from ops.reach import admin_client
from streams.errors import UserError
from streams.exits import Exit
from streams.settings.settings import Settings
from streams.topics import all_topics

OF_DATA = (ACLOperation.READ, ACLOperation.WRITE)
_NAMED = 5
_DESCRIBED = "DESCRIBE"


class NoRightError(UserError):
    """A process may not do at the brokers what it has to: a line for each right that it lacks."""

    exit_code = int(Exit.CONFIGURATION)


@dataclass(frozen=True, slots=True)
class OwnRights:
    """What the brokers let a process do, and what its role has; of what they do not tell nothing is known."""

    who: str
    role: str
    wanted: Collection[Wanted]
    allowed: Mapping[tuple[ResourceType, str], Collection[str]]

    def lacking(self, operations: Collection[ACLOperation] = tuple(ACLOperation)) -> list[str]:
        """What of these operations the role may and the process may not, a line each."""
        return [
            f"{self.who} may not {operation.name.lower()} the {kind.name.lower()} {name}, as the role "
            f"{self.role} must"
            for kind, name, operation in sorted(self.wanted)
            if operation in operations
            and (kind, name) in self.allowed
            and operation.name not in self.allowed[kind, name]
        ]

    @property
    def everything(self) -> bool:
        """Whether the process may read and write every topic: nobody asks it for any right."""
        topics = [has for (kind, _), has in self.allowed.items() if kind is ResourceType.TOPIC]
        return bool(topics) and all(operation.name in has for has in topics for operation in OF_DATA)

    def too_much(self) -> list[str]:
        """What the process may read or write and its role may not, a line each."""
        return [
            f"{self.who} may {operation.name.lower()} the {kind.name.lower()} {name}, and the role "
            f"{self.role} may not"
            for (kind, name), operations in sorted(self.allowed.items())
            for operation in OF_DATA
            if operation.name in operations
            and kind is ResourceType.TOPIC
            and (kind, name, operation) not in self.wanted
        ]


def require_rights(settings: Settings, role: str) -> None:
    """Return where this process may read and write all that its role may.

    Raises `NoRightError`, `AclsError` and kafka-python's `KafkaError`. Where the brokers have no authoriser,
    or do not tell, nothing is refused here.
    """
    if lines := own_rights(settings, role).lacking(OF_DATA):
        raise NoRightError(*shortened([f"{line}: run jardem topics apply --acls" for line in lines]))


def shortened(lines: Sequence[str]) -> Iterator[str]:
    """The first lines, and how many more there are: a process with another's name lacks nearly all."""
    yield from lines[:_NAMED]
    if len(lines) > _NAMED:
        yield f"and {len(lines) - _NAMED} rights more: is this the name of that role?"


def own_rights(settings: Settings, role: str) -> OwnRights:
    """Ask the brokers what this process may do. Raises `AclsError` and kafka-python's `KafkaError`."""
    topics = {topic.name for topic in all_topics(settings)}
    roles = load_roles(settings)
    rights = set(wanted(roles[role], topics)) if role in roles else set()
    admin = admin_client(settings)
    try:
        allowed = _of_topics(admin, topics)
        for name in sorted(roles[role].groups if role in roles else ()):
            allowed |= _of_group(admin, name)
    finally:
        admin.close()
    return OwnRights(_who(settings), role, rights, allowed)


def _of_topics(admin: Any, topics: Collection[str]) -> dict[tuple[ResourceType, str], set[str]]:  # noqa: ANN401
    allowed: dict[tuple[ResourceType, str], set[str]] = {}
    for topic in admin.describe_topics(sorted(topics)):
        key = (ResourceType.TOPIC, topic["name"])
        operations = set(topic.get("authorized_operations") or ())
        if topic["error_code"] == TopicAuthorizationFailedError.errno:
            allowed[key] = set()
        elif not topic["error_code"] and _DESCRIBED in operations:
            # Who is told of a topic may at least see it; a broker that says not even that tells nothing.
            allowed[key] = operations
    return allowed


def _of_group(admin: Any, name: str) -> dict[tuple[ResourceType, str], set[str]]:  # noqa: ANN401
    try:
        described = admin.describe_groups([name], include_authorized_operations=True)
    except GroupAuthorizationFailedError:
        return {(ResourceType.GROUP, name): set()}
    except KafkaError:
        return {}
    found = described[name]
    if GroupAuthorizationFailedError.__name__ in (found.get("error") or ""):
        return {(ResourceType.GROUP, name): set()}
    operations = set(found.get("authorized_operations") or ())
    return {(ResourceType.GROUP, name): operations} if _DESCRIBED in operations else {}


def _who(settings: Settings) -> str:
    if settings.kafka_sasl_mechanism:
        return f"User:{settings.kafka_sasl_username}"
    return "the holder of JARDEM_KAFKA_TLS_CERT" if settings.kafka_tls_cert else "this process"
