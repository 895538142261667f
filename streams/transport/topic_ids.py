"""Asks brokers for the ids of topics, by which a topic that was made anew is known from the one before.

Brokers tell them since Kafka 2.8; aiokafka's own request for metadata is of an older version.
"""

import asyncio
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

_NONE = UUID(int=0)
_TRIES = 5
_PAUSE = 0.2


class _Uuid(AbstractType[UUID]):  # type: ignore[misc] # aiokafka has no types
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


class _MetadataResponse(Response):  # type: ignore[misc] # the same
    API_KEY = 3
    API_VERSION = 11
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString()),
                ("port", Int32),
                ("rack", CompactString()),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString()),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _MetadataStruct(RequestStruct):  # type: ignore[misc] # the same
    API_KEY = 3
    API_VERSION = 11
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", CompactString()), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataStruct]):  # type: ignore[misc] # the same
    API_KEY = 3

    def __init__(self, topics: Iterable[str]) -> None:
        self._topics: list[Any] = [(_NONE, topic, {}) for topic in topics]

    def build(self, request_struct_class: Any) -> Any:  # noqa: ANN401 - as aiokafka's
        return request_struct_class(self._topics, False, False, {})  # noqa: FBT003


async def topic_ids(client: AIOKafkaClient, topics: Iterable[str]) -> dict[str, str]:
    """The ids of those of the topics that there are; nothing where no broker tells them.

    Whoever gets nothing knows less, and can go on.
    """
    request = _MetadataRequest(topics)
    for _ in range(_TRIES):
        try:
            answer = await client.send(client.get_random_node(), request)
        except (IncompatibleBrokerVersion, NotImplementedError):
            break
        except KafkaError:
            await asyncio.sleep(_PAUSE)
        else:
            return {name: str(id_) for error, name, id_, *_ in answer.topics if not error and id_ != _NONE}
    return {}
