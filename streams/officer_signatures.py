"""An officer's signature on a decision: what it is over, and whether it is right (R10).

Signatures are a compact JWS, detached or not, by a key of the officers' key set; or base64 of a detached CMS
whose certificate leads to a configured root. Whatever is not read is refused by its name, where it is known.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, ValidationError

from schemas.base import Instant, Model
from schemas.canonical import canonical
from schemas.cloudevents import explain
from schemas.json_text import NotJSONError, read_json
from streams.certificates import Roots, read_roots
from streams.cms import LEAST_RSA, verify_cms
from streams.errors import UserError
from streams.jws import NotVerifiedError, check_signature, decode_part, read_compact

SIGNATURE = "jardem-signature.v1"
_NOT_SIGNED = ("step", "signature")
_REFUSED_IN_HEADER = ("crit", "jku", "jwk", "x5u", "x5c", "b64")
_ALGORITHMS = {
    "EdDSA": ("OKP", "Ed25519"),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
}
"""Which kind of key and curve goes with an algorithm."""

_NOT_READ = frozenset(
    {"none", "HS256", "HS384", "HS512", "RS1", "RS384", "RS512", "PS384", "PS512", "ES512", "ES256K"}
)
"""Registered algorithms of JOSE that may come. A reason names these alone: a header may hold any text."""


class OfficersError(UserError):
    """The officers' keys or certificates cannot be read."""

    exit_code = 2


class OfficerKey(Model):
    """A public key of the officers' key set: whose it is, and between which instants it signs."""

    model_config = ConfigDict(extra="allow")

    kid: str
    kty: str
    alg: Literal["EdDSA", "ES256", "ES384", "RS256", "PS256"]
    jardem_officer: str
    jardem_from: Instant
    jardem_until: Instant | None = None


class OfficerKeys(Model):
    """The officers' key set (JWKS, RFC 7517)."""

    keys: tuple[OfficerKey, ...]


@dataclass(frozen=True, slots=True)
class SignedBy:
    """By what a signature was verified, in words for whoever reads it."""

    officer: str
    how: str


@dataclass(frozen=True, slots=True)
class OfficerSignatures:
    """Verifies officers' signatures by their key set, by certificates, or by both."""

    keys: OfficerKeys | None = None
    roots: Roots | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to verify by; then a signature is required."""
        return self.keys is not None or self.roots is not None

    def verify(self, signature: str | None, signed: bytes, *, officer: str, signed_at: datetime) -> SignedBy:
        """Verify the officer's signature over `signed` (`signed_bytes`). Raises `NotVerifiedError`."""
        if not signature:
            raise NotVerifiedError("the signature is missing")
        if "." in signature:
            return self._jws(signature, signed, officer, signed_at)
        return self._cms(signature, signed, officer, signed_at)

    def _jws(self, signature: str, signed: bytes, officer: str, signed_at: datetime) -> SignedBy:
        compact = read_compact(signature, detached=signed)
        alg = read_algorithm(compact.header, SIGNATURE)
        key = self._key(compact.header.get("kid"))
        if key.alg != alg:
            raise NotVerifiedError(f"the key is one for {key.alg}, and the signature is made with {alg}")
        check_signature(compact, key.model_dump(mode="json"), alg)
        if not hmac.compare_digest(compact.payload, signed):
            raise NotVerifiedError("the signature is over other bytes than the decision's")
        if key.jardem_officer != officer:
            raise NotVerifiedError("the signature is another officer's")
        if signed_at < key.jardem_from or (key.jardem_until is not None and signed_at > key.jardem_until):
            raise NotVerifiedError("the officer's key does not sign at signed_at")
        return SignedBy(officer, f"{alg}, kid {key.kid}")

    def _key(self, kid: object) -> OfficerKey:
        if self.keys is None:
            raise NotVerifiedError("a JWS, and no officers' key set is configured")
        for key in self.keys.keys:
            if key.kid == kid:
                return key
        raise NotVerifiedError("the kid is not in the officers' key set")

    def _cms(self, signature: str, signed: bytes, officer: str, signed_at: datetime) -> SignedBy:
        try:
            der = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            der = b""
        if base64.b64encode(der).decode() != signature:
            raise NotVerifiedError("neither a compact JWS nor base64")
        if self.roots is None:
            raise NotVerifiedError("a CMS, and no root certificates are configured")
        try:
            signer = verify_cms(der, signed)
            self.roots.check(signer, officer, signed_at)
        except NotVerifiedError:
            raise
        except Exception as error:  # noqa: BLE001 - what is wrong with a certificate many classes say
            raise NotVerifiedError(f"the CMS cannot be read: {type(error).__name__}") from None
        return SignedBy(officer, f"certificate {signer.certificate.serial_number:x}")


def read_algorithm(header: Mapping[str, Any], typ: str) -> str:
    """The algorithm of a JWS. Raises `NotVerifiedError` where its header says what is not read."""
    alg = str(header.get("alg"))
    if alg in _NOT_READ:
        raise NotVerifiedError(f"the algorithm {alg} is not read")
    if alg not in _ALGORITHMS:
        raise NotVerifiedError("the signature is made with an algorithm that is not known")
    for name in _REFUSED_IN_HEADER:
        if name in header:
            raise NotVerifiedError(f"the header has {name}, which is not read")
    if header.get("typ", typ) != typ:
        raise NotVerifiedError(f"the typ of the header is not {typ}")
    return alg


def signed_bytes(
    draft: Mapping[str, Any],
    *,
    outcome: Literal["granted", "refused"],
    refusal_ground: int | None,
    officer: str,
    signed_at: datetime,
) -> bytes:
    """What an officer signs: the draft's data with what the officer says in it, as canonical bytes.

    `draft` is the data of `benefit.decision-drafted.v1`.
    """
    account = {} if outcome == "granted" else {"iban": None, "account_source": None}
    said = {
        "outcome": outcome,
        "refusal_ground": refusal_ground,
        "officer": officer,
        "decided_at": _instant(signed_at),
        **account,
    }
    return decision_bytes({**draft, **said})


def decision_bytes(decision: Mapping[str, Any]) -> bytes:
    """The same bytes again from the data of `benefit.decided.v1`."""
    return canonical({name: value for name, value in decision.items() if name not in _NOT_SIGNED})


def load_officers(keys: Path | None, roots: Path | None, revoked: Path | None = None) -> OfficerSignatures:
    """Read the files of officers' keys and certificates. Raises `OfficersError` with a line for each."""
    found_keys, found_roots, problems = None, None, []
    try:
        found_keys = None if keys is None else _read_keys(keys.read_bytes())
    except OSError as error:
        problems.append(f"the officers' keys in {keys} cannot be read: {error.strerror}")
    except ValueError as error:
        problems.append(f"{keys} is no key set of officers: {error}")
    try:
        found_roots = None if roots is None else read_roots(roots, revoked)
    except OSError as error:
        problems.append(f"{error.filename} cannot be read: {error.strerror}")
    except ValueError:
        problems.append(f"{roots} or {revoked or 'the revocation list'} is no PEM with what should be in it")
    if problems:
        raise OfficersError(*problems)
    return OfficerSignatures(found_keys, found_roots)


def _read_keys(content: bytes) -> OfficerKeys:
    try:
        keys = OfficerKeys.model_validate(read_json(content))
    except ValidationError as error:
        raise ValueError(explain(error)) from None
    except NotJSONError as error:
        raise ValueError(f"not JSON: {error}") from None
    if len({key.kid for key in keys.keys}) != len(keys.keys):
        raise ValueError("a kid stands twice")
    for key in keys.keys:
        check_fits(key.kid, key.kty, key.alg, key.model_extra or {})
    return keys


def check_fits(kid: str, kty: str, alg: str, jwk: Mapping[str, Any]) -> None:
    """See that the rest of a public JWK is one for this algorithm. Raises `ValueError`."""
    wanted, curve = _ALGORITHMS[alg]
    if kty != wanted or jwk.get("crv") != curve:
        raise ValueError(f"the key {kid} is not one for {alg}")
    if "d" in jwk:
        raise ValueError(f"the key {kid} is a private one")
    if kty == "RSA":
        try:
            bits = int.from_bytes(decode_part(str(jwk.get("n")))).bit_length()
        except NotVerifiedError:
            bits = 0
        if bits < LEAST_RSA:
            raise ValueError(f"the key {kid} has {bits} bits, and {LEAST_RSA} are needed")


def _instant(instant: datetime) -> str:
    """As events write it: in UTC, and a fraction of six digits only where it is not 0."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
