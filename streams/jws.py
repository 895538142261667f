"""JSON Web Signatures in their compact form (RFC 7515), read more strictly than libraries do.

Base64url has spellings that decode alike: signs that decoders leave out, and spare bits in the last sign. Of
one signature only one spelling is read here, so that no byte of a document can be changed unseen.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from schemas.json_text import NotJSONError, read_json

_PART = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_PARTS = 3


class NotVerifiedError(ValueError):
    """A signature that does not verify. The message says why, and of the data only names of a closed list."""


@dataclass(frozen=True, slots=True)
class Compact:
    """A compact JWS taken apart, unverified. `signed` is what the signature is over."""

    header: dict[str, Any]
    header_bytes: bytes
    payload: bytes
    signature: bytes
    signed: bytes


def read_compact(token: str, detached: bytes | None = None) -> Compact:
    """Take a compact JWS apart; the `detached` payload stands for an empty one. Raises `NotVerifiedError`."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise NotVerifiedError("no compact JWS: three parts, parted by full stops")
    head, middle, end = parts
    if detached is not None and not middle:
        middle = encode_part(detached)
    header_bytes = decode_part(head)
    try:
        header = read_json(header_bytes)
    except NotJSONError as error:
        raise NotVerifiedError(f"the header of the JWS: {error}") from None
    if not isinstance(header, dict):
        raise NotVerifiedError("the header of the JWS is no JSON object")
    return Compact(
        header=header,
        header_bytes=header_bytes,
        payload=decode_part(middle),
        signature=decode_part(end),
        signed=f"{head}.{middle}".encode(),
    )


def is_compact(token: str) -> bool:
    """Whether it has the form of a compact JWS, whoever may have made it."""
    try:
        read_compact(token)
    except NotVerifiedError:
        return False
    return True


def write_compact(header: bytes, payload: bytes, sign: Callable[[bytes], bytes]) -> str:
    """A compact JWS with this header and payload, byte for byte."""
    signed = f"{encode_part(header)}.{encode_part(payload)}"
    return f"{signed}.{encode_part(sign(signed.encode()))}"


def check_signature(compact: Compact, key: Mapping[str, Any], alg: str) -> None:
    """Whether the signature is this public key's (a JWK), by this algorithm. Raises `NotVerifiedError`."""
    try:
        # Its messages may hold the key, so they are not passed on.
        read = PyJWK(dict(key), algorithm=alg)
        right = read.Algorithm.verify(compact.signed, read.Algorithm.prepare_key(read.key), compact.signature)
    except (PyJWTError, ValueError, TypeError):
        raise NotVerifiedError(f"the key is not one for {alg}") from None
    if not right:
        raise NotVerifiedError("the signature is not over these bytes, or not by this key")


def encode_part(content: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode_part(text: str) -> bytes:
    r"""Read base64url without padding, in its one right spelling. Raises `NotVerifiedError`.

    >>> decode_part("_w"), encode_part(b"\xff")
    (b'\xff', '_w')
    >>> decode_part("_x")
    Traceback (most recent call last):
    streams.jws.NotVerifiedError: a part of the JWS is not base64url
    """
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        content = b""
    if not _PART.fullmatch(text) or encode_part(content) != text:
        raise NotVerifiedError("a part of the JWS is not base64url")
    return content
