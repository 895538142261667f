"""Our keys: the public ones as a JWKS (RFC 7517), the private ones in a folder of the owner's alone."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, ValidationError, model_validator

from schemas.base import Instant, Model
from schemas.canonical import canonical
from schemas.cloudevents import explain
from schemas.json_text import NotJSONError, read_json
from streams.errors import UserError
from streams.jws import NotVerifiedError, decode_part, encode_part

DEVELOPMENT_ISSUER = "jardem, development"
"""Who issues documents under the development profile, where nothing else is configured."""

KEY_SET = "keys.json"
"""The public keys, beside the private ones."""

FolderState = tuple[int, int, int]

_OTHERS = 0o077
_RAW = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]


class KeysError(UserError):
    """Keys that cannot be read, or cannot be made: a line with what to do."""

    exit_code = 2


class VerifyingKey(Model):
    """A public key of ours as it stands in the key set.

    It signs from `jardem_from` on; a document issued after `jardem_until` does not verify. With
    `jardem_authorised_by`, the act that says so, it decides without an officer.
    """

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    x: _RAW
    kid: str
    alg: Literal["EdDSA"] = "EdDSA"
    use: Literal["sig"] = "sig"
    jardem_from: Instant
    jardem_until: Instant | None = None
    jardem_authorised_by: str | None = None
    jardem_demo: bool = False

    @model_validator(mode="after")
    def _kid_is_the_keys(self) -> Self:
        if self.kid != thumbprint(self.x):
            raise ValueError("the kid is not the key's thumbprint")
        return self

    def valid_at(self, instant: datetime) -> bool:
        """Whether a document issued at this instant may bear this key's signature."""
        return self.jardem_from <= instant and (self.jardem_until is None or instant <= self.jardem_until)

    def written(self) -> dict[str, Any]:
        """As it stands in the key set."""
        content = self.model_dump(mode="json")
        if not self.jardem_demo:
            del content["jardem_demo"]
        return content


class KeySet(Model):
    """Public keys, for ever: documents of years ago must verify."""

    keys: tuple[VerifyingKey, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({key.kid for key in self.keys}) != len(self.keys):
            raise ValueError("a kid stands twice")
        return self

    @classmethod
    def read(cls, content: bytes) -> "KeySet":
        """Read a JWKS. Raises `ValueError`, which repeats nothing of it."""
        try:
            return cls.model_validate(read_json(content))
        except ValidationError as error:
            raise ValueError(explain(error)) from None
        except NotJSONError as error:
            raise ValueError(f"not JSON: {error}") from None

    def written(self) -> str:
        """The JWKS as it is published."""
        return json.dumps({"keys": [key.written() for key in self.keys]}, indent=2) + "\n"

    def find(self, kid: str) -> VerifyingKey | None:
        """The key with this id."""
        return next((key for key in self.keys if key.kid == kid), None)

    def signing_at(self, instant: datetime) -> VerifyingKey | None:
        """The key that signs what is issued at this instant: of those that have begun, the latest."""
        begun = [key for key in self.keys if key.jardem_from <= instant]
        return max(begun, key=lambda key: key.jardem_from, default=None)

    def with_key(self, changed: VerifyingKey) -> "KeySet":
        """The same with this key, in place of the one with its id where there is one."""
        others = [key for key in self.keys if key.kid != changed.kid]
        return KeySet(keys=tuple(sorted([*others, changed], key=lambda key: (key.jardem_from, key.kid))))


def thumbprint(x: str) -> str:
    """The `kid` of an Ed25519 key: its thumbprint (RFC 7638), here of the example of RFC 8037.

    >>> thumbprint("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'
    """
    return encode_part(hashlib.sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": x})).digest())


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key, which no message shows."""

    key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def new(cls) -> "PrivateKey":
        """Another one, by the system's chance."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def x(self) -> str:
        """The public key as a JWK has it."""
        return encode_part(self.key.public_key().public_bytes_raw())

    @property
    def kid(self) -> str:
        """The key's id."""
        return thumbprint(self.x)

    def sign(self, content: bytes) -> bytes:
        """The signature, which is always the same for the same content."""
        return self.key.sign(content)

    def written(self) -> str:
        """The private JWK, as its file holds it."""
        d = encode_part(self.key.private_bytes_raw())
        return json.dumps({"kty": "OKP", "crv": "Ed25519", "x": self.x, "d": d, "kid": self.kid}) + "\n"


def read_private(content: bytes) -> PrivateKey:
    """Read a private JWK. Raises `ValueError`, which repeats nothing of it."""
    try:
        jwk = read_json(content)
        if not isinstance(jwk, dict) or (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519"):
            raise ValueError("it is no Ed25519 key")
        private = PrivateKey(Ed25519PrivateKey.from_private_bytes(decode_part(str(jwk.get("d")))))
    except (NotJSONError, NotVerifiedError):
        raise ValueError("it is no private JWK") from None
    if jwk.get("x") != private.x:
        raise ValueError("its x is not that of its d")
    return private


def read_private_file(path: Path) -> PrivateKey:
    """Read the file of a private JWK. Raises `KeysError`."""
    try:
        return read_private(path.read_bytes())
    except OSError as error:
        raise KeysError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise KeysError(f"{path} holds no private key that signs here: {error}") from None


_DEMO_SEED = b"demo-signing-key-for-one-machine-only"

DEMO_KEY = PrivateKey(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(_DEMO_SEED).digest()))
"""Signs under the development profile where no keys are configured. Everybody knows it."""

DEMO_KEYS = KeySet(
    keys=(
        VerifyingKey(
            x=DEMO_KEY.x, kid=DEMO_KEY.kid, jardem_from=datetime(2000, 1, 1, tzinfo=UTC), jardem_demo=True
        ),
    )
)


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """The folder of keys: `<kid>.jwk` for each private key, and the key set."""

    path: Path

    def key_set(self) -> KeySet:
        """The public keys; none where there is no key set yet. Raises `KeysError`."""
        path = self.path / KEY_SET
        try:
            return KeySet.read(path.read_bytes())
        except FileNotFoundError:
            return KeySet()
        except OSError as error:
            raise KeysError(f"{path} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise KeysError(f"{path} is no key set of ours: {error}") from None

    def state(self) -> FolderState:
        """What is another one when the key set was written again or replaced. Raises `OSError`."""
        found = (self.path / KEY_SET).stat()
        return found.st_mtime_ns, found.st_ino, found.st_size

    def private(self, kid: str) -> PrivateKey | None:
        """The private key with this id, None where it is not there. Raises `KeysError`."""
        path = self._private_path(kid)
        try:
            key = read_private(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeysError(f"{path} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise KeysError(f"{path} holds no private key of ours: {error}") from None
        if key.kid != kid:
            raise KeysError(f"{path} holds another key than its name says")
        return key

    def public_faults(self) -> Iterator[str]:
        """A line for each thing that keeps a process from knowing our public keys by this folder."""
        try:
            keys = self.key_set()
        except KeysError as error:
            yield from error.problems
            return
        if not keys.keys:
            yield f"{self.path} has no {KEY_SET} with a key in it: make one with jardem keys new"

    def faults(self) -> Iterator[str]:
        """A line for each thing that keeps a process from signing with this folder."""
        try:
            mode = self.path.stat().st_mode
            keys = self.key_set()
            private = {key.kid for key in keys.keys if self.private(key.kid)}
        except OSError as error:
            yield f"{self.path} cannot be read: {error.strerror}"
            return
        except KeysError as error:
            yield from error.problems
            return
        if not self.path.is_dir():
            yield f"{self.path} is no folder"
        elif mode & _OTHERS:
            yield f"{self.path} can be read by others than its owner: chmod 700"
        elif not private:
            yield f"{self.path} holds no key: make one with jardem keys new"

    def add(self, private: PrivateKey, keys: KeySet) -> None:
        """Write a new private key, and then the key set with it. Never over a key that is there."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(self._private_path(private.kid), flags, 0o600), "w") as file:
                file.write(private.written())
        except OSError as error:
            raise KeysError(f"{self.path} cannot be written: {error.strerror}") from None
        self.write_key_set(keys)

    def write_key_set(self, keys: KeySet) -> None:
        """Replace the key set in one step. Raises `KeysError`."""
        try:
            handle, name = tempfile.mkstemp(dir=self.path, prefix=".keys-")
            with os.fdopen(handle, "w") as file:
                file.write(keys.written())
            Path(name).replace(self.path / KEY_SET)
        except OSError as error:
            raise KeysError(f"{self.path} cannot be written: {error.strerror}") from None

    def _private_path(self, kid: str) -> Path:
        return self.path / f"{kid}.jwk"
