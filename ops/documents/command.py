"""What `jardem document` does: verifies first, then prints."""

from collections.abc import Sequence
from datetime import datetime

from ops.documents.page import page
from ops.documents.pdf import to_pdf
from ops.documents.words import Tongue
from ops.files import read_file, write_file
from ops.verify.document import DocumentError, find_keys, read_token, verify
from schemas.cabinet import Decided, QrClaims
from schemas.canonical import text_digest
from streams.jws import NotVerifiedError
from streams.key_set import KeysError, KeySet
from streams.officer_signatures import load_officers
from streams.settings.settings import Settings
from streams.signing import Signer, VerifiedDocument, load_signer, verify_document


def print_document(file: str, pdf: str, language: str | None, settings: Settings) -> list[str]:
    """Verify the document and write its PDF; what to say of it. Raises `DocumentError`."""
    development = settings.profile == "development"
    content = read_file(file)
    keys = find_keys(file, None, settings.signing_keys, development=development)
    officers = load_officers(settings.officer_keys, settings.officer_roots, settings.officer_crl)
    verdict = verify(content, keys, officers, development=development)
    if verdict.problems:
        raise DocumentError(*verdict.problems)
    write_file(pdf, printed(content, keys, _signer(settings), settings.clock().now(), language))
    return verdict.lines


def printed(
    content: bytes,
    keys: KeySet,
    signer: Signer | None,
    now: datetime,
    language: str | None = None,
) -> bytes:
    """The PDF of a document that verifies. The QR code of a decision is signed now, by `signer`."""
    token, _ = read_token(content)
    try:
        found = verify_document(token, keys)
    except NotVerifiedError as error:
        raise DocumentError(f"does not verify: {error}") from None
    qr_code = _qr_code(found, token, signer, now)
    pages = [page(found, tongue, with_qr=qr_code is not None) for tongue in _tongues(found, language)]
    return to_pdf(pages, qr_code, found.claims.issued_at)


def _tongues(found: VerifiedDocument, language: str | None) -> Sequence[Tongue]:
    chosen = language or found.claims.language
    return ("kk", "ru") if chosen is None else ("kk",) if chosen == "kk" else ("ru",)


def _qr_code(found: VerifiedDocument, token: str, signer: Signer | None, now: datetime) -> str | None:
    claims = found.claims
    if signer is None or not isinstance(claims, Decided):
        return None
    named = QrClaims.model_validate(
        {
            "decision_id": claims.decision.get("decision_id"),
            "outcome": claims.decision.get("outcome"),
            "document_sha256": text_digest(token),
        }
    )
    return signer.qr_code(named, now)


def _signer(settings: Settings) -> Signer | None:
    """Who signs QR codes here, if there is a key that does."""
    if settings.signing_keys is None and settings.profile != "development":
        return None
    try:
        signer = load_signer(settings.signing_keys, settings.document_issuer)
    except KeysError:
        return None
    key = signer.keys.signing_at(settings.clock().now())
    return signer if key is not None and key.kid in signer.private else None
