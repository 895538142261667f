"""Detached CMS signatures (RFC 5652) in DER: one signer, whose certificate is inside.

The shape is read by cryptography's strict reader of DER; what is not read here is refused by its name,
where it is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ObjectIdentifier as Oid

from streams.jws import NotVerifiedError

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_DATA = "1.2.840.113549.1.7.1"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_RSA = "1.2.840.113549.1.1.1"
_PSS = "1.2.840.113549.1.1.10"
_MGF1 = "1.2.840.113549.1.1.8"
LEAST_RSA = 2048

_DIGESTS: Mapping[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_WITH_DIGEST: Mapping[str, str] = {
    "1.2.840.113549.1.1.11": "2.16.840.1.101.3.4.2.1",
    "1.2.840.113549.1.1.12": "2.16.840.1.101.3.4.2.2",
    "1.2.840.113549.1.1.13": "2.16.840.1.101.3.4.2.3",
    "1.2.840.10045.4.3.2": "2.16.840.1.101.3.4.2.1",
    "1.2.840.10045.4.3.3": "2.16.840.1.101.3.4.2.2",
    "1.2.840.10045.4.3.4": "2.16.840.1.101.3.4.2.3",
}
"""RSA and ECDSA under names that say the digest too."""

_NAMES: Mapping[str, str] = {
    _RSA: "RSA",
    _PSS: "RSA-PSS",
    _MGF1: "MGF1",
    "1.2.840.113549.1.1.11": "RSA with SHA-256",
    "1.2.840.113549.1.1.12": "RSA with SHA-384",
    "1.2.840.113549.1.1.13": "RSA with SHA-512",
    "1.2.840.113549.1.1.14": "RSA with SHA-224",
    "1.2.840.10045.2.1": "a key on a curve",
    "1.2.840.10045.4.3.1": "ECDSA with SHA-224",
    "1.2.840.10045.4.3.2": "ECDSA with SHA-256",
    "1.2.840.10045.4.3.3": "ECDSA with SHA-384",
    "1.2.840.10045.4.3.4": "ECDSA with SHA-512",
    "1.2.840.10040.4.1": "DSA",
    "2.16.840.1.101.3.4.2.1": "SHA-256",
    "2.16.840.1.101.3.4.2.2": "SHA-384",
    "2.16.840.1.101.3.4.2.3": "SHA-512",
    "2.16.840.1.101.3.4.2.4": "SHA-224",
    "2.16.840.1.101.3.4.3.2": "DSA with SHA-256",
    "1.2.840.113549.2.5": "MD5",
    "1.3.14.3.2.26": "SHA-1",
    "1.2.840.113549.1.1.5": "RSA with SHA-1",
    "1.2.840.10045.4.1": "ECDSA with SHA-1",
    "1.2.840.10040.4.3": "DSA with SHA-1",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "1.2.643.2.2.3": "GOST R 34.10-2001 with GOST R 34.11-94",
    "1.2.643.2.2.9": "GOST R 34.11-94",
    "1.2.643.2.2.19": "GOST R 34.10-2001",
    "1.2.643.7.1.1.1.1": "GOST R 34.10-2012, 256 bits",
    "1.2.643.7.1.1.1.2": "GOST R 34.10-2012, 512 bits",
    "1.2.643.7.1.1.2.2": "GOST R 34.11-2012, 256 bits",
    "1.2.643.7.1.1.2.3": "GOST R 34.11-2012, 512 bits",
    "1.2.643.7.1.1.3.2": "GOST R 34.10-2012 with GOST R 34.11-2012, 256 bits",
    "1.2.643.7.1.1.3.3": "GOST R 34.10-2012 with GOST R 34.11-2012, 512 bits",
    **dict.fromkeys(
        (
            "1.2.398.3.10.1.1.1.1",
            "1.2.398.3.10.1.1.1.2",
            "1.2.398.3.10.1.1.2.1",
            "1.2.398.3.10.1.1.2.2",
            "1.2.398.3.10.1.1.2.3.1",
            "1.2.398.3.10.1.1.2.3.2",
            "1.2.398.3.10.1.3.1",
            "1.2.398.3.10.1.3.2",
            "1.2.398.3.10.1.3.3",
        ),
        "GOST of Kazakhstan",
    ),
}
"""What may come. A reason names these alone: an OID has room for any number, also for somebody's."""

_OF_KAZAKHSTAN = "1.2.398."


@asn1.sequence
class _Named:
    """An algorithm without parameters."""

    oid: Oid


@asn1.sequence
class _WithParameters:
    oid: Oid
    parameters: asn1.TLV


@asn1.sequence
class _Attribute:
    type: Oid
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _IssuerAndSerial:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class _SignerInfo:
    version: int
    sid: _IssuerAndSerial | Annotated[bytes, asn1.Implicit(0)]
    digest_algorithm: asn1.TLV
    signed_attributes: Annotated[asn1.SetOf[_Attribute] | None, asn1.Implicit(0)]
    signature_algorithm: asn1.TLV
    signature: bytes
    unsigned_attributes: Annotated[asn1.SetOf[_Attribute] | None, asn1.Implicit(1)]


@asn1.sequence
class _Encapsulated:
    type: Oid
    content: Annotated[bytes | None, asn1.Explicit(0)]


@asn1.sequence
class _SignedData:
    version: int
    digest_algorithms: asn1.SetOf[asn1.TLV]
    encapsulated: _Encapsulated
    certificates: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(0)]
    revocations: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)]
    signers: asn1.SetOf[_SignerInfo]


@asn1.sequence
class _ContentInfo:
    type: Oid
    content: Annotated[_SignedData, asn1.Explicit(0)]


@dataclass(frozen=True, slots=True)
class CmsSigner:
    """Who signed, once the signature is verified; not yet whether the certificate is to be trusted."""

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]


def verify_cms(der: bytes, content: bytes) -> CmsSigner:
    """Verify a detached CMS signature over `content`. Raises `NotVerifiedError`."""
    signed = _read(der)
    if len(signed.signers.as_list()) != 1:
        raise NotVerifiedError("the CMS has not exactly one signer")
    if signed.encapsulated.content is not None:
        raise NotVerifiedError("the CMS holds what it signs, and only a detached one is read")
    signer = signed.signers.as_list()[0]
    digest = _digest(signer.digest_algorithm)
    certificates = _certificates(signed)
    certificate = _of_signer(signer, certificates)
    over = _signed_bytes(signer, signed.encapsulated.type, content, digest)
    _check(signer, certificate, over, digest)
    return CmsSigner(certificate, tuple(other for other in certificates if other != certificate))


def algorithm_name(oid: str) -> str:
    """What an algorithm that is not read is called: by its name and OID, where it is known.

    >>> algorithm_name("1.2.643.7.1.1.1.1"), algorithm_name("1.2.398.3.10.1.1.1.1")
    ('GOST R 34.10-2012, 256 bits (1.2.643.7.1.1.1.1)', 'GOST of Kazakhstan (1.2.398.3.10.1.1.1.1)')
    """
    if oid in _NAMES:
        return f"{_NAMES[oid]} ({oid})"
    return f"of an OID of {'Kazakhstan' if oid.startswith(_OF_KAZAKHSTAN) else 'others'} that is not known"


def _read(der: bytes) -> _SignedData:
    try:
        info = asn1.decode_der(_ContentInfo, der)
    except ValueError:
        raise NotVerifiedError("no CMS SignedData in DER") from None
    if info.type.dotted_string != _SIGNED_DATA:
        raise NotVerifiedError("a CMS, but no SignedData")
    return info.content


def _algorithm(given: asn1.TLV) -> tuple[str, asn1.TLV | None]:
    """The OID of an algorithm, and its parameters where it has any."""
    for form in (_WithParameters, _Named):
        try:
            found = given.parse(form)
        except ValueError:
            continue
        return found.oid.dotted_string, found.parameters if form is _WithParameters else None
    raise NotVerifiedError("an algorithm in the CMS cannot be read")


def _digest(algorithm: asn1.TLV) -> hashes.HashAlgorithm:
    oid, _ = _algorithm(algorithm)
    if oid not in _DIGESTS:
        raise NotVerifiedError(f"the digest {algorithm_name(oid)} is not read")
    return _DIGESTS[oid]


def _certificates(signed: _SignedData) -> list[x509.Certificate]:
    if signed.certificates is None:
        raise NotVerifiedError("the CMS does not hold the signer's certificate")
    try:
        # Anything but a plain certificate among them has another tag, and is none for this reader either.
        return [x509.load_der_x509_certificate(asn1.encode_der(one)) for one in signed.certificates.as_list()]
    except (ValueError, x509.InvalidVersion):
        raise NotVerifiedError("a certificate in the CMS cannot be read") from None


def _of_signer(signer: _SignerInfo, certificates: list[x509.Certificate]) -> x509.Certificate:
    found = [certificate for certificate in certificates if _is_of(signer, certificate)]
    if not found:
        raise NotVerifiedError("the CMS does not hold the signer's certificate")
    return found[0]


def _is_of(signer: _SignerInfo, certificate: x509.Certificate) -> bool:
    if isinstance(signer.sid, bytes):
        try:
            key_id = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        except (x509.ExtensionNotFound, ValueError):
            return False
        return key_id.value.digest == signer.sid
    issuer = asn1.encode_der(signer.sid.issuer)
    return certificate.serial_number == signer.sid.serial and certificate.issuer.public_bytes() == issuer


def _signed_bytes(
    signer: _SignerInfo, content_type: Oid, content: bytes, digest: hashes.HashAlgorithm
) -> bytes:
    """What the signature is over: the content, or the signed attributes, which then hold its digest."""
    if signer.signed_attributes is None:
        if content_type.dotted_string != _DATA:
            raise NotVerifiedError("the CMS has no signed attributes, which its content type needs")
        return content
    attributes = signer.signed_attributes.as_list()
    hasher = hashes.Hash(digest)
    hasher.update(content)
    if _value(attributes, _MESSAGE_DIGEST, bytes) != hasher.finalize():
        raise NotVerifiedError("the signature is over other bytes: their digest is another")
    if _value(attributes, _CONTENT_TYPE, Oid) != content_type:
        raise NotVerifiedError("the content type in the signed attributes is another than the content's")
    return asn1.encode_der(signer.signed_attributes)


def _value(attributes: list[_Attribute], oid: str, kind: type[bytes | Oid]) -> bytes | Oid:
    values = [one.values.as_list() for one in attributes if one.type.dotted_string == oid]
    if len(values) != 1 or len(values[0]) != 1:
        raise NotVerifiedError("the signed attributes have not exactly one contentType and messageDigest")
    try:
        value = values[0][0].parse(kind)
    except ValueError:
        raise NotVerifiedError("a signed attribute cannot be read") from None
    assert isinstance(value, bytes | Oid)  # noqa: S101 - for the type checker: the reader made it
    return value


def _check(
    signer: _SignerInfo, certificate: x509.Certificate, over: bytes, digest: hashes.HashAlgorithm
) -> None:
    oid, parameters = _algorithm(signer.signature_algorithm)
    named = _WITH_DIGEST.get(oid)
    if oid not in (_RSA, _PSS) and named is None:
        raise NotVerifiedError(f"the algorithm {algorithm_name(oid)} is not read")
    if named is not None and _DIGESTS[named].name != digest.name:
        raise NotVerifiedError("the digest of the signature is another than that of the content")
    key = read_key(certificate)
    try:
        match key:
            case rsa.RSAPublicKey() if oid == _PSS:
                key.verify(signer.signature, over, _pss(parameters, digest), digest)
            case rsa.RSAPublicKey() if oid.startswith("1.2.840.113549.1.1."):
                key.verify(signer.signature, over, padding.PKCS1v15(), digest)
            case ec.EllipticCurvePublicKey() if oid.startswith("1.2.840.10045."):
                key.verify(signer.signature, over, ec.ECDSA(digest))
            case _:
                raise NotVerifiedError("the certificate's key is not one for the signature's algorithm")
    except InvalidSignature:
        raise NotVerifiedError("the signature is not over these bytes, or not by this key") from None


def read_key(certificate: x509.Certificate) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    """The key of a certificate: RSA from 2048 bits, or P-256 or P-384. Raises `NotVerifiedError`."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        key = None
    oid = certificate.public_key_algorithm_oid.dotted_string
    match key:
        case rsa.RSAPublicKey():
            if key.key_size < LEAST_RSA:
                raise NotVerifiedError(f"an RSA key of {key.key_size} bits, and {LEAST_RSA} are needed")
            return key
        case ec.EllipticCurvePublicKey():
            if not isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
                raise NotVerifiedError(f"the curve {key.curve.name} is not read")
            return key
        case _:
            raise NotVerifiedError(f"the certificate's algorithm {algorithm_name(oid)} is not read")


@asn1.sequence
class _PssParameters:
    hash: Annotated[asn1.TLV, asn1.Explicit(0)]
    mask: Annotated[asn1.TLV, asn1.Explicit(1)]
    salt: Annotated[int, asn1.Explicit(2)]
    trailer: Annotated[int | None, asn1.Explicit(3)]


def _pss(parameters: asn1.TLV | None, digest: hashes.HashAlgorithm) -> padding.PSS:
    """The padding, where it has the digest of the content throughout. By default it would be SHA-1."""
    try:
        found = None if parameters is None else parameters.parse(_PssParameters)
    except ValueError:
        found = None
    if found is None:
        raise NotVerifiedError("RSA-PSS without SHA-256, SHA-384 or SHA-512 is not read")
    generator, mask = _algorithm(found.mask)
    if generator != _MGF1 or mask is None or {_digest(found.hash).name, _digest(mask).name} != {digest.name}:
        raise NotVerifiedError("RSA-PSS with another digest than that of the content is not read")
    return padding.PSS(mgf=padding.MGF1(digest), salt_length=found.salt)
