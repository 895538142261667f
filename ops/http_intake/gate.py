"""Who may publish an event, whether it is one, and as which record: all that is asked before its claim."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import ValidationError

from ops.http_intake.log import Identity
from ops.http_intake.requests import Problem, RefusedError, identity
from ops.publish.lines import LineRefusedError, keep_private, record_key
from schemas.base import Event
from schemas.catalogue import PUBLIC_IN
from schemas.cloudevents import TYPE_PREFIX, CloudEvent, encode
from schemas.ids import Pseudonyms
from schemas.json_text import NotJSONError, read_json
from schemas.plausible import check_not_ahead
from streams.http_callers import TYPES, Callers
from streams.jws import NotVerifiedError
from streams.records import Outgoing
from streams.registry_signatures import EXTENSION, RegistrySignatures

ANYBODY = "anybody"
"""The caller where there is no file of callers."""

_PASSED_ON = (EXTENSION, "traceparent")
"""The extensions that are published. Others could name somebody, and nobody reads them."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """An event that may be published: by whom it came, what it is known by, and its record.

    It may be known by a digest under a former key: the present key's is the first of the `identities`.
    """

    caller: str
    id: str
    source: str
    identities: tuple[Identity, ...]
    record: Outgoing


class Gate:
    """Admits events, by the callers and the sources' keys that are configured."""

    def __init__(
        self,
        callers: Callers,
        signatures: RegistrySignatures,
        pseudonyms: Pseudonyms,
        now: Callable[[], datetime],
    ) -> None:
        self._callers = callers
        self._signatures = signatures
        self._pseudonyms = pseudonyms
        self.now = now

    def require_somebody(self, subject: str | None) -> None:
        """Refuse whoever could not publish anything, before the body is read. Raises `RefusedError`."""
        if self._callers.anybody or any(
            each.signed and not each.certificates for each in self._callers.named.values()
        ):
            return
        if subject is None:
            raise RefusedError(401, "call with a client certificate")
        if self._callers.of_certificate(subject) is None:
            raise RefusedError(403, "the subject of the client certificate is no caller's here")

    def admit(self, event: CloudEvent, subject: str | None, now: datetime) -> Admitted:
        """The event, fit to be published; `subject` is the certificate's. Raises `RefusedError`."""
        topic = event.name
        if topic not in TYPES or event.type != TYPE_PREFIX + topic:
            known = ", ".join(TYPE_PREFIX + name for name in TYPES)
            raise RefusedError(422, "the type is not one that is read", [Problem("type", f"one of {known}")])
        caller = self._caller(event, subject)
        try:
            self._signatures.check(topic, event, now)
        except NotVerifiedError as error:
            raise RefusedError(401, f"{EXTENSION}: {error}") from None
        data = self._data(event, PUBLIC_IN[topic], now)
        kept = {name: text for name, text in event.extensions.items() if name in _PASSED_ON}
        event = replace(event, extensions=kept)
        try:
            keep_private(event, data)
        except LineRefusedError as error:
            raise RefusedError(422, "headers would name somebody", [Problem("id", str(error))]) from None
        headers, value = encode(event)
        key = record_key(data, self._pseudonyms).encode()
        known_by = tuple(identity(event, each, now) for each in self._pseudonyms.keys)
        return Admitted(caller, event.id, event.source, known_by, Outgoing(topic, key, value, headers))

    def per_second(self, caller: str) -> float | None:
        """How many events a second this caller may bring, where its entry says it."""
        named = self._callers.named.get(caller)
        return None if named is None else named.per_second

    def _caller(self, event: CloudEvent, subject: str | None) -> str:
        """Who calls. By whom an event is signed is looked at after this. Raises `RefusedError`."""
        if self._callers.anybody:
            return ANYBODY
        name = None if subject is None else self._callers.of_certificate(subject)
        if name is None:
            name = self._callers.of_source(event.source)
            if name is None or self._callers.named[name].certificates:
                if subject is not None:
                    raise RefusedError(403, "the subject of the client certificate is no caller's here")
                raise RefusedError(401, "call with a client certificate, or sign as a source that signs")
        caller = self._callers.named[name]
        if event.source not in caller.sources:
            raise RefusedError(403, f"{name} does not speak as this source")
        if event.name not in caller.types:
            raise RefusedError(403, f"{name} does not publish this type")
        return name

    def _data(self, event: CloudEvent, model: type[Event], now: datetime) -> Event:
        try:
            content = read_json(event.data)
            if not isinstance(content, dict):
                raise RefusedError(422, "the data is wrong", [Problem("data", "it is no JSON object")])
            data = model.model_validate(content)
            check_not_ahead(data, now, happened_at=event.time)
        except NotJSONError as error:
            raise RefusedError(
                422, "the data is wrong", [Problem("data", f"it is not JSON: {error}")]
            ) from None
        except ValidationError as error:
            raise RefusedError(422, "the data is wrong", _problems(error)) from None
        except ValueError as error:
            field, colon, message = str(error).partition(": ")
            problem = Problem(f"data.{field}", message) if colon else Problem("time", field)
            raise RefusedError(422, "the event lies ahead", [problem]) from None
        return data


def _problems(error: ValidationError) -> list[Problem]:
    return [
        Problem(
            ".".join(("data", *(str(part) for part in found["loc"]))),
            found["msg"].removeprefix("Value error, "),
        )
        for found in error.errors(include_input=False, include_url=False)
    ]
