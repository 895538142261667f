"""What is kept in tables: read by every later release, and never half read.

A stored value bears the version of its shape. One of an older version is brought up step by step; one of a
newer version is refused, and so is a field that is not known, because writing the value again would lose it.
That holds however deep the field stands: in the events too that a value keeps, which as they come in may have
fields of which we know nothing.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict, ValidationError

from schemas.base import Model

S = TypeVar("S", bound="Stored")

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
"""Brings the content of a value from one version to the next."""

_FIRST = 1
"""The version of values that bear none: before there were versions."""


class Stored(Model):
    """A part of a stored value. A field that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class UnreadableValueError(ValueError):
    """A stored value that this release cannot read; the message says why and what to do, without its data."""


class NewerValueError(UnreadableValueError):
    """A newer release has written the value."""


def dump_stored(state: Stored, version: int) -> bytes:
    """The value: the version of its shape, and of its fields those that are not as they are by default."""
    content = state.model_dump_json(exclude_defaults=True).encode()
    rest = content.removeprefix(b"{")
    return b'{"version":%d%s%s' % (version, b"" if rest == b"}" else b",", rest)


def load_stored(model: type[S], data: bytes, version: int, upcasts: Mapping[int, Upcast]) -> S:
    """Read a value of any version up to `version`; `upcasts` lead from each version to the next.

    Raises `UnreadableValueError`, and of those `NewerValueError` where a newer release has written it.
    """
    head = b'{"version":%d' % version
    try:
        if data.startswith((head + b",", head + b"}")):
            # As JSON, so that instants and enumerations are read as they were written.
            return _read(model, b"{" + data.removeprefix(head).removeprefix(b","))
        content = json.loads(data)
        found = content.pop("version", _FIRST)
        _refuse_newer(found, version)
        for step in range(found, version):
            content = upcasts.get(step, _unchanged)(content)
        return _read(model, json.dumps(content).encode())
    except ValidationError as error:
        where = ", ".join(sorted({_where(problem["loc"]) for problem in error.errors(include_input=False)}))
        raise UnreadableValueError(
            f"fields that are not known or not as they should be: {where}; "
            "run the jardem that wrote the value"
        ) from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, UnreadableValueError):
            raise
        raise UnreadableValueError("the value is not a JSON object of ours") from None


def _read(model: type[S], content: bytes) -> S:
    # What is said here holds for every model inside, whatever that one says of unknown fields itself.
    return model.model_validate_json(content, extra="forbid")


def _refuse_newer(found: int, version: int) -> None:
    if found > version:
        raise NewerValueError(
            f"the value is of version {found}, which a newer jardem has written; this one reads up to "
            f"version {version}: run the newer one"
        )


def _unchanged(content: dict[str, Any]) -> dict[str, Any]:
    return content


def _where(location: tuple[int | str, ...]) -> str:
    """The path of a field. Keys of mappings are left out: they may be anything."""
    return ".".join(str(part) for part in location if isinstance(part, str) and part.isidentifier())
