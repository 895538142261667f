"""Who is who among the brokers just now, and whether their copies are in sync."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

_GROUP = "jardem"
_OFFSETS = "__consumer_offsets"


@contextmanager
def _admin(address: str) -> Iterator[Any]:
    admin = KafkaAdminClient(bootstrap_servers=address.split(","))
    try:
        yield admin
    finally:
        admin.close()


def in_role(address: str, role: str, number: int) -> int | None:
    """The `node.id` of the broker with this role; None where any will do.

    `number` chooses the partition that it leads. Raises `KafkaError` where nobody tells.
    """
    with _admin(address) as admin:
        match role:
            case "any":
                return None
            case "controller":
                quorum = admin.describe_metadata_quorum()
                return int(quorum["topics"][0]["partitions"][0]["leader_id"])
            case "group coordinator":
                leaders = _leaders(admin, _OFFSETS)
                return leaders[_java_hash(_GROUP) % len(leaders)]
            case _:
                leaders = _leaders(admin, role.removeprefix("leader of "))
                return leaders[number % len(leaders)]


def _leaders(admin: Any, topic: str) -> dict[int, int]:
    partitions = admin.describe_topics([topic])[0]["partitions"]
    return {each["partition_index"]: each["leader_id"] for each in partitions}


def _java_hash(text: str) -> int:
    """Java's hash of a text, without its sign: it chooses the partition that keeps a group's offsets."""
    value = 0
    for letter in text:
        value = (31 * value + ord(letter)) & 0xFFFFFFFF
    return value & 0x7FFFFFFF


def out_of_sync(address: str) -> list[str]:
    """The partitions of which a copy is missing or behind, or why nobody can tell."""
    try:
        with _admin(address) as admin:
            return [
                f"{topic['name']}[{each['partition_index']}]"
                for topic in admin.describe_topics()
                for each in topic["partitions"]
                if len(each["isr_nodes"]) < len(each["replica_nodes"])
            ]
    except (KafkaError, OSError) as error:
        return [repr(error)]
