"""Our signature on documents: Ed25519 in a compact JWS, and whether a document bears it.

The key is chosen by the instant of issue and Ed25519 is deterministic: the same claims give the same bytes,
whenever and however often they are signed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas.cabinet import DOCUMENTS, CabinetNotified, Claims, Document, QrClaims
from schemas.canonical import canonical, data_of
from schemas.cloudevents import explain
from schemas.ids import derived_id
from schemas.json_text import NotJSONError, read_json
from streams.jws import Compact, NotVerifiedError, check_signature, read_compact, write_compact
from streams.key_set import (
    DEMO_KEY,
    DEMO_KEYS,
    DEVELOPMENT_ISSUER,
    KEY_SET,
    FolderState,
    KeyFolder,
    KeysError,
    KeySet,
    PrivateKey,
    VerifyingKey,
)

DOCUMENT = "jardem-document.v1"
QR_CODE = "jardem-qr.v1"
LONGEST_QR = 1000
"""Beyond so many bytes a QR code is too fine for a printed page."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs what `issuer` issues."""

    issuer: str
    keys: KeySet
    private: Mapping[str, PrivateKey] = field(repr=False)

    def issue(self, claims: Claims) -> CabinetNotified:
        """The signed document for the cabinet. Raises `KeysError` where no key signs at its instant."""
        key = self._key(claims.issued_at)
        said = claims.with_(issuer=self.issuer, demo=key.jardem_demo)
        document = self._signed(DOCUMENT, data_of(said), key)
        return CabinetNotified(case_id=said.case_id, iin=said.iin, kind=said.kind, document=document)

    def qr_code(self, claims: QrClaims, now: datetime) -> str | None:
        """What the QR code of a printed decision holds; None where it would be too fine to be read."""
        token = self._signed(QR_CODE, data_of(claims), self._key(now))
        return token if len(token) <= LONGEST_QR else None

    def _key(self, instant: datetime) -> VerifyingKey:
        key = self.keys.signing_at(instant)
        if key is None:
            raise KeysError(f"no key signs what is issued at {instant:%Y-%m-%dT%H:%M:%SZ}: all begin later")
        if key.kid not in self.private:
            raise KeysError(f"the private key {key.kid} is not there, and what is issued now needs it")
        return key

    def _signed(self, typ: str, claims: Mapping[str, Any], key: VerifyingKey) -> str:
        return write_compact(_header(typ, key.kid), canonical(claims), self.private[key.kid].sign)


def load_signer(folder: Path | None, issuer: str) -> Signer:
    """Who signs with the keys of this folder; without one, with the demo's key. Raises `KeysError`."""
    issuer = issuer or DEVELOPMENT_ISSUER
    if folder is None:
        return Signer(issuer, DEMO_KEYS, {DEMO_KEY.kid: DEMO_KEY})
    found = KeyFolder(folder)
    keys = found.key_set()
    private = {key.kid: found.private(key.kid) for key in keys.keys}
    return Signer(issuer, keys, {kid: key for kid, key in private.items() if key is not None})


class FolderSigner:
    """Signs with the keys that stand in a folder now: one that follows signs from its beginning on.

    They are read anew where the key set is another than before, so no process has to be started anew.
    """

    def __init__(self, folder: Path, issuer: str) -> None:
        self._folder = folder
        self._issuer = issuer
        self._read_of: FolderState | None = None
        self._signer = load_signer(folder, issuer)

    def issue(self, claims: Claims) -> CabinetNotified:
        """The signed document for the cabinet. Raises `KeysError` where no key signs at its instant."""
        try:
            state = KeyFolder(self._folder).state()
        except OSError as error:
            raise KeysError(f"{self._folder / KEY_SET} cannot be read: {error.strerror}") from None
        if state != self._read_of:
            self._signer = load_signer(self._folder, self._issuer)
            self._read_of = state
        return self._signer.issue(claims)


@dataclass(frozen=True, slots=True)
class VerifiedDocument:
    """A document that verifies. `content` are its claims with those that this release does not know."""

    claims: Document
    content: dict[str, Any]
    key: VerifyingKey


@dataclass(frozen=True, slots=True)
class VerifiedQrCode:
    """A QR code that verifies."""

    claims: QrClaims
    key: VerifyingKey


def verify_document(token: str, keys: KeySet) -> VerifiedDocument:
    """Verify a document by our public keys. Raises `NotVerifiedError`."""
    compact, key = _verified(token, DOCUMENT, keys)
    content = _content(compact)
    try:
        claims = DOCUMENTS.validate_python(content)
    except ValidationError as error:
        raise NotVerifiedError(f"the claims: {explain(error)}") from None
    if not key.valid_at(claims.issued_at):
        raise NotVerifiedError(f"the key {key.kid} does not sign what is issued at that time")
    if claims.demo != key.jardem_demo:
        raise NotVerifiedError("whether it is the demo's, the document says otherwise than its key")
    if claims.document_id != derived_id(claims.case_id, "document", claims.kind, str(claims.step)):
        raise NotVerifiedError("the document_id is not that of case, kind and step")
    return VerifiedDocument(claims, content, key)


def verify_qr_code(token: str, keys: KeySet) -> VerifiedQrCode:
    """Verify what a QR code holds. Raises `NotVerifiedError`."""
    compact, key = _verified(token, QR_CODE, keys)
    try:
        return VerifiedQrCode(QrClaims.model_validate(_content(compact)), key)
    except ValidationError as error:
        raise NotVerifiedError(f"the claims: {explain(error)}") from None


def type_of(token: str) -> str:
    """What a JWS says that it is, unverified. Raises `NotVerifiedError`."""
    return str(read_compact(token).header.get("typ"))


@lru_cache(maxsize=64)
def _header(typ: str, kid: str) -> bytes:
    return canonical({"alg": "EdDSA", "kid": kid, "typ": typ})


def _verified(token: str, typ: str, keys: KeySet) -> tuple[Compact, VerifyingKey]:
    compact = read_compact(token)
    kid = compact.header.get("kid")
    if compact.header_bytes != _header(typ, str(kid)):
        raise NotVerifiedError(f"the header is not exactly alg EdDSA, kid and typ {typ}")
    key = keys.find(str(kid))
    if key is None:
        raise NotVerifiedError("its kid is not in the key set")
    check_signature(compact, key.written(), "EdDSA")
    return compact, key


def _content(compact: Compact) -> dict[str, Any]:
    try:
        content = read_json(compact.payload)
    except NotJSONError as error:
        raise NotVerifiedError(f"the claims: {error}") from None
    if not isinstance(content, dict):
        raise NotVerifiedError("the claims are no JSON object")
    return content
