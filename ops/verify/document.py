"""`jardem verify`: whether a document is ours, unchanged, and what it says."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.files import FileError, read_file
from ops.verify.in_words import said
from ops.verify.log import NamedStep, data_in, read_lines
from schemas.cabinet import CabinetNotified, Claims, Decided
from schemas.canonical import NotCanonicalError, text_digest
from schemas.json_text import NotJSONError, read_json
from schemas.personal import PERSONAL
from schemas.times import read_instant
from streams.errors import UserError
from streams.jws import NotVerifiedError
from streams.key_set import DEMO_KEYS, KEY_SET, KeySet
from streams.officer_signatures import OfficerSignatures, decision_bytes
from streams.signing import (
    QR_CODE,
    VerifiedDocument,
    type_of,
    verify_document,
    verify_qr_code,
)

_TEXT, _SHA256 = "text", "sha256"


class DocumentError(UserError):
    """A document does not verify: exit code 1."""


class InputError(UserError):
    """What is to be verified, or the keys, cannot be read."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a document is and says, for people and for programs; `problems` keep it from counting."""

    content: dict[str, Any]
    lines: list[str]
    problems: list[str] = field(default_factory=list)

    def json(self) -> str:
        """All of it as one JSON object."""
        return json.dumps(
            {"verified": not self.problems, "problems": self.problems, **self.content}, ensure_ascii=False
        )


def find_keys(file: str, keys: str | None, folder: Path | None, *, development: bool) -> KeySet:
    """The public keys to verify by: those named, those configured, those beside the file, the demo's."""
    beside = Path(file).parent / KEY_SET
    if keys is not None:
        return read_keys(keys)
    if folder is not None:
        return read_keys(str(folder / KEY_SET))
    if file != "-" and beside.is_file():
        return read_keys(str(beside))
    if development:
        return DEMO_KEYS
    raise InputError("no public keys to verify by: name them with --keys, or set JARDEM_SIGNING_KEYS")


def read_keys(file: str) -> KeySet:
    """A key set from a file. Raises `InputError`."""
    try:
        return KeySet.read(read_file(file))
    except FileError as error:
        raise InputError(*error.problems) from None
    except ValueError as error:
        raise InputError(f"{file} is no key set of ours: {error}") from None


def read_token(content: bytes) -> tuple[str, dict[str, Any] | None]:
    """The JWS in a file, and the event around it if there is one. Raises `DocumentError`."""
    try:
        if not content.lstrip().startswith(b"{"):
            return content.removesuffix(b"\n").removesuffix(b"\r").decode("ascii"), None
        event = data_in(read_json(content), CabinetNotified.name)
        return str(CabinetNotified.model_validate(event).document), event
    except (ValueError, NotJSONError):
        raise DocumentError(
            "does not verify: neither a compact JWS nor an event cabinet.notified.v1 in JSON"
        ) from None


def verify(
    content: bytes,
    keys: KeySet,
    officers: OfficerSignatures,
    *,
    development: bool,
    document: bytes | None = None,
) -> Verdict:
    """Verify a document, or a QR code with the `document` that it names. Raises `DocumentError`."""
    token, event = read_token(content)
    try:
        if type_of(token) == QR_CODE:
            return _qr_code(token, keys, officers, document, development=development)
        found = verify_document(token, keys)
        _check_event(event, found.claims)
        return _document(found, officers, development=development)
    except NotVerifiedError as error:
        raise DocumentError(f"does not verify: {error}") from None


def verify_event(event: Mapping[str, Any], keys: KeySet) -> VerifiedDocument:
    """The document in the data of a `cabinet.notified.v1`, every digest in it computed again.

    Raises `NotVerifiedError`, also where the event names another case, person or kind than its document.
    """
    found = verify_document(str(event.get("document")), keys)
    _check_event(event, found.claims)
    _check_digests(found.content)
    return found


def named_steps(content: bytes, keys: KeySet) -> Iterator[NamedStep]:
    """The steps that signed documents name, from JSON lines of `cabinet.notified.v1`."""
    for event, number in read_lines(content, CabinetNotified.name):
        try:
            claims = verify_document(str(event.get("document")), keys).claims
            _check_event(event, claims)
        except NotVerifiedError as error:
            raise DocumentError(f"line {number} of the documents does not verify: {error}") from None
        yield NamedStep(claims.case_id, claims.step, claims.step_sha256)


def _check_event(event: Mapping[str, Any] | None, claims: Claims) -> None:
    if event is None:
        return
    for name in ("case_id", "iin", "kind"):
        if event.get(name) != getattr(claims, name):
            raise NotVerifiedError(f"the event has another {name} than its document")


def _qr_code(
    token: str, keys: KeySet, officers: OfficerSignatures, document: bytes | None, *, development: bool
) -> Verdict:
    found = verify_qr_code(token, keys)
    said = f"the QR code of decision {found.claims.decision_id}: {found.claims.outcome}"
    content: dict[str, Any] = {"typ": QR_CODE, "kid": found.key.kid, **found.claims.model_dump(mode="json")}
    problems = list(_demo(found.key.jardem_demo, development=development))
    if document is None:
        return Verdict(content, [said, "the document that it names was not looked at: --document"], problems)
    whole, event = read_token(document)
    verified = verify_document(whole, keys)
    _check_event(event, verified.claims)
    if text_digest(whole) != found.claims.document_sha256:
        raise NotVerifiedError("the document is not the one that the QR code names")
    if not isinstance(verified.claims, Decided) or (
        verified.claims.decision.get("decision_id"),
        verified.claims.decision.get("outcome"),
    ) != (found.claims.decision_id, found.claims.outcome):
        raise NotVerifiedError("the document decides otherwise than the QR code says")
    inner = _document(verified, officers, development=development)
    return Verdict(content | {"document": inner.content}, [said, *inner.lines], inner.problems)


def _document(found: VerifiedDocument, officers: OfficerSignatures, *, development: bool) -> Verdict:
    claims = found.claims
    count = _check_digests(found.content)
    lines = [
        f"{claims.kind}: case {claims.case_id}, step {claims.step}, of {_shown(found, 'issued_at')}",
        f"for the person whose IIN ends with {claims.iin[-4:]}, ground {claims.ground}",
        *said(claims),
        f"{count} digests inside are right",
    ]
    content = {
        "typ": "jardem-document.v1",
        "kind": claims.kind,
        "kid": found.key.kid,
        "issuer": claims.issuer,
        "iin_tail": claims.iin[-4:],
        "digests": count,
        "claims": _masked(found.content),
    }
    if isinstance(claims, Decided):
        signed = _officer(claims, officers)
        lines.append(signed)
        content["officer_signature"] = signed
    lines.append(f"signed by {claims.issuer}, key {found.key.kid}")
    return Verdict(content, lines, list(_demo(claims.demo, development=development)))


def _shown(found: VerifiedDocument, name: str) -> str:
    return str(found.content[name])


def _masked(value: Any) -> Any:  # noqa: ANN401 - whatever JSON has
    """The same without the numbers that name a person: their last four characters."""
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: f"*{item[-4:]}" if name in PERSONAL and isinstance(item, str) else _masked(item)
        for name, item in value.items()
    }


def _check_digests(value: object) -> int:
    """Compute every digest of a text anew, wherever it stands: how many there are."""
    if isinstance(value, list):
        return sum(_check_digests(item) for item in value)
    if not isinstance(value, dict):
        return 0
    count = sum(_check_digests(item) for item in value.values())
    for name, text in value.items():
        beside = name.removesuffix(_TEXT) + _SHA256
        if name.endswith(_TEXT) and isinstance(text, str) and beside in value:
            if text_digest(text) != value[beside]:
                raise NotVerifiedError(f"the digest {beside} is not that of its text")
            count += 1
    return count + _check_consents(value)


def _check_consents(evidence: Mapping[str, Any]) -> int:
    """A consent's digest of the offer is that of the question to which it answers."""
    questions = evidence.get("questions")
    asked = {
        one.get("question_id"): one.get(_SHA256)
        for one in (questions if isinstance(questions, list) else ())
        if isinstance(one, dict)
    }
    count = 0
    for name in ("consent_to_service", "consent_to_data"):
        consent = evidence.get(name)
        if isinstance(consent, dict):
            if asked.get(consent.get("question_id")) != consent.get("text_sha256"):
                raise NotVerifiedError(f"{name} is to another text than was asked")
            count += 1
    return count


def _officer(claims: Decided, officers: OfficerSignatures) -> str:
    decision = claims.decision
    officer, signature = decision.get("officer"), decision.get("signature")
    if officer is None:
        return "decided without an officer"
    if signature is None:
        return f"decided by {officer}, without a signature of the officer"
    if not officers:
        return f"decided by {officer}, whose signature was not looked at: --officer-keys or --officer-roots"
    try:
        signed_at = read_instant(str(decision.get("decided_at")))
        by = officers.verify(
            str(signature), decision_bytes(decision), officer=str(officer), signed_at=signed_at
        )
    except (NotVerifiedError, NotCanonicalError, ValueError) as error:
        raise NotVerifiedError(f"the officer's signature: {error}") from None
    return f"signed by the officer {by.officer}, {by.how}"


def _demo(demo: bool, *, development: bool) -> Iterator[str]:  # noqa: FBT001 - what the document says
    if demo and not development:
        yield "a demo document, signed with a key that everybody knows: it decides nothing"
