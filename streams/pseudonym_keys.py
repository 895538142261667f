"""The keys of pseudonyms as the settings have them: the present one, and those of before.

A key is changed without anybody becoming somebody else: a file says which pseudonyms under the former keys
are in use, and whoever has one of them keeps it. The file is

    a line that says what it is
    a line of JSON: {"keys": [{"key": fingerprint, "count": n}, ...], "sha256": digest of what follows}
    for each key in turn, the first 8 bytes of each of its pseudonyms in use, ascending

so that a country's are looked up where they lie. It is no less secret than the keys of records.
"""

import hashlib
import hmac
import json
import mmap
import os
import tempfile
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from schemas.ids import FormerKey, Pseudonyms
from streams.errors import UserError
from streams.settings.settings import Settings

WIDTH = 8
"""Bytes of a pseudonym that the file keeps. Two alike are no harm: a new person is taken for a known one."""

_MAGIC = b"jardem pseudonyms in use 1\n"
_CHUNK = 1 << 20


class PseudonymKeysError(UserError):
    """The former keys and the file of the pseudonyms under them are not fit to be used together."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class InUse:
    """The pseudonyms under one key that are in use."""

    content: mmap.mmap | bytes = field(repr=False)
    begin: int
    count: int

    def __len__(self) -> int:
        """How many."""
        return self.count

    def __getitem__(self, number: int) -> bytes:
        """The kept bytes of one of them, in ascending order. Raises `IndexError`."""
        if not 0 <= number < self.count:
            raise IndexError(number)
        at = self.begin + WIDTH * number
        return self.content[at : at + WIDTH]

    def __contains__(self, pseudonym: object) -> bool:
        """Whether this `person_id` or `phone_id` is one of them."""
        return isinstance(pseudonym, str) and self.has(bytes.fromhex(pseudonym)[:WIDTH])

    def has(self, kept: bytes) -> bool:
        """Whether one of them begins with these 8 bytes."""
        place = bisect_left(self, kept)
        return place < self.count and self[place] == kept


def fingerprint(key: bytes) -> str:
    """By what the file names a key: 16 hex digits, from which it cannot be told."""
    return hmac.digest(key, b"jardem pseudonym key", "sha256").hex()[:16]


def pseudonyms_of(settings: Settings) -> Pseudonyms:
    """The pseudonyms under the keys of these settings. Raises `PseudonymKeysError`."""
    key = settings.pseudonym_key.get_secret_value().encode()
    former = [each.encode() for each in settings.pseudonym_key_previous.get_secret_value().split()]
    path = settings.pseudonyms_in_use
    if not former and path is None:
        return Pseudonyms(key)
    if path is None:
        raise PseudonymKeysError(
            "JARDEM_PSEUDONYMS_IN_USE is missing while JARDEM_PSEUDONYM_KEY_PREVIOUS is set: without it "
            "everybody would be new; set it to the file that jardem keys pseudonyms wrote under that key"
        )
    if not former:
        raise PseudonymKeysError(
            "JARDEM_PSEUDONYM_KEY_PREVIOUS is missing while JARDEM_PSEUDONYMS_IN_USE is set: set it to the "
            "key under which that file was written"
        )
    if len({key, *former}) <= len(former):
        raise PseudonymKeysError(
            "JARDEM_PSEUDONYM_KEY and JARDEM_PSEUDONYM_KEY_PREVIOUS name a key twice: let each stand once"
        )
    return Pseudonyms(key, _former(former, read(path)))


def _former(keys: Sequence[bytes], in_use: Mapping[str, InUse]) -> tuple[FormerKey, ...]:
    named = {fingerprint(key): key for key in keys}
    if missing := sorted(in_use.keys() - named):
        raise PseudonymKeysError(
            f"JARDEM_PSEUDONYM_KEY_PREVIOUS lacks the key with the fingerprint {', '.join(missing)}, under "
            "which JARDEM_PSEUDONYMS_IN_USE names pseudonyms: add it, behind a blank"
        )
    if unknown := sorted(named.keys() - in_use.keys()):
        raise PseudonymKeysError(
            f"JARDEM_PSEUDONYMS_IN_USE was not written under the key with the fingerprint "
            f"{', '.join(unknown)}: take the key out of JARDEM_PSEUDONYM_KEY_PREVIOUS, or name the right file"
        )
    return tuple(FormerKey(named[name], found) for name, found in in_use.items())


def read(path: Path) -> Mapping[str, InUse]:
    """The pseudonyms in use by the fingerprints of their keys. Raises `PseudonymKeysError`."""
    try:
        with path.open("rb") as file:
            magic, line = file.readline(len(_MAGIC)), file.readline(1 << 16)
            begin = file.tell()
            size = os.fstat(file.fileno()).st_size
            if magic != _MAGIC:
                raise _unfit(path, "it is no file of pseudonyms")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise _unfit(path, f"it cannot be read ({error.strerror})") from None
    try:
        head = json.loads(line)
        counts = {str(each["key"]): int(each["count"]) for each in head["keys"]}
        digest = str(head["sha256"])
    except (ValueError, KeyError, TypeError):
        raise _unfit(path, "its head cannot be read") from None
    if size - begin != WIDTH * sum(counts.values()) or _digest(content, begin) != digest:
        raise _unfit(path, "it is cut or was changed")
    found = {}
    for key, count in counts.items():
        found[key] = InUse(content, begin, count)
        begin += WIDTH * count
    return found


def write(path: Path, in_use: Mapping[str, Iterable[bytes]]) -> Mapping[str, int]:
    """Write the file, for its owner alone; how many there are by the fingerprints of their keys.

    The newest key comes first. What is kept of each pseudonym comes in ascending order. Raises
    `PseudonymKeysError`.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _unfit(path, f"its folder cannot be written ({error.strerror})") from None
    try:
        with tempfile.TemporaryFile(dir=path.parent) as body, os.fdopen(handle, "wb") as file:
            digest, counts = hashlib.sha256(), {}
            for key, names in in_use.items():
                counts[key] = 0
                for each in _ascending(names):
                    digest.update(each)
                    body.write(each)
                    counts[key] += 1
            head = {"keys": [{"key": key, "count": count} for key, count in counts.items()]}
            file.write(_MAGIC + json.dumps(head | {"sha256": digest.hexdigest()}).encode() + b"\n")
            body.seek(0)
            while chunk := body.read(_CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    return counts


def _ascending(names: Iterable[bytes]) -> Iterator[bytes]:
    last = b""
    for name in names:
        if len(name) != WIDTH or name < last:
            raise ValueError("pseudonyms are written in ascending order")
        if name != last:
            yield name
        last = name


def _digest(content: mmap.mmap, begin: int) -> str:
    digest = hashlib.sha256()
    for at in range(begin, len(content), _CHUNK):
        digest.update(content[at : at + _CHUNK])
    return digest.hexdigest()


def _unfit(path: Path, why: str) -> PseudonymKeysError:
    return PseudonymKeysError(
        f"{path} cannot be used as the file of pseudonyms in use: {why}; write it anew with jardem keys "
        "pseudonyms, under the keys of before"
    )
