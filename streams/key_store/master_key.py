"""The master key: a secret, or a command that asks a KMS. It encrypts one key, the store's."""

import asyncio
import base64
import binascii
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from streams.key_store.store import KeyStoreAwayError

KEY_BYTES = 64
"""Of a key for AES-SIV: two of 256 bits."""
_SECONDS = 30.0


class NotUnwrappedError(Exception):
    """Another master key has encrypted it."""


class MasterKey(Protocol):
    """Encrypts and decrypts the store key."""

    async def wrap(self, key: bytes) -> bytes:
        """Encrypt. Raises `KeyStoreAwayError` where a KMS does not answer."""
        ...

    async def unwrap(self, wrapped: bytes) -> bytes:
        """Decrypt. Raises `NotUnwrappedError`, and `KeyStoreAwayError` where a KMS does not answer."""
        ...


def derived_cipher(secret: bytes, purpose: str) -> AESSIV:
    """A cipher for one purpose, whose key comes from a secret."""
    return AESSIV(HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(secret))


@dataclass(frozen=True, slots=True)
class LocalMasterKey:
    """A secret that this process holds."""

    secret: str = field(repr=False)

    async def wrap(self, key: bytes) -> bytes:
        """See `MasterKey`."""
        return self._cipher().encrypt(key, [b"store key"])

    async def unwrap(self, wrapped: bytes) -> bytes:
        """See `MasterKey`."""
        try:
            return self._cipher().decrypt(wrapped, [b"store key"])
        except InvalidTag:
            raise NotUnwrappedError from None

    def _cipher(self) -> AESSIV:
        return derived_cipher(self.secret.encode(), "jardem master key")


@dataclass(frozen=True, slots=True)
class CommandMasterKey:
    """A command that asks a KMS: `COMMAND wrap` and `COMMAND unwrap`, base64 in and out, a line each."""

    command: str

    async def wrap(self, key: bytes) -> bytes:
        """See `MasterKey`."""
        return await self._ask("wrap", key)

    async def unwrap(self, wrapped: bytes) -> bytes:
        """See `MasterKey`."""
        return await self._ask("unwrap", wrapped)

    async def _ask(self, verb: Literal["wrap", "unwrap"], content: bytes) -> bytes:
        words: Sequence[str] = [*shlex.split(self.command), verb]
        try:
            process = await asyncio.create_subprocess_exec(
                *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
        except OSError as error:
            raise KeyStoreAwayError(f"JARDEM_ENCRYPTION_COMMAND cannot be run: {error.strerror}") from None
        try:
            async with asyncio.timeout(_SECONDS):
                answer, _ = await process.communicate(base64.b64encode(content) + b"\n")
        except TimeoutError:
            process.kill()
            await process.wait()
            raise KeyStoreAwayError(f"JARDEM_ENCRYPTION_COMMAND {verb} took over {_SECONDS:.0f} s") from None
        if process.returncode != 0:
            raise KeyStoreAwayError(f"JARDEM_ENCRYPTION_COMMAND {verb} ended with {process.returncode}")
        try:
            return base64.b64decode(answer.strip(), validate=True)
        except binascii.Error:
            raise KeyStoreAwayError(f"JARDEM_ENCRYPTION_COMMAND {verb} answered no base64") from None
