"""Twilio's signature of a webhook: HMAC-SHA1 of the address it calls and of the form's fields.

The address comes from our configuration, never from the request's headers. Signatures have no time in them,
so a replay carries a good one: those are recognised by the message's sid.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlsplit, urlunsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    """The signature of a call to `url` with these fields; a JSON body is signed without any.

    What is no UTF-8 in them stands there as `surrogateescape` has it.
    """
    signed = url + "".join(name + form[name] for name in sorted(form))
    octets = signed.encode("utf-8", "surrogateescape")
    return base64.b64encode(hmac.digest(token.encode(), octets, "sha1")).decode()


def is_signed(token: str, url: str, form: Mapping[str, str], signature: str) -> bool:
    """Whether this is the signature of the call, in constant time.

    Twilio is not of one mind on whether the port belongs to the address: both ways are taken.
    """
    given = signature.encode("utf-8", "surrogateescape")
    matches = [hmac.compare_digest(sign(token, each, form).encode(), given) for each in _addresses(url)]
    return any(matches)


def is_body_signed(token: str, url: str, body: bytes, signature: str) -> bool:
    """The same for a body that is no form: its SHA-256 stands in the signed address."""
    claimed = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
    same = hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), claimed.lower().encode())
    return is_signed(token, url, {}, signature) and same


def _addresses(url: str) -> Iterator[str]:
    """The address as configured, and with its port left out or put in."""
    yield url
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    if parts.port is None:
        host = f"{host}:{_DEFAULT_PORTS.get(parts.scheme, 443)}"
    rest = url[len(urlunsplit((parts.scheme, parts.netloc, "", "", ""))) :]
    yield f"{parts.scheme}://{host}{rest}"
