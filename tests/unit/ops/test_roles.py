"""The file of roles: what reaches too far is refused by the role's name, and it grants what it says."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from ops.acls.rights import in_words, reaches, wanted_acls
from ops.acls.roles import AclsError, load_roles
from streams.settings.settings import Settings
from streams.topics import all_topics

TOPICS = {topic.name for topic in all_topics(Settings())}


def settings(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "acls.toml"
    file.write_text(text)
    return Settings(kafka_acls=file)


def role(kind: str, rights: str) -> str:
    return f'[roles.mine]\nkind = "{kind}"\nabout = "x"\n{rights}\n'


def test_ours_are_within_their_bounds_and_every_role_has_a_name_of_its_own() -> None:
    roles = load_roles(Settings())
    names = [principal for each in roles.values() for principal in each.principals]
    assert len(names) == len(set(names)) == len(roles)
    assert all(acl.permission_type is ACLPermissionType.ALLOW for acl in wanted_acls(roles, TOPICS))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (role("registry", 'write = ["case.inbox.v1"]'), "mine reaches too far: it may write case.inbox.v1"),
        (
            role("registry", 'read = ["registry.title-awarded.v1"]'),
            "mine reaches too far: it may read registry.",
        ),
        (role("webhooks", 'read = ["sms.inbox.v1"]'), "mine reaches too far: it may read sms.inbox.v1"),
        (role("webhooks", 'write = ["sms.outbox.v1"]'), "mine reaches too far: it may write sms.outbox.v1"),
        (role("console", 'write = ["benefit.decided.v1"]'), "too far: it may write benefit.decided.v1"),
        (
            role("console", 'read = ["jardem-people-changelog"]'),
            "too far: it may read jardem-people-changelog",
        ),
        (role("worker", 'read = ["audit.console.v1"]'), "too far: it may read audit.console.v1"),
        (role("worker", "administer = true"), "mine reaches too far: it has administer"),
        (role("portal", 'groups = ["jardem"]'), "mine reaches too far: it has groups"),
        (
            role("observer", 'read = ["case.advanced.v1"]'),
            "mine reaches too far: it may read case.advanced.v1",
        ),
        (role("registry", 'write = ["*"]'), "may write *, and the contract has no such topic"),
        (role("registry", 'write = ["registry."]'), "and the contract has no such topic"),
        (role("king", ""), "there is no kind king"),
        (role("registry", 'principals = ["User:*"]'), "User:* is nobody's name"),
        (role("registry", 'principals = ["User:ANONYMOUS"]'), "User:ANONYMOUS is nobody's name"),
        (role("registry", 'principals = ["titles"]'), "titles is nobody's name"),
        (role("registry", "everything = true"), "roles.mine.everything"),
        (
            role("portal", "") + '[roles.b]\nkind="portal"\nabout="y"\nprincipals=["User:mine"]',
            "has the roles",
        ),
        ("[roles", "is no TOML"),
        ("", "roles"),
    ],
)
def test_a_role_that_reaches_too_far_is_refused_by_its_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AclsError) as found:
        load_roles(settings(tmp_path, text))
    assert said in str(found.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(AclsError, match="cannot be read"):
        load_roles(Settings(kafka_acls=tmp_path / "nowhere.toml"))


def test_principals_take_the_place_of_the_files() -> None:
    roles = load_roles(Settings(), ["worker=User:CN=worker-1,O=jardem", "worker=User:CN=worker-2"])
    assert roles["worker"].principals == ("User:CN=worker-1,O=jardem", "User:CN=worker-2")
    assert roles["console"].principals == ("User:console",)
    for wrong in ("worker", "worker=", "nobody=User:x", "=User:x"):
        with pytest.raises(AclsError, match="write it as ROLE=User:NAME"):
            load_roles(Settings(), [wrong])


def acl(kind: ResourceType, name: str, **more: Any) -> ACL:
    operation = more.get("operation", ACLOperation.READ)
    pattern = more.get("pattern", ACLResourcePatternType.LITERAL)
    return ACL("User:x", "*", operation, ACLPermissionType.ALLOW, ResourcePattern(kind, name, pattern))


PREFIXED = ACLResourcePatternType.PREFIXED


@pytest.mark.parametrize(
    ("right", "about"),
    [
        (acl(ResourceType.TOPIC, "case.inbox.v1"), True),
        (acl(ResourceType.TOPIC, "*"), True),
        (acl(ResourceType.TOPIC, "case.", pattern=PREFIXED), True),
        (acl(ResourceType.TOPIC, "case.", pattern=ACLResourcePatternType.LITERAL), False),
        (acl(ResourceType.TOPIC, "somebody.elses"), False),
        (acl(ResourceType.GROUP, "jardem"), True),
        (acl(ResourceType.GROUP, "j", pattern=PREFIXED), True),
        (acl(ResourceType.GROUP, "theirs"), False),
        (acl(ResourceType.CLUSTER, "kafka-cluster", operation=ACLOperation.ALTER), True),
        (acl(ResourceType.CLUSTER, "kafka-cluster", operation=ACLOperation.DESCRIBE), False),
    ],
    ids=lambda each: in_words(each) if isinstance(each, ACL) else str(each),
)
def test_what_reaches_ours_is_seen(right: ACL, about: bool) -> None:  # noqa: FBT001
    assert reaches(right, TOPICS, {"jardem"}) is about


def test_the_file_is_toml_that_says_what_each_role_is_for() -> None:
    content = tomllib.loads((Path(__file__).parents[3] / "deploy" / "kafka" / "acls.toml").read_text())
    assert all(each["about"] for each in content["roles"].values())
