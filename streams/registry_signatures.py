"""Signatures on the events of registries: what is signed, by whose key, and what is refused.

A signed event bears a compact JWS in its extension `jws`: in binary mode the header `ce_jws`, over HTTP
`ce-jws`, in structured mode the attribute. Its payload names the event: `id`, `source`, `type`, `time`, the
`sha256` of the data's bytes, and `iat`, when it was signed. So nothing has to be written alike twice, and no
library of JOSE is asked for more than it does every day.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from schemas.base import Instant, Model
from schemas.catalogue import PUBLIC_IN
from schemas.cloudevents import CloudEvent, explain
from schemas.json_text import NotJSONError, read_json, write_json
from schemas.operators import OperatorActed
from schemas.times import read_instant
from streams.errors import UserError
from streams.jws import NotVerifiedError, check_signature, read_compact, write_compact
from streams.key_set import PrivateKey
from streams.officer_signatures import check_fits, read_algorithm

EXTENSION = "jws"
SIGNATURE = "jardem-event.v1"
"""The `typ` of the JWS: no signature made for anything else is taken for one on an event."""

_AHEAD = timedelta(minutes=5)
_SIGNED = frozenset(PUBLIC_IN) - {OperatorActed.name}


class RegistryKeysError(UserError):
    """The folder of sources' key sets cannot be read: a line for each file, with what is wrong."""

    exit_code = 2


class SourceKey(Model):
    """A public key of a source, and between which instants what is signed with it counts."""

    model_config = ConfigDict(extra="allow")

    kid: str = Field(min_length=1)
    kty: str
    alg: Literal["EdDSA", "ES256", "ES384", "RS256", "PS256"]
    jardem_from: Instant | None = None
    jardem_until: Instant | None = None


class SourceKeys(Model):
    """A source's key set (JWKS, RFC 7517): the `ce_source` that it is of, and the topics that it writes."""

    jardem_source: str = Field(min_length=1)
    jardem_topics: tuple[str, ...] = Field(min_length=1)
    keys: tuple[SourceKey, ...]


@dataclass(frozen=True, slots=True)
class RegistrySignatures:
    """Verifies events by their sources' key sets.

    On a topic that a key set names, every event must be signed, and by a source whose set names the topic:
    who could leave the signature out, or choose another source, would need no key. On other topics nothing is
    asked of sources without keys.
    """

    sources: Mapping[str, SourceKeys] = field(default_factory=dict)

    def check(self, topic: str, event: CloudEvent, now: datetime) -> None:
        """Return where the event may stand in this topic. Raises `NotVerifiedError`, which quotes no data."""
        known = self.sources.get(event.source)
        if known is None:
            if any(topic in each.jardem_topics for each in self.sources.values()):
                raise NotVerifiedError("events of this topic are signed, and its source has no keys here")
            return
        if topic not in known.jardem_topics:
            raise NotVerifiedError("the source signs its events, and does not write to this topic")
        token = event.extensions.get(EXTENSION)
        if not token:
            raise NotVerifiedError(f"the signature is missing (ce_{EXTENSION})")
        _verify(token, event, known, now)


def _verify(token: str, event: CloudEvent, known: SourceKeys, now: datetime) -> None:
    compact = read_compact(token)
    alg = read_algorithm(compact.header, SIGNATURE)
    if compact.header.get("typ") != SIGNATURE:
        raise NotVerifiedError(f"the typ of the header is not {SIGNATURE}")
    key = next((each for each in known.keys if each.kid == compact.header.get("kid")), None)
    if key is None:
        raise NotVerifiedError("the kid is not in the key set of the source")
    if key.alg != alg:
        raise NotVerifiedError(f"the key is one for {key.alg}, and the signature is made with {alg}")
    check_signature(compact, key.model_dump(mode="json"), alg)
    signed_at = _same_event(compact.payload, event)
    if signed_at > now + _AHEAD:
        raise NotVerifiedError("the signature is made later than now (iat)")
    if key.jardem_from is not None and signed_at < key.jardem_from:
        raise NotVerifiedError("the key does not sign yet at the time of the signature (iat)")
    if key.jardem_until is not None and signed_at > key.jardem_until:
        raise NotVerifiedError("the key has expired at the time of the signature (iat)")


def _same_event(payload: bytes, event: CloudEvent) -> datetime:
    """When this event was signed, where the payload is about it."""
    try:
        claims = read_json(payload)
    except NotJSONError as error:
        raise NotVerifiedError(f"the payload of the signature: {error}") from None
    if not isinstance(claims, dict):
        raise NotVerifiedError("the payload of the signature is no JSON object")
    for name in ("id", "source", "type"):
        if claims.get(name) != getattr(event, name):
            raise NotVerifiedError(f"the signature is over another {name} than the event's")
    if not hmac.compare_digest(str(claims.get("sha256")).encode(), event.sha256.encode()):
        raise NotVerifiedError("the signature is over other data than the event's (sha256)")
    try:
        same = read_instant(str(claims.get("time"))) == event.time
        at = claims.get("iat")
        signed_at = None if type(at) is not int else datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        same, signed_at = False, None
    if not same:
        raise NotVerifiedError("the signature is over another time than the event's")
    if signed_at is None:
        raise NotVerifiedError(
            "the signature does not say when it was made: iat, in whole seconds since 1970"
        )
    return signed_at


def sign_event(event: CloudEvent, kid: str, sign: Callable[[bytes], bytes], now: datetime) -> str:
    """The JWS for an event, made with an Ed25519 key; it goes into the event's extension `jws`."""
    header = {"alg": "EdDSA", "kid": kid, "typ": SIGNATURE}
    claims = {
        "iat": int(now.timestamp()),
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": event.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "sha256": hashlib.sha256(event.data).hexdigest(),
    }
    return write_compact(write_json(header), write_json(claims), sign)


def public_jwk(private: PrivateKey) -> dict[str, Any]:
    """A source's public key as it stands in its key set."""
    return {"kty": "OKP", "crv": "Ed25519", "x": private.x, "kid": private.kid, "alg": "EdDSA", "use": "sig"}


def load_registry_keys(folder: Path | None) -> RegistrySignatures:
    """Read every `*.json` of the folder. Raises `RegistryKeysError` with a line for each that is wrong."""
    if folder is None:
        return RegistrySignatures()
    sources: dict[str, SourceKeys] = {}
    problems: list[str] = []
    try:
        files = sorted(each for each in folder.iterdir() if each.suffix == ".json")
    except OSError as error:
        raise RegistryKeysError(f"{folder} cannot be read: {error.strerror}") from None
    for file in files:
        try:
            keys = read_source_keys(file.read_bytes())
            if sources.setdefault(keys.jardem_source, keys) is not keys:
                problems.append(f"{file} is of a source that another file is of: put its keys into one")
        except OSError as error:
            problems.append(f"{file} cannot be read: {error.strerror}")
        except ValueError as error:
            problems.append(f"{file} is no key set of a source: {error}")
    if not files:
        problems.append(f"{folder} holds no key set: put one in for each source, or unset this")
    if problems:
        raise RegistryKeysError(*problems)
    return RegistrySignatures(sources)


def read_source_keys(content: bytes) -> SourceKeys:
    """Read the key set of a source. Raises `ValueError`, which repeats no keys."""
    try:
        keys = SourceKeys.model_validate(read_json(content))
    except ValidationError as error:
        raise ValueError(explain(error)) from None
    except NotJSONError as error:
        raise ValueError(f"not JSON: {error}") from None
    if strange := sorted(set(keys.jardem_topics) - _SIGNED):
        raise ValueError(f"jardem_topics: {', '.join(strange)} is no topic that a source signs for")
    if len({key.kid for key in keys.keys}) != len(keys.keys):
        raise ValueError("a kid stands twice")
    for key in keys.keys:
        check_fits(key.kid, key.kty, key.alg, key.model_extra or {})
    return keys
