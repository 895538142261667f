"""The roles of an installation: its file of them read, and held against how far they may reach."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence

from pydantic import ConfigDict, Field, ValidationError

from ops.acls.bounds import BOUNDS
from ops.brokers.kafka_files import deploy_folder
from schemas.base import Model
from schemas.cloudevents import explain
from streams.errors import UserError
from streams.settings.settings import Settings
from streams.topics import all_topics

FILE = "acls.toml"
_PRINCIPAL = re.compile(r"User:[^*\s](.*\S)?")
_NOBODY = ("User:ANONYMOUS",)
_FLAGS = ("groups", "configs", "describe", "administer")


class AclsError(UserError):
    """Roles that cannot be granted: a line for each thing that is wrong with them, by the role's name."""

    exit_code = 2


class Role(Model):
    """What a role is for, who has it, and what it may do. The file says what each field means."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    about: str = Field(min_length=1)
    principals: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    configs: bool = False
    describe: bool = False
    administer: bool = False


class _File(Model):
    model_config = ConfigDict(extra="forbid")

    roles: dict[str, Role]


def load_roles(settings: Settings, principals: Sequence[str] = ()) -> dict[str, Role]:
    """The roles of `JARDEM_KAFKA_ACLS`, or ours; `principals` are `ROLE=User:NAME`, in the file's place.

    Raises `AclsError` for a file that cannot be read, and for a role that reaches further than its kind may.
    """
    path = settings.kafka_acls or deploy_folder() / FILE
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        roles = _File.model_validate(content, strict=False).roles
    except OSError as error:
        raise AclsError(f"the roles in {path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise AclsError(f"{path} is no file of roles: {explain(error)}") from None
    except ValueError as error:
        raise AclsError(f"{path} is no TOML: {error}") from None
    roles = _named(roles, principals)
    topics = {topic.name for topic in all_topics(settings)}
    faults = [fault for name, role in roles.items() for fault in _faults(name, role, topics)]
    if faults := [*faults, *_shared(roles)]:
        raise AclsError(*faults)
    return roles


def _named(roles: Mapping[str, Role], principals: Sequence[str]) -> dict[str, Role]:
    """The roles, each with who has it."""
    given: dict[str, list[str]] = {}
    for text in principals:
        role, _, principal = text.partition("=")
        if role not in roles or not principal:
            known = ", ".join(roles)
            raise AclsError(f"--principal {text}: write it as ROLE=User:NAME, the role one of {known}")
        given.setdefault(role, []).append(principal)
    return {
        name: role.model_copy(
            update={"principals": tuple(given.get(name, role.principals)) or (f"User:{name}",)}
        )
        for name, role in roles.items()
    }


def _faults(name: str, role: Role, topics: set[str]) -> Iterator[str]:
    for principal in role.principals:
        if not _PRINCIPAL.fullmatch(principal) or principal in _NOBODY:
            yield f"the role {name}: {principal} is nobody's name: write User: and the name at the brokers"
    bound = BOUNDS.get(role.kind)
    if bound is None:
        yield f"the role {name}: there is no kind {role.kind}; there are {', '.join(BOUNDS)}"
        return
    for operation in ("read", "write"):
        for topic in getattr(role, operation):
            if topic not in topics:
                yield f"the role {name} may {operation} {topic}, and the contract has no such topic"
            elif not topic.startswith(getattr(bound, operation) or ("\0",)):
                yield (
                    f"the role {name} reaches too far: it may {operation} {topic}, and none of the kind "
                    f"{role.kind} may"
                )
    for flag in _FLAGS:
        if getattr(role, flag) and not getattr(bound, flag):
            yield f"the role {name} reaches too far: it has {flag}, and none of the kind {role.kind} may"


def _shared(roles: Mapping[str, Role]) -> Iterator[str]:
    """Who has two roles reaches as far as both: no bound would hold."""
    seen: dict[str, str] = {}
    for name, role in roles.items():
        for principal in role.principals:
            other = seen.setdefault(principal, name)
            if other != name:
                yield f"{principal} has the roles {other} and {name}: give each a name of its own"
