"""The OpenAPI document of the HTTP intake, drawn from the events that it takes."""

from importlib.metadata import version
from typing import Any

from ops.http_intake.requests import BATCH, LARGEST_BATCH, LARGEST_EVENT, MOST_IN_A_BATCH
from schemas.catalogue import PUBLIC_IN
from schemas.cloudevents import JSON, STRUCTURED, TYPE_PREFIX
from streams.http_callers import TYPES
from streams.registry_signatures import EXTENSION

Schema = dict[str, Any]

_PROBLEM = "application/problem+json"
_REF = "#/components/schemas/{model}"
_ATTRIBUTES = {
    "specversion": "1.0",
    "id": "the event's id; its source and its id name it for ever",
    "source": "who says it, one of the caller's sources",
    "type": f"the event's type: {TYPE_PREFIX} and the topic's name",
    "time": "when it happened, RFC 3339 with an offset; without it: when it came",
    EXTENSION: "the signature, of sources that sign (docs/producers.md)",
}
_OPTIONAL = ("time", EXTENSION)
_REFUSALS = {
    400: "The body, or a header of the event, can't be read.",
    401: "Nobody whom we know: the client certificate or the signature is missing or wrong.",
    403: "The caller does not publish this type, or does not speak as this source.",
    408: "The body did not come within ten seconds.",
    409: "Another event came under this source and id within the window.",
    413: f"Larger than an event ({LARGEST_EVENT} bytes) or a batch may be ({LARGEST_BATCH} bytes, "
    f"{MOST_IN_A_BATCH} events).",
    415: "The content type is none of those that are read.",
    422: "What is wrong with the event, field by field. Mend it and send it again.",
    429: "More than the caller may send: again after Retry-After seconds.",
    503: "The brokers have not taken the event: the same again after Retry-After seconds.",
}
_WAITED_FOR = (429, 503)


def description() -> Schema:
    """The whole document, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "jardem: HTTP intake",
            "version": version("jardem"),
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
            "description": "CloudEvents over HTTP for registries without Kafka. 202 means that the brokers "
            "have the event. The same event may be sent again at any time.",
        },
        "paths": {"/events": {"post": _post()}},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "certificate": {
                    "type": "mutualTLS",
                    "description": "a client certificate whose subject the installation knows",
                }
            },
        },
    }


def _post() -> Schema:
    return {
        "operationId": "publish",
        "summary": "Publish an event, or a batch of events",
        "security": [{"certificate": []}, {}],
        "parameters": [_header(name, text) for name, text in _ATTRIBUTES.items()],
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": {"anyOf": [_ref(_model(name)) for name in TYPES]}},
                STRUCTURED: {"schema": _ref("Event")},
                BATCH: {
                    "schema": {
                        "type": "array",
                        "items": _ref("Event"),
                        "minItems": 1,
                        "maxItems": MOST_IN_A_BATCH,
                    }
                },
            },
        },
        "responses": {
            "202": {
                "description": "The brokers have the event; of a batch, all of them.",
                "content": {
                    JSON: {"schema": {"anyOf": [_ref("Taken"), {"type": "array", "items": _ref("Item")}]}}
                },
            },
            "207": {
                "description": "A batch whose events were answered differently, in their order.",
                "content": {JSON: {"schema": {"type": "array", "items": _ref("Item")}}},
            },
            **{str(status): _refusal(status, text) for status, text in _REFUSALS.items()},
        },
    }


def _header(name: str, text: str) -> Schema:
    return {
        "name": f"ce-{name}",
        "in": "header",
        "required": False,
        "description": f"Binary mode{', if any' if name in _OPTIONAL else ''}: {text}",
        "schema": {"type": "string"},
    }


def _refusal(status: int, text: str) -> Schema:
    """One event's answer, or, where a whole batch is answered alike, a list of them."""
    wait = {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}
    return {
        "description": text,
        **({"headers": {"Retry-After": wait}} if status in _WAITED_FOR else {}),
        "content": {
            _PROBLEM: {"schema": _ref("Problem")},
            JSON: {"schema": {"type": "array", "items": _ref("Item")}},
        },
    }


def _schemas() -> Schema:
    schemas: Schema = {}
    for name in TYPES:
        schema = PUBLIC_IN[name].model_json_schema(mode="validation", by_alias=True, ref_template=_REF)
        schemas |= schema.pop("$defs", {})
        schemas[_model(name)] = schema
    text: Schema = {"type": "string", "minLength": 1}
    problem = {
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "retry_after": {"type": "integer"},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "required": ["field", "message"],
            },
        },
    }
    taken = {"id": {"type": "string"}, "source": {"type": "string"}}
    return schemas | {
        "Event": {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "data"],
            "properties": {
                **{
                    name: {
                        **text,
                        "description": about,
                        **({"const": "1.0"} if name == "specversion" else {}),
                    }
                    for name, about in _ATTRIBUTES.items()
                },
                "data": {"type": "object"},
            },
            "oneOf": [
                {"properties": {"type": {"const": TYPE_PREFIX + name}, "data": _ref(_model(name))}}
                for name in TYPES
            ],
        },
        "Taken": {"type": "object", "required": ["id", "source"], "properties": taken},
        "Problem": {"type": "object", "required": ["status", "detail"], "properties": problem},
        "Item": {"type": "object", "required": ["status"], "properties": {**problem, **taken}},
    }


def _model(name: str) -> str:
    return PUBLIC_IN[name].__name__


def _ref(model: str) -> Schema:
    return {"$ref": _REF.format(model=model)}
