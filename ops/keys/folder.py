"""`jardem keys`: makes our signing keys and changes them. A key that has signed is never taken away."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from schemas.times import read_instant
from streams.key_set import DEMO_KEYS, KeyFolder, KeysError, KeySet, PrivateKey, VerifyingKey


def new_key(folder: Path, now: datetime, begins: datetime | None) -> str:
    """Make a key that signs from `begins` on, or from now; its `kid`. Raises `KeysError`."""
    return _made(folder, now, begins or now, folder_keys(folder)).kid


def rotate(folder: Path, now: datetime, begins: datetime, overlap: timedelta) -> tuple[str, str]:
    """Make the next key: its `kid`, and that of the former one, which verifies for the overlap on.

    Raises `KeysError`.
    """
    keys = folder_keys(folder)
    former = keys.signing_at(begins)
    if former is None:
        raise KeysError(f"{folder} has no key to follow: make the first one with jardem keys new")
    made = _made(folder, now, begins, keys.with_key(former.with_(jardem_until=begins + overlap)))
    return made.kid, former.kid


def authorise(folder: Path, kid: str, by: str) -> None:
    """Write down the act that lets a key decide without an officer. Raises `KeysError`."""
    keys = folder_keys(folder)
    key = keys.find(kid)
    if key is None:
        raise KeysError(f"{folder} has no key {kid}: jardem keys list shows them")
    if not by.strip():
        raise KeysError("--by is empty: name the act that authorises the key")
    KeyFolder(folder).write_key_set(keys.with_key(key.with_(jardem_authorised_by=by.strip())))


def listed(keys: KeySet, now: datetime) -> Iterator[str]:
    """A line for each key."""
    signing = keys.signing_at(now)
    for key in keys.keys:
        until = "no end" if key.jardem_until is None else f"until {_shown(key.jardem_until)}"
        by = f", authorised by {key.jardem_authorised_by}" if key.jardem_authorised_by else ""
        demo = ", the demo's" if key.jardem_demo else ""
        signs = ", signs now" if key == signing else ""
        yield f"{key.kid}  from {_shown(key.jardem_from)}, {until}{by}{demo}{signs}"
    if not keys.keys:
        yield "no keys"


def listed_json(keys: KeySet, now: datetime) -> str:
    """The same as one JSON object."""
    signing = keys.signing_at(now)
    return json.dumps(
        {
            "keys": [
                {
                    "kid": key.kid,
                    "from": _shown(key.jardem_from),
                    "until": None if key.jardem_until is None else _shown(key.jardem_until),
                    "authorised_by": key.jardem_authorised_by,
                    "demo": key.jardem_demo,
                    "signs_now": key == signing,
                }
                for key in keys.keys
            ]
        },
        ensure_ascii=False,
    )


def instant(text: str | None) -> datetime | None:
    """An instant as an option has it. Raises `KeysError`."""
    try:
        return None if text is None else read_instant(text)
    except ValueError as error:
        raise KeysError(f"--from cannot be read: {error}") from None


def folder_keys(folder: Path | None) -> KeySet:
    """The public keys of a folder; without one, the demo's. Raises `KeysError`."""
    return DEMO_KEYS if folder is None else KeyFolder(folder).key_set()


def required(folder: Path | None) -> Path:
    """The folder, which what changes it cannot do without."""
    if folder is None:
        raise KeysError("JARDEM_SIGNING_KEYS is missing: set it to the folder of our signing keys")
    return folder


def _made(folder: Path, now: datetime, begins: datetime, keys: KeySet) -> VerifyingKey:
    if begins < now:
        raise KeysError(
            f"--from {_shown(begins)} is past: what was signed since then was signed with another key, "
            "and a repeat must find it"
        )
    if any(key.jardem_from == begins for key in keys.keys):
        raise KeysError(f"a key begins at {_shown(begins)} already")
    private = PrivateKey.new()
    made = VerifyingKey(x=private.x, kid=private.kid, jardem_from=begins)
    KeyFolder(folder).add(private, keys.with_key(made))
    return made


def _shown(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
