"""What is derived from `JARDEM_CONSOLE_KEY`: a key for each purpose, so that none gives another away."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from streams.settings.settings import Settings


def key_for(settings: Settings, purpose: str) -> bytes:
    """32 bytes for this purpose, the same in every process of the installation."""
    secret = settings.console_key.get_secret_value().encode()
    return HKDF(SHA256(), length=32, salt=None, info=b"jardem console " + purpose.encode()).derive(secret)


class Sealed:
    """Encrypts what the console keeps of others' tokens."""

    def __init__(self, settings: Settings) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(key_for(settings, "tokens of the provider")))

    def seal(self, text: str) -> bytes:
        """Encrypt."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str | None:
        """What was encrypted; None where it was under another key."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None
