"""Whether certificates of files are good now: told before a connection fails for it."""

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509


def own_certificate(path: Path) -> x509.Certificate:
    """The first certificate of a PEM file: ours. Raises ValueError and OSError."""
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def out_of_date(variable: str, path: Path) -> str | None:
    """What to say where the certificate of ours in this file is not good now; else None.

    Raises ValueError and OSError where the file holds none.
    """
    return _said(variable, path, own_certificate(path))


def authorities_out_of_date(variable: str, path: Path) -> str | None:
    """What to say where not one of the authorities in this file is good now; else None.

    Raises ValueError and OSError where the file holds none.
    """
    found = [_said(variable, path, each) for each in x509.load_pem_x509_certificates(path.read_bytes())]
    return found[0] if all(found) else None


def _said(variable: str, path: Path, certificate: x509.Certificate) -> str | None:
    now = datetime.now(UTC)
    if now > certificate.not_valid_after_utc:
        ended = f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        return f"{variable} names {path}, which expired on {ended}: have it renewed"
    if now < certificate.not_valid_before_utc:
        begins = f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        return f"{variable} names {path}, which is valid from {begins} on only"
    return None
