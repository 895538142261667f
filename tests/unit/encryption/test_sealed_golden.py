"""What was sealed once is opened for ever: bytes that the first release with encryption has written."""

import json
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from streams.dead_letters import DEAD_LETTERS
from streams.encryption import letters, parts
from streams.encryption.sealed import KeysAtHand, seal
from streams.key_store.keyring import DataKey
from streams.packing.packed import unpack
from streams.records import Outgoing, Record
from tests.unit.encryption.keys import NUMBER, OTHER

GOLDEN = Path(__file__).with_name("sealed.json")
OWN = DataKey(b"number01", NUMBER, AESSIV(bytes(range(64))))
THEIRS = DataKey(b"person02", OTHER, AESSIV(bytes(range(64, 128))))
STATE = b'{"phone":"+77015550101","waiting":[{"person_id":"%s","text":"0123"}]}' % OTHER.encode()
LETTER = Outgoing(
    DEAD_LETTERS, b"key", None, (("odd\udcff", b"1"), ("jardem_reason", b"r"), ("nothing", b""))
)


def test_a_row_with_a_part_a_record_and_a_letter_are_opened() -> None:
    stored = {name: bytes.fromhex(text) for name, text in json.loads(GOLDEN.read_text()).items()}
    keys = KeysAtHand({OWN.id: OWN, THEIRS.id: THEIRS})
    state = keys.open("lines", NUMBER.encode(), stored["row"])
    assert json.loads(keys.open_parts(stored["row"], state)) == json.loads(STATE)
    assert unpack(keys.open("sms.inbox.v1", NUMBER.encode(), stored["record"])) == STATE
    letter = Record(DEAD_LETTERS, 0, 0, None, None, b"", (("jardem_reason", b"r"),))
    found = letters.unpacked(letter, keys.open(DEAD_LETTERS, b"", stored["letter"]))
    assert (found.key, found.value) == (b"key", None)
    assert sorted(found.headers) == sorted(LETTER.headers)


def test_the_same_is_written_today() -> None:
    stored = {name: bytes.fromhex(text) for name, text in json.loads(GOLDEN.read_text()).items()}
    inner, order = parts.sealed(STATE, {OTHER: THEIRS})
    assert seal(OWN, "lines", NUMBER.encode(), inner, order) == stored["row"]
    assert seal(OWN, DEAD_LETTERS, b"", letters.packed(LETTER)) == stored["letter"]
