"""What must be shown later is kept sealed: encrypted with a key that the database does not have.

AES-SIV gives the same bytes for the same text in the same place, so that a rebuild gives equal rows; and it
opens nothing that was put into another place, because table, column and row are authenticated with it.
"""

import zlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 64
_PLAIN, _COMPRESSED = b"\0", b"\1"
_WORTH_COMPRESSING = 200


class NotOpenedError(ValueError):
    """Sealed bytes that this key does not open: it is another key, or they were put into another place."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where sealed bytes stand: what is sealed for one place is not opened in another."""

    table: str
    column: str
    row: str

    def associated(self) -> list[bytes]:
        """The place as it is authenticated."""
        return [self.table.encode(), self.column.encode(), self.row.encode()]


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens with a key that is derived from JARDEM_CONSOLE_KEY."""

    cipher: AESSIV = field(repr=False)

    @classmethod
    def of(cls, secret: str) -> "Sealer":
        """The sealer of this secret."""
        key = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"jardem read model").derive(secret.encode())
        return cls(AESSIV(key))

    def seal(self, place: Place, content: str | bytes) -> bytes:
        """Seal content for a place; what is long is compressed first."""
        plain = content.encode(errors="surrogateescape") if isinstance(content, str) else content
        small = zlib.compress(plain) if len(plain) >= _WORTH_COMPRESSING else plain
        packed = _COMPRESSED + small if len(small) < len(plain) else _PLAIN + plain
        return self.cipher.encrypt(packed, place.associated())

    def open(self, place: Place, sealed: bytes) -> bytes:
        """What was sealed for a place. Raises `NotOpenedError`."""
        try:
            packed = self.cipher.decrypt(sealed, place.associated())
        except InvalidTag:
            raise NotOpenedError("sealed with another key, or for another place") from None
        return zlib.decompress(packed[1:]) if packed[:1] == _COMPRESSED else packed[1:]

    def text(self, place: Place, sealed: bytes) -> str:
        """The same as text. Raises `NotOpenedError`."""
        return self.open(place, sealed).decode(errors="surrogateescape")
