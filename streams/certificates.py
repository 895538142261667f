"""Whether an officer's certificate is to be trusted: its path, its use, and whether it was revoked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from streams.cms import CmsSigner, algorithm_name, read_key
from streams.jws import NotVerifiedError

_KNOWN_SIGNATURES = ("1.2.840.113549.1.1.", "1.2.840.10045.4.3.")
_END = b"-----END X509 CRL-----"


@dataclass(frozen=True, slots=True)
class Roots:
    """The certificates at which paths end, and the lists of what their authorities revoked."""

    certificates: tuple[x509.Certificate, ...]
    revoked: tuple[x509.CertificateRevocationList, ...] = ()

    def check(self, signer: CmsSigner, officer: str, signed_at: datetime) -> None:
        """Whether this certificate signs for this officer at this instant. Raises `NotVerifiedError`."""
        certificate = signer.certificate
        read_key(certificate)
        names = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        if names != [officer]:
            raise NotVerifiedError("the certificate is another officer's: its commonName is not officer")
        if not certificate.not_valid_before_utc <= signed_at <= certificate.not_valid_after_utc:
            raise NotVerifiedError("the certificate had expired, or was not valid yet, at signed_at")
        _check_usage(certificate)
        for one, issuer in pairwise(self._path(signer, signed_at)):
            self._check_not_revoked(one, issuer)

    def _path(self, signer: CmsSigner, signed_at: datetime) -> Sequence[x509.Certificate]:
        for one in (signer.certificate, *signer.others):
            oid = one.signature_algorithm_oid.dotted_string
            if not oid.startswith(_KNOWN_SIGNATURES):
                raise NotVerifiedError(
                    f"a certificate is signed with the algorithm {algorithm_name(oid)}, which is not read"
                )
        verifier = (
            PolicyBuilder()
            .store(Store(list(self.certificates)))
            .time(signed_at)
            .extension_policies(
                ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all()
            )
            .build_client_verifier()
        )
        try:
            return verifier.verify(signer.certificate, list(signer.others)).chain
        except (VerificationError, ValueError):
            raise NotVerifiedError(
                "no path leads from the certificate to a configured root that was valid at signed_at"
            ) from None

    def _check_not_revoked(self, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
        lists = [one for one in self.revoked if one.issuer == certificate.issuer]
        signed = [one for one in lists if one.is_signature_valid(read_key(issuer))]
        if lists and not signed:
            raise NotVerifiedError("the revocation list is not signed by the certificate's issuer")
        if any(one.get_revoked_certificate_by_serial_number(certificate.serial_number) for one in signed):
            raise NotVerifiedError("the certificate, or one above it, was revoked")


def read_roots(roots: Path, revoked: Path | None) -> Roots:
    """Read the PEM files. Raises `OSError`, or `ValueError` where one holds nothing that is read."""
    certificates = x509.load_pem_x509_certificates(roots.read_bytes())
    return Roots(tuple(certificates), () if revoked is None else tuple(_read_revoked(revoked.read_bytes())))


def _read_revoked(pem: bytes) -> Iterable[x509.CertificateRevocationList]:
    parts = pem.split(_END)
    if len(parts) == 1:
        raise ValueError("no revocation list in PEM")
    return [x509.load_pem_x509_crl(part + _END) for part in parts[:-1]]


def _check_usage(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    except ValueError:
        raise NotVerifiedError("the certificate's extensions cannot be read") from None
    if not (usage.digital_signature or usage.content_commitment):
        raise NotVerifiedError("the certificate is not for signing: its keyUsage has no digitalSignature")
