"""`jardem keys source`: makes the keys with which a registry signs its events (docs/producers.md)."""

import json
import os
from pathlib import Path

from streams.key_set import KeysError, PrivateKey
from streams.registry_signatures import public_jwk, read_source_keys

KEY_SET = "source.json"
"""The key set beside the private keys: what the registry hands over to whoever runs jardem."""


def new_source_key(folder: Path, source: str, topics: tuple[str, ...]) -> str:
    """Make a key beside those that are in the folder, and return the key set, in which all of them are.

    The key that signs is the one that `jardem publish --sign` is given; the others verify until they are
    taken out of the key set. Raises `KeysError`.
    """
    private, path = PrivateKey.new(), folder / KEY_SET
    content = {"jardem_source": source, "jardem_topics": list(topics), "keys": _former(path, source)}
    content["keys"] = [*content["keys"], public_jwk(private)]
    written = json.dumps(content, indent=2)
    try:
        read_source_keys(written.encode())
    except ValueError as error:
        raise KeysError(f"that makes no key set: {error}") from None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(folder / f"{private.kid}.jwk", flags, 0o600), "w") as file:
            file.write(private.written())
        path.write_text(written + "\n", encoding="utf-8")
    except OSError as error:
        raise KeysError(f"{folder} cannot be written: {error.strerror}") from None
    return written


def _former(path: Path, source: str) -> list[object]:
    try:
        found = path.read_bytes()
        if read_source_keys(found).jardem_source != source:
            raise KeysError(f"{path} is of another source: keep each in a folder of its own")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise KeysError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise KeysError(f"{path} is no key set of a source: {error}") from None
    return list(json.loads(found)["keys"])
