"""The keyring: one key for each subject, whoever asks, and waiting."""

import asyncio
import sys
from pathlib import Path

import pytest

from streams.key_store import keyring as module
from streams.key_store.keyring import INSTALLATION, NOBODY, Keyring
from streams.key_store.master_key import CommandMasterKey, LocalMasterKey
from streams.key_store.store import KeyStoreAwayError, KeyStoreError
from tests.unit.encryption.keys import NUMBER, OTHER, PERSON, SECRET, erase, keyring, store_in


async def test_two_workers_get_the_same_key(tmp_path: Path) -> None:
    first, second = keyring(store_in(tmp_path)), keyring(store_in(tmp_path))
    found = await asyncio.gather(first.of_subjects([PERSON]), second.of_subjects([PERSON, OTHER]))
    ours, theirs = found[0][PERSON], found[1][PERSON]
    assert ours.id == theirs.id
    assert theirs.cipher.decrypt(ours.cipher.encrypt(b"text", None), None) == b"text"
    assert found[1][OTHER].id != theirs.id
    assert (await second.of_ids([ours.id]))[ours.id] == theirs
    assert await first.of_ids([b"neverwas"]) == {}


async def test_nobody_has_the_installations_key_after_a_restart_too(tmp_path: Path) -> None:
    own = (await keyring(store_in(tmp_path)).of_subjects([NOBODY]))[NOBODY]
    again = (await keyring(store_in(tmp_path)).of_ids([INSTALLATION]))[INSTALLATION]
    assert again is not None
    assert again.cipher.decrypt(own.cipher.encrypt(b"text", None), None) == b"text"


async def test_a_key_is_asked_for_once_in_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_in(tmp_path)
    ring = keyring(store)
    await ring.of_subjects([PERSON])
    asked = store.asked
    await ring.of_subjects([PERSON])
    assert store.asked == asked
    monkeypatch.setattr(module, "FRESH", 0.0)
    await ring.of_subjects([PERSON])
    assert store.asked == asked + 1


async def test_who_waits_gets_the_key_when_the_store_is_back(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.away = True
    told: list[bool] = []
    ring = Keyring(store, LocalMasterKey(SECRET), waits=True, tell_away=told.append)
    waiting = asyncio.create_task(ring.of_subjects([PERSON]))
    await asyncio.sleep(0.7)
    assert not waiting.done()
    assert told
    assert all(told)
    store.away = False
    assert PERSON in await asyncio.wait_for(waiting, 10)
    assert told[-1] is False


async def test_who_does_not_wait_is_told(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.away = True
    with pytest.raises(KeyStoreAwayError):
        await keyring(store).of_subjects([PERSON])


async def test_who_needs_a_key_that_is_being_erased_waits_and_gets_a_new_one(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    before = (await keyring(store).of_subjects([PERSON]))[PERSON]
    await store.close_keys([PERSON])
    worker = keyring(store_in(tmp_path), waits=True)
    waiting = asyncio.create_task(worker.of_subjects([PERSON]))
    reading = asyncio.create_task(worker.of_ids([before.id]))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    assert not reading.done()
    assert (await keyring(store_in(tmp_path)).of_ids([before.id]))[before.id] is None
    await erase(tmp_path, PERSON)
    assert (await asyncio.wait_for(waiting, 10))[PERSON].id != before.id
    assert (await asyncio.wait_for(reading, 10))[before.id] is None


async def test_batches_at_once_are_one_question_and_a_closing_key_holds_up_nobody_else(
    tmp_path: Path,
) -> None:
    store = store_in(tmp_path)
    await keyring(store).of_subjects([PERSON])
    await store.close_keys([PERSON])
    worker, asked = keyring(store, waits=True), store.asked
    await worker.installation()
    waiting = asyncio.create_task(worker.of_subjects([PERSON]))
    found = await asyncio.gather(*(worker.of_subjects([each]) for each in (OTHER, NUMBER)))
    assert [list(each) for each in found] == [[OTHER], [NUMBER]]
    assert store.asked == asked + 1
    assert not waiting.done()
    await erase(tmp_path, PERSON)
    assert PERSON in await asyncio.wait_for(waiting, 10)


async def test_another_master_key_is_told_from_the_former_one(tmp_path: Path) -> None:
    key = (await keyring(store_in(tmp_path)).of_subjects([PERSON]))[PERSON]
    new = LocalMasterKey("another-master-key")
    with pytest.raises(KeyStoreError, match="JARDEM_ENCRYPTION_KEY is not the one"):
        await Keyring(store_in(tmp_path), new, waits=False).of_subjects([PERSON])
    changed = Keyring(store_in(tmp_path), new, LocalMasterKey(SECRET))
    assert (await changed.of_subjects([PERSON]))[PERSON].id == key.id
    assert (await Keyring(store_in(tmp_path), new).of_subjects([PERSON]))[PERSON].id == key.id


KMS = """
import base64, sys
content = base64.b64decode(sys.stdin.readline())
assert sys.argv[1] in ("wrap", "unwrap")
print(base64.b64encode(bytes(each ^ 0x55 for each in content)).decode())
"""


async def test_a_command_stands_for_the_master_key(tmp_path: Path) -> None:
    (tmp_path / "kms.py").write_text(KMS)
    master = CommandMasterKey(f"'{sys.executable}' '{tmp_path / 'kms.py'}'")
    key = (await Keyring(store_in(tmp_path), master).of_subjects([PERSON]))[PERSON]
    again = await Keyring(store_in(tmp_path), master).of_subjects([PERSON])
    assert again[PERSON].cipher.decrypt(key.cipher.encrypt(b"text", None), None) == b"text"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("/nowhere/kms", "cannot be run"),
        (f"'{sys.executable}' -c 'raise SystemExit(3)'", "ended with 3"),
        (f"'{sys.executable}' -c 'print(\"?\")'", "answered no base64"),
    ],
)
async def test_a_command_that_fails_is_a_store_that_is_away(tmp_path: Path, command: str, why: str) -> None:
    with pytest.raises(KeyStoreAwayError, match=why):
        await Keyring(store_in(tmp_path), CommandMasterKey(command), waits=False).of_subjects([PERSON])
