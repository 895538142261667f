"""Officers' keys, certificates and signatures, made by others than the code that verifies them."""

import base64
import subprocess
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

OFFICER = "Ахметова Әсел, officer-7"
BEGINS = datetime(2021, 1, 1, tzinfo=UTC)
ENDS = datetime(2023, 1, 1, tzinfo=UTC)
SIGNED_AT = datetime(2021, 7, 30, 4, 5, 6, tzinfo=UTC)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

KEYS: dict[str, Key] = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "RS256": rsa.generate_private_key(65537, 2048),
}
KEYS["PS256"] = KEYS["RS256"]


def jwk(alg: str, /, **changes: Any) -> dict[str, Any]:
    """A public key as the officers' key set has it."""
    public = jwt.get_algorithm_by_name(alg).to_jwk(KEYS[alg].public_key(), as_dict=True)
    public.pop("key_ops", None)
    return {
        **public,
        "kid": f"key-{alg}",
        "alg": alg,
        "jardem_officer": OFFICER,
        "jardem_from": "2021-01-01T00:00:00Z",
        "jardem_until": "2023-01-01T00:00:00Z",
        **changes,
    }


def jws(alg: str, content: bytes, *, detached: bool = False, **header: Any) -> str:
    """A compact JWS by a library of others."""
    headers = {"kid": f"key-{alg}", "typ": "jardem-signature.v1"} | header
    token = jwt.PyJWS().encode(content, KEYS[alg], algorithm=alg, headers=headers)
    head, _, signature = token.split(".")
    return f"{head}..{signature}" if detached else token


@dataclass
class Authority:
    """Issues certificates."""

    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    name: str = "Root"
    parent: "Authority | None" = None
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        issuer = self.parent or self
        ca = _usage(key_cert_sign=True, crl_sign=True)
        self.certificate = issuer._issue(self.name, self.key, ca, BEGINS, ENDS, ca=True)

    def issue(
        self,
        key: Key,
        name: str = OFFICER,
        usage: x509.KeyUsage | None = None,
        ends: datetime = ENDS,
    ) -> x509.Certificate:
        return self._issue(name, key, usage, BEGINS, ends, ca=False)

    def revoke(self, *certificates: x509.Certificate, key: Key | None = None) -> bytes:
        """A revocation list, PEM."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(SIGNED_AT).next_update(ENDS)
        for one in certificates:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(SIGNED_AT).build())
        return builder.sign(key or self.key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def _issue(
        self,
        name: str,
        key: Key,
        usage: x509.KeyUsage | None,
        begins: datetime,
        ends: datetime,
        *,
        ca: bool,
    ) -> x509.Certificate:
        mine = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(mine)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        if usage is not None:
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(self.key, hashes.SHA256())


def _usage(**bits: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: bits.get(name, False) for name in names})


SIGNING = _usage(digital_signature=True)
REPUDIABLE = _usage(key_encipherment=True)
NOT_REPUDIABLE = _usage(content_commitment=True)


def cms(content: bytes, certificate: x509.Certificate, key: Key, *options: str) -> bytes:
    """A detached CMS by the openssl command, DER."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "content").write_bytes(content)
        (folder / "signer.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / "signer.key").write_bytes(private_pem(key))
        command = ["openssl", "cms", "-sign", "-binary", "-outform", "DER"]
        files = ["-in", "content", "-signer", "signer.pem", "-inkey", "signer.key", "-out", "signed"]
        subprocess.run([*command, *files, *options], cwd=folder, check=True, capture_output=True)
        return (folder / "signed").read_bytes()


def private_pem(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def base64_of(der: bytes) -> str:
    return base64.b64encode(der).decode()


EXPIRED = BEGINS + timedelta(days=30)
