"""JSON Schemas of the public events, and the AsyncAPI 3 document that holds them together."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import JsonSchemaMode

from schemas.base import Event
from schemas.catalogue import ABOUT_PERSONS, PUBLIC_IN, PUBLIC_OUT
from schemas.cloudevents import TYPE_PREFIX
from streams.topics import COMPACTED_IN

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def event_schema(event: type[Event]) -> Schema:
    """The JSON Schema of an event's data: as we read it, or as we write it."""
    mode: JsonSchemaMode = "validation" if event.name in PUBLIC_IN else "serialization"
    return {
        "$schema": _DIALECT,
        "$id": f"urn:jardem:{event.name}",
        **event.model_json_schema(mode=mode, by_alias=True),
    }


def public_schemas() -> dict[str, Schema]:
    """The schemas of all public events by their name."""
    return {name: event_schema(event) for name, event in sorted((PUBLIC_IN | PUBLIC_OUT).items())}


def asyncapi(version: str) -> Schema:
    """The AsyncAPI document: a channel for each public topic, seen from jardem."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "jardem",
            "version": version,
            "license": {"name": "Apache-2.0"},
            "description": "State benefits without an application: registry events in, decisions out. "
            "Every event is a CloudEvent 1.0 in binary mode; structured mode is read as well.",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(name, event) for name, event in (PUBLIC_IN | PUBLIC_OUT).items()},
        "operations": {
            **{f"receive {name}": _operation("receive", name) for name in PUBLIC_IN},
            **{f"send {name}": _operation("send", name) for name in PUBLIC_OUT},
        },
        "components": {"messageTraits": {"cloudEvent": {"headers": _headers()}}},
    }


def as_json(document: Mapping[str, Any]) -> str:
    """A document as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _channel(name: str, event: type[Event]) -> Schema:
    kafka: Schema = {"topic": name}
    if name in COMPACTED_IN:
        kafka["topicConfiguration"] = {"cleanup.policy": ["compact"]}
    message = {
        "name": TYPE_PREFIX + name,
        "summary": (event.__doc__ or "").partition("\n")[0],
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {"$ref": f"./schemas/{name}.json"},
        "bindings": {"kafka": {"key": {"type": "string", "description": _key(name)}}},
    }
    return {"address": name, "messages": {"event": message}, "bindings": {"kafka": kafka}}


def _key(name: str) -> str:
    if name in PUBLIC_OUT:
        return "person_id: HMAC-SHA256 of the IIN under the installation's key"
    if name not in ABOUT_PERSONS:
        return "anything"
    return "anything that keeps one person's events in order; never the IIN itself"


def _operation(action: str, name: str) -> Schema:
    # A slash in a JSON pointer is written ~1; the names have none.
    channel = f"#/channels/{name}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/event"}],
    }


def _headers() -> Schema:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type"],
        "properties": {
            "ce_specversion": {"const": "1.0"},
            "ce_id": text,
            "ce_source": text,
            "ce_type": text,
            "ce_time": {"type": "string", "format": "date-time"},
            "traceparent": text,
        },
    }
