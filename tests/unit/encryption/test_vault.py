"""What is sealed, under whose key, and what becomes of it when a key is erased."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.dead_letters import DEAD_LETTERS, REDRIVEN_LETTERS, dead_letter
from streams.encryption.sealed import ErasedError, NotOpenedError, is_sealed, key_ids
from streams.encryption.vault import Vault
from streams.records import Outgoing, Record
from tests.unit.encryption.keys import NUMBER, OTHER, PERSON, erase, keyring, store_in, vault_in

INBOX = "case.inbox.v1"
SECRET = b'{"iin":"850101300015"}'
HEADERS = (("ce_id", b"1"), ("traceparent", b"00-1-2-01"))


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[Vault]:
    vault = vault_in(tmp_path)
    yield vault
    await vault.stop()


def as_read(sent: Outgoing) -> Record:
    return Record(sent.topic, 0, 7, None, sent.key, sent.value, sent.headers, None, sent.null_headers)


async def sealed_record(vault: Vault, topic: str = INBOX, name: str = PERSON) -> Record:
    (sent,) = await vault.sealed([Outgoing(topic, name.encode(), SECRET, HEADERS)])
    return as_read(sent)


@pytest.mark.parametrize("topic", [INBOX, "sms.inbox.v1", "sms.outbox.v1"])
@pytest.mark.parametrize("name", [PERSON, "service"])
async def test_an_inbox_is_sealed_and_opened(vault: Vault, topic: str, name: str) -> None:
    record = await sealed_record(vault, topic, name)
    assert record.value is not None
    assert b"850101300015" not in record.value
    assert (record.key, record.headers) == (name.encode(), HEADERS)
    assert await vault.opened([record]) == [replace(record, value=SECRET)]


async def test_the_same_record_is_sealed_as_the_same_bytes(vault: Vault, tmp_path: Path) -> None:
    assert await sealed_record(vault) == await sealed_record(vault_in(tmp_path))


def test_another_value_is_all_that_changes() -> None:
    whole = (
        Record("t", 1, 2, datetime(2027, 1, 1, tzinfo=UTC), b"k", b"v", HEADERS, 3, frozenset({1})),
        Outgoing("t", b"k", b"v", HEADERS, 1, frozenset({1})),
    )
    for each in whole:
        assert each.with_value(b"w") == replace(each, value=b"w")


async def test_public_topics_and_tombstones_stay_as_they_are(vault: Vault) -> None:
    sent = [
        Outgoing("benefit.decided.v1", PERSON.encode(), SECRET),
        Outgoing("case.advanced.v1", PERSON.encode(), SECRET),
        Outgoing(INBOX, PERSON.encode(), None),
    ]
    assert await vault.sealed(sent) == sent


async def test_without_a_key_nothing_is_sealed_and_what_is_sealed_stays_so(vault: Vault) -> None:
    clear = Vault()
    sent = [Outgoing(INBOX, PERSON.encode(), SECRET)]
    assert await clear.sealed(sent) == sent
    record = await sealed_record(vault)
    assert await clear.opened([record]) == [record]
    with pytest.raises(NotOpenedError, match="this process has no keys: set JARDEM_ENCRYPTION_KEY"):
        await clear.opened_rows(INBOX, {PERSON.encode(): record.value})


async def test_who_only_reads_seals_nothing(vault: Vault, tmp_path: Path) -> None:
    reading = Vault(keyring(store_in(tmp_path)), seals=False)
    sent = [Outgoing(INBOX, PERSON.encode(), SECRET)]
    assert await reading.sealed(sent) == sent
    assert (await reading.opened([await sealed_record(vault)]))[0].value == SECRET


async def test_bytes_that_were_moved_or_changed_do_not_open(vault: Vault) -> None:
    record = await sealed_record(vault)
    assert record.value is not None
    moved = [
        replace(record, key=OTHER.encode()),
        replace(record, topic="sms.inbox.v1"),
        replace(record, value=record.value[:-1] + bytes([record.value[-1] ^ 1])),
        replace(record, value=record.value[:9]),
        replace(record, value=record.value[:13]),
    ]
    assert await vault.opened(moved) == moved
    for each in moved[2:]:
        with pytest.raises(NotOpenedError):
            await vault.opened_rows(INBOX, {PERSON.encode(): each.value})


async def test_a_key_that_there_never_was_is_no_erased_one(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    record = await sealed_record(vault_in(tmp_path / "other"))
    assert await vault.opened([record]) == [record]
    with pytest.raises(NotOpenedError, match="never was: set JARDEM_KEYS_DATABASE"):
        await vault.opened_rows(INBOX, {PERSON.encode(): record.value})


async def test_what_is_erased_is_left_out_and_a_later_record_has_a_new_key(
    vault: Vault, tmp_path: Path
) -> None:
    before, others = await sealed_record(vault), await sealed_record(vault, name=OTHER)
    await erase(tmp_path, PERSON)
    after = vault_in(tmp_path)
    assert [record.key for record in await after.opened([before, others])] == [OTHER.encode()]
    assert await after.opened_rows(INBOX, {PERSON.encode(): before.value}) == {PERSON.encode(): None}
    later = await sealed_record(after)
    assert key_ids(later.value) != key_ids(before.value)
    assert (await after.opened([later]))[0].value == SECRET


FOREIGN = Record(
    "registry.title-awarded.v1",
    2,
    5,
    None,
    b"850101300015",
    b"not JSON",
    (("ce_id", b"850101300015"), ("odd\udcff", b""), ("none", b"")),
    null_headers=frozenset({2}),
)


@pytest.mark.parametrize("value", [b"not JSON", None, b""])
async def test_a_dead_letter_is_sealed_whole_and_comes_back_byte_for_byte(
    vault: Vault, value: bytes | None
) -> None:
    letter = dead_letter(replace(FOREIGN, value=value), "it is no JSON")
    (sent,) = await vault.sealed([letter])
    for part in (sent.key, sent.value, *(text for header in sent.headers for text in header)):
        assert "850101300015" not in str(part)
    assert dict(sent.headers)["jardem_reason"] == b"it is no JSON"
    (opened,) = await vault.opened([as_read(sent)])
    assert (opened.key, opened.value, opened.null_headers) == (letter.key, letter.value, letter.null_headers)
    assert sorted(opened.headers) == sorted(letter.headers)
    assert opened.headers[:3] == FOREIGN.headers


async def test_letters_of_one_key_stay_together(vault: Vault) -> None:
    sent = await vault.sealed(
        Outgoing(REDRIVEN_LETTERS, key, b"v", (("jardem_topic", b"t"),)) for key in (b"a", b"b", b"a", None)
    )
    assert sent[0].key == sent[2].key != sent[1].key
    assert sent[3].key is None
    assert [record.key for record in await vault.opened([as_read(each) for each in sent])] == [
        b"a",
        b"b",
        b"a",
        None,
    ]
    assert all(each.topic != DEAD_LETTERS for each in sent)


LINE = {
    "phone": "+77015550101",
    "current": {"person_id": PERSON, "details": {"iin_tail": "0015"}},
    "waiting": [{"person_id": OTHER, "details": {"iin_tail": "0123"}}],
    "past": [{"person_id": "", "put_at": None}],
    "deliveries": [{"sid": "SM1", "message": {"person_id": PERSON, "text": "KZ86 for 0015"}}],
}


async def test_a_shared_line_is_sealed_field_by_field(vault: Vault, tmp_path: Path) -> None:
    name, state = NUMBER.encode(), json.dumps(LINE).encode()
    keys = await vault.at_hand((), [name])
    inner = (await vault.with_parts_sealed(keys, {name: state}))[name]
    assert b"0015" not in inner.state
    assert b"0123" not in inner.state
    assert b"+77015550101" in inner.state
    value = vault.sealed_row(keys, "lines", name, inner.state, inner.keys)
    assert b"+77015550101" not in value

    fresh = await vault.at_hand([value])
    assert json.loads(fresh.open_parts(value, fresh.open("lines", name, value))) == LINE

    await erase(tmp_path, PERSON)
    left = await vault_in(tmp_path).at_hand([value])
    found = json.loads(left.open_parts(value, left.open("lines", name, value)))
    assert found == LINE | {"current": None, "deliveries": [{"sid": "SM1", "message": None}]}

    await erase(tmp_path, NUMBER)
    gone = await vault_in(tmp_path).at_hand([value])
    assert not gone.alive(value)
    with pytest.raises(ErasedError):
        gone.open("lines", name, value)


@pytest.mark.parametrize("number", ["1.5", "1e22", "-0.0", "123456789012345678901234567890"])
async def test_numbers_that_a_fast_reader_changes_stay_as_they_are(vault: Vault, number: str) -> None:
    """Carriers say what they like, and a state that cannot be read ends the worker."""
    name, person = NUMBER.encode(), PERSON
    state = f'{{"code":{number},"waiting":[{{"person_id":"{person}","code":{number}}}]}}'.encode()
    keys = await vault.at_hand((), [name])
    inner = (await vault.with_parts_sealed(keys, {name: state}))[name]
    value = vault.sealed_row(keys, "lines", name, inner.state, inner.keys)
    fresh = await vault.at_hand([value])
    opened = fresh.open_parts(value, fresh.open("lines", name, value))
    assert repr(json.loads(opened)) == repr(json.loads(state))


async def test_rows_of_nobody_are_under_the_installations_key(vault: Vault) -> None:
    rows = {b"long-texts": b"+77015550101", b"gone": None}
    sealed = await vault.sealed_rows("attempts", rows)
    assert is_sealed(sealed[b"long-texts"])
    assert await vault.opened_rows("attempts", sealed) == rows
    assert await vault.sealed_rows("attempts", sealed) == sealed
