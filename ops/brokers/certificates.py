"""Certificates for a broker on this machine and for those who reach it: an authority, and what it signs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS = timedelta(days=30)
_MAY_SIGN = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)
"""What strict readers want to see of an authority, as Python is from 3.13 on."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key in PEM: a file each, and `both` in one, as Kafka wants them."""

    certificate: Path
    key: Path
    both: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority of this machine alone; `certificate` is what others trust."""

    folder: Path
    certificate: Path
    _own: x509.Certificate = field(repr=False)
    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def new(
        cls,
        folder: Path,
        name: str = "authority",
        *,
        begins: datetime | None = None,
        lasts: timedelta = _DAYS,
    ) -> "Authority":
        """Make one, with its certificate in `<name>.crt` of the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        start = begins or datetime.now(UTC) - timedelta(hours=1)
        builder = _of(name, name, key, start, start + lasts)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_MAY_SIGN, critical=True)
        own = builder.sign(key, hashes.SHA256())
        path = folder / f"{name}.crt"
        path.write_bytes(own.public_bytes(serialization.Encoding.PEM))
        return cls(folder, path, own, key)

    def issue(
        self,
        name: str,
        *,
        hosts: Sequence[str] = (),
        begins: datetime | None = None,
        lasts: timedelta = _DAYS,
    ) -> Certificate:
        """Sign a certificate of this common name, for a client and for a server at these hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        start = begins or datetime.now(UTC) - timedelta(hours=1)
        issuer = self._own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        builder = _of(name, str(issuer), key, start, start + lasts)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = builder.add_extension(usage, critical=False)
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(above, critical=False)
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        signed = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        own = self._own.public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        certificate = Certificate(*(self.folder / f"{name}.{end}" for end in ("crt", "key", "pem")))
        certificate.certificate.write_bytes(signed)
        for path, content in ((certificate.key, private), (certificate.both, private + signed + own)):
            path.touch(mode=0o600)
            path.write_bytes(content)
        return certificate


def _of(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
