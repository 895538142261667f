"""Creates the topics of the contract, and checks those that are there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import TopicAuthorizationFailedError
from rich.table import Table

from ops.reach import admin_client, require_broker
from streams.errors import UserError
from streams.settings.settings import Settings
from streams.topics import Topic, all_topics
from streams.transport.codecs import CODECS, lacking

_ALREADY_EXISTS = 36
_NO_CODEC = {"producer", "uncompressed", "none"}
_KNOWN = {name for name, _ in CODECS.values()}


class TopicRefusedError(UserError):
    """The broker refused to create or change a topic; the message repeats why."""


class State(StrEnum):
    """What was found or done."""

    RIGHT = "right"
    MISSING = "missing"
    CREATED = "created"
    DIFFERS = "differs"
    CHANGED = "changed"
    REFUSED = "refused"
    HIDDEN = "not shown"


@dataclass(frozen=True, slots=True)
class Existing:
    """A topic as the broker has it."""

    partitions: int
    replication: int
    config: Mapping[str, str]
    hidden: bool = False
    """Whether it is not for us to see; it may not even be there."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A topic, and what was found or done. `changes` are the settings that would make it right."""

    topic: Topic
    state: State
    detail: str = ""
    changes: Mapping[str, str] = field(default_factory=dict)


def judge(topic: Topic, existing: Existing | None, replication: int) -> Finding:
    """Compare a topic with what it should be, on `replication` brokers."""
    if existing is None:
        return Finding(topic, State.MISSING, "run: jardem topics apply")
    if existing.hidden:
        return Finding(
            topic, State.HIDDEN, "the brokers do not show it to this name (docs/kafka-security.md)"
        )
    return _judge_shown(topic, existing, replication)


def _judge_shown(topic: Topic, existing: Existing, replication: int) -> Finding:
    if existing.hidden:
        return Finding(
            topic, State.HIDDEN, "the brokers do not show it to this name (docs/kafka-security.md)"
        )
    if unread := _unread_codec(existing):
        return Finding(topic, State.REFUSED, unread)
    if not topic.ours:
        return _judge_foreign(topic, existing)
    if topic.counted and existing.partitions != topic.partitions:
        return Finding(topic, State.REFUSED, _other_partitions(topic, existing.partitions))
    if existing.replication < replication:
        detail = (
            f"it is kept on {existing.replication} brokers instead of {replication}: "
            "move it with kafka-reassign-partitions, or set JARDEM_KAFKA_REPLICATION"
        )
        return Finding(topic, State.REFUSED, detail)
    wanted = topic.config(replication)
    changes = {key: value for key, value in wanted.items() if existing.config.get(key) != value}
    told = ", ".join(f"{key} {existing.config.get(key)} -> {value}" for key, value in sorted(changes.items()))
    return Finding(topic, State.DIFFERS if changes else State.RIGHT, told, changes)


def _judge_foreign(topic: Topic, existing: Existing) -> Finding:
    policy = existing.config.get("cleanup.policy", "delete")
    if topic.compacted and "compact" not in policy:
        detail = f"left as its owner made it, but it should be compacted, and is {policy}"
        return Finding(topic, State.DIFFERS, detail)
    if existing.partitions != topic.partitions:
        return Finding(topic, State.RIGHT, f"{existing.partitions} partitions, as its owner made it")
    return Finding(topic, State.RIGHT)


def _unread_codec(existing: Existing) -> str | None:
    """Why what the broker compresses in this topic could not be read here, if so.

    `producer` leaves it to whoever writes; `jardem doctor` tries all that they may use.
    """
    codec = existing.config.get("compression.type", "producer")
    if codec in _NO_CODEC:
        return None
    why = lacking().get(codec, None if codec in _KNOWN else "unknown here")
    if why is None:
        return None
    return (
        f"the broker compresses its records with {codec}, which this installation cannot read ({why}): "
        "install what requirements.lock names, or set the topic's compression.type to producer"
    )


def _other_partitions(topic: Topic, partitions: int) -> str:
    return (
        f"it has {partitions} partitions instead of {topic.partitions}, and keys must stay where they are. "
        f"Where all inboxes and changelogs have {partitions}, set JARDEM_INBOX_PARTITIONS={partitions}; "
        "else stop the workers, delete it if nothing in it is needed, and run this again"
    )


def apply_topics(settings: Settings, *, check_only: bool = False) -> list[Finding]:
    """Create what is missing and put right what differs; with `check_only` only say so.

    Where one topic is refused nothing is created or changed: the others would not fit it. A topic that others
    own is created if it is missing, and otherwise left as it is. Raises `NoBrokerError`, `TopicRefusedError`
    and kafka-python's `KafkaError`.
    """
    require_broker(settings)
    topics = all_topics(settings)
    admin = admin_client(settings)
    try:
        existing = _existing(admin, topics)
        found = [judge(topic, existing.get(topic.name), settings.replication) for topic in topics]
        if check_only or any(finding.state is State.REFUSED for finding in found):
            return found
        _create(admin, [finding.topic for finding in found if finding.state is State.MISSING], settings)
        return [_mended(admin, finding) for finding in found]
    finally:
        admin.close()


def _existing(admin: Any, topics: Iterable[Topic]) -> dict[str, Existing]:  # noqa: ANN401
    names = {topic.name for topic in topics}
    found = {topic["name"]: topic for topic in admin.describe_topics(sorted(names))}
    described = {name: topic["partitions"] for name, topic in found.items() if not topic["error_code"]}
    hidden = {
        name: Existing(0, 0, {}, hidden=True)
        for name, topic in found.items()
        if topic["error_code"] == TopicAuthorizationFailedError.errno
    }
    if not described:
        return hidden
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in described]
    configs = admin.describe_configs(resources)["topic"]
    return hidden | {
        name: Existing(
            partitions=len(partitions),
            replication=min(len(partition["replica_nodes"]) for partition in partitions),
            config={key: entry["value"] for key, entry in configs[name].items()},
        )
        for name, partitions in described.items()
    }


def _create(admin: Any, missing: Iterable[Topic], settings: Settings) -> None:  # noqa: ANN401
    replication = settings.replication
    fresh = [
        NewTopic(topic.name, topic.partitions, replication, topic_configs=topic.config(replication))
        for topic in missing
    ]
    if not fresh:
        return
    answer = admin.create_topics(fresh, raise_errors=False)
    for topic in answer["topics"]:
        # One that is there by now was created by another `topics apply` at the same moment.
        if topic["error_code"] not in (0, _ALREADY_EXISTS):
            raise TopicRefusedError(f"the broker refused to create {topic['name']}: {topic['error_message']}")
    admin.wait_for_topics([topic.name for topic in fresh])


def _mended(admin: Any, finding: Finding) -> Finding:  # noqa: ANN401
    if finding.state is State.MISSING:
        return replace(finding, state=State.CREATED, detail="")
    if not finding.changes:
        return finding
    name = finding.topic.name
    resource = ConfigResource(ConfigResourceType.TOPIC, name, configs=dict(finding.changes))
    outcome = admin.alter_configs([resource])["topic"][name]
    if outcome != "OK":
        raise TopicRefusedError(f"the broker refused to change {name}: {outcome}")
    return replace(finding, state=State.CHANGED)


def acceptable(findings: Iterable[Finding]) -> bool:
    """Whether workers can run with the topics as they are now."""
    return all(finding.state not in (State.MISSING, State.REFUSED, State.HIDDEN) for finding in findings)


def report(findings: Sequence[Finding]) -> Iterator[Table | str]:
    """The findings for the terminal: a table, then what else there is to say, once for all topics."""
    table = Table(box=None, pad_edge=False)
    for heading in ("topic", "partitions", "kept", "state"):
        table.add_column(heading, no_wrap=True)
    for finding in findings:
        topic = finding.topic
        table.add_row(topic.name, str(topic.partitions), _kept(topic), finding.state)
    yield table
    said: dict[str, list[str]] = {}
    for finding in findings:
        if finding.detail:
            said.setdefault(finding.detail, []).append(finding.topic.name)
    yield from (f"{', '.join(names)}: {detail}" for detail, names in said.items())


def _kept(topic: Topic) -> str:
    if topic.compacted and topic.retention is None:
        return "last of each key"
    return "for ever" if topic.retention is None else f"{topic.retention.days} days"
