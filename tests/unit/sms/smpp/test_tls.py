"""TLS to an operator: with who has the right name and a good certificate, and nobody else."""

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs

from sms.carrier import Accepted, NotNow
from tests.unit.sms.smpp.raw_smsc import BINDS, RawSmsc
from tests.unit.sms.smpp_world import MemoryInbox, account, smpp_carrier

PHONE = "+77015550101"


@pytest.fixture
async def smsc() -> AsyncIterator[RawSmsc]:
    async with RawSmsc() as running:
        yield running


@pytest.fixture
def inbox() -> MemoryInbox:
    return MemoryInbox()


def certificate(folder: Path, name: str) -> Path:
    """A certificate for this name, signed by itself, and its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(plain + made.public_bytes(serialization.Encoding.PEM))
    return file


def serving(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def test_tls_is_spoken_with_who_has_the_right_name(tmp_path: Path, inbox: MemoryInbox) -> None:
    file = certificate(tmp_path, "localhost")
    async with RawSmsc(tls=serving(file)) as smsc:
        secure = account(smsc.port, host="localhost", tls=True, tls_ca=file)
        async with smpp_carrier(secure, inbox) as carrier:
            assert isinstance(await carrier.send(PHONE, "1"), Accepted)


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_certificate_for_another_name_or_of_nobody_is_refused(
    trusted: bool,  # noqa: FBT001 - a parameter of the test
    tmp_path: Path,
    inbox: MemoryInbox,
) -> None:
    file = certificate(tmp_path, "smsc.example.kz")
    async with RawSmsc(tls=serving(file)) as smsc:
        given = account(smsc.port, host="localhost", tls=True, tls_ca=file if trusted else None)
        with capture_logs() as logs:
            async with smpp_carrier(given, inbox) as carrier:
                outcome = await carrier.send(PHONE, "1")
    assert isinstance(outcome, NotNow)
    assert outcome.ours
    assert outcome.reason.startswith("the operator's certificate is not good")
    assert "mismatch" in outcome.reason if trusted else "self-signed" in outcome.reason
    assert logs[0]["event"] == "not bound"
    assert not any(pdu.command in BINDS for pdu in smsc.heard)


async def test_tls_with_who_speaks_none_is_told(smsc: RawSmsc, inbox: MemoryInbox) -> None:
    async with smpp_carrier(account(smsc.port, tls=True), inbox) as carrier:
        outcome = await carrier.send(PHONE, "1")
    assert isinstance(outcome, NotNow)
    assert "TLS" in outcome.reason or "reached" in outcome.reason
