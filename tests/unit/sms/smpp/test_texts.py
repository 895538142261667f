"""Texts as octets and back: GSM's alphabet and its tables, UCS-2, Latin-1, and the parts of long ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.segments import count_segments, is_gsm7
from sms.smpp import alphabet, encoding, user_data
from sms.smpp.commands import UDHI, Address, ShortMessage, Tag
from sms.smpp.encoding import Coding
from sms.smpp.pdu import MalformedPduError
from sms.smpp.user_data import Part

GSM = st.text(st.sampled_from([c for c in map(chr, range(0x2000)) if is_gsm7(c)]))
MARKS = ("\ufeff", "\ufffe")
ANY = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: not text.startswith(MARKS))
NOWHERE = Address(1, 1, "77015550101")


def message(octets: bytes, *, header: bool = False, coding: int = 0, **more: object) -> ShortMessage:
    given_: dict[str, object] = {"esm_class": UDHI if header else 0, "data_coding": coding, **more}
    return ShortMessage(NOWHERE, NOWHERE, octets, **given_)  # type: ignore[arg-type]


@given(GSM)
def test_every_text_in_gsms_alphabet_comes_back(text: str) -> None:
    encoded = encoding.encode(text)
    assert encoded.coding == Coding.DEFAULT
    assert encoding.decode(encoded.octets, encoded.coding) == text


@given(ANY)
def test_every_text_comes_back_with_either_default_alphabet(text: str) -> None:
    for default in ("gsm", "latin1"):
        encoded = encoding.encode(text, default)
        assert encoding.decode(encoded.octets, encoded.coding, default) == text


def test_a_mark_of_the_byte_order_is_read_as_that() -> None:
    assert encoding.decode(b"\xfe\xff\x04\xd9", Coding.UCS2) == "ә"
    assert encoding.decode(b"\xff\xfe\xd9\x04", Coding.UCS2) == "ә"


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("@", b"\x00"),
        ("$", b"\x02"),
        ("_", b"\x11"),
        ("¡", b"\x40"),
        ("ä", b"\x7b"),
        ("à", b"\x7f"),
        ("€", b"\x1be"),
        ("|", b"\x1b@"),
        ("Δ", b"\x10"),
    ],
)
def test_characters_are_where_the_alphabet_has_them(text: str, octets: bytes) -> None:
    assert b"".join(alphabet.encode(text)) == octets
    assert alphabet.decode(octets) == text


def test_every_table_has_its_128_places() -> None:
    assert {len(table) for table in alphabet.LOCKING.values()} == {128}


@pytest.mark.parametrize(
    ("octets", "locking", "shift", "text"),
    [
        (b"\x1bG\x1bi", 0, 1, "Ğı"),
        (b"\x1bc\x07\x0b", 1, 1, "çıĞ"),
        (b"\x1bA\x1bo", 0, 2, "Áó"),
        (b"\x0b\x1b\x0c", 3, 3, "Ôô"),
        # A language that is not known here, and a code that the table does not have.
        (b"\x1be\x00", 9, 9, "€@"),
        (b"\x1bA", 0, 0, "A"),
        (b"\x1b\x1bA", 0, 0, " A"),
        (b"\x1b", 0, 0, ""),
        (b"\x80", 0, 0, "@"),
    ],
)
def test_national_tables_are_read(octets: bytes, locking: int, shift: int, text: str) -> None:
    assert alphabet.decode(octets, locking=locking, shift=shift) == text


def test_a_header_names_the_tables_and_the_part() -> None:
    header = b"\x24\x01\x01" + b"\x25\x01\x01" + b"\x00\x03\x2a\x02\x01"
    octets = bytes((len(header),)) + header + b"\x1bs\x07"
    assert user_data.read(message(octets, header=True)) == user_data.UserData("şı", Part(42, 2, 1))


@pytest.mark.parametrize(
    ("coding", "octets", "text"),
    [
        (0x01, b"a", "a"),
        (0x03, b"\xe9", "é"),
        (0x06, "да".encode("iso8859-5"), "да"),
        (0x08, "иә".encode("utf-16-be"), "иә"),
        (0x08, b"\xff\xfe" + "иә".encode("utf-16-le"), "иә"),
        (0x08, "1".encode("utf-16-be") + b"\x04", "1\ufffd"),
        (0x10, b"\x00", "@"),
        (0x18, "иә".encode("utf-16-be"), "иә"),
        (0xF0, b"1", "1"),
    ],
)
def test_a_data_coding_says_how_a_text_is_read(coding: int, octets: bytes, text: str) -> None:
    assert encoding.decode(octets, coding) == text


@pytest.mark.parametrize("coding", [0x02, 0x04, 0x05, 0x09, 0x14, 0xC0, 0xF4])
def test_what_is_no_text_is_refused(coding: int) -> None:
    with pytest.raises(MalformedPduError, match="none of text"):
        encoding.decode(b"1", coding)


@given(ANY, st.sampled_from([16, 255]))
def test_parts_are_as_many_as_are_counted_and_read_together_as_the_text(text: str, reference: int) -> None:
    encoded = encoding.encode(text)
    parts = user_data.split(encoded)
    assert len(parts) == count_segments(text)
    read = []
    for number, octets in enumerate(parts, 1):
        part = Part(reference, len(parts), number)
        data = (user_data.header(part) if len(parts) > 1 else b"") + octets
        found = user_data.read(message(data, header=len(parts) > 1, coding=encoded.coding))
        assert found.part == (part if len(parts) > 1 else None)
        read.append(found.text)
    assert "".join(read) == text


def test_references_of_16_bits_and_parameters_say_the_same() -> None:
    expected = user_data.UserData("1", Part(0x1234, 3, 2))
    assert user_data.read(message(b"\x06\x08\x04\x12\x34\x03\x021", header=True)) == expected
    assert user_data.read(message(b"1", parameters=user_data.sar(Part(0x1234, 3, 2)))) == expected


@pytest.mark.parametrize("triple", [b"\x07\x00\x01", b"\x07\x02\x00", b"\x07\x02\x03", b"\x07\x01\x01"])
def test_a_part_that_cannot_be_is_a_text_of_its_own(triple: bytes) -> None:
    assert user_data.read(message(b"\x05\x00\x03" + triple + b"1", header=True)).part is None


@pytest.mark.parametrize("octets", [b"", b"\x05\x00\x03\x01", b"\x02\x00\x03", b"\x01\x00", b"\xff"])
def test_a_header_that_lies_about_its_length_is_refused(octets: bytes) -> None:
    with pytest.raises(MalformedPduError, match="header"):
        user_data.read(message(octets, header=True))


def test_a_text_of_more_than_255_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="255"):
        user_data.split(encoding.encode("ә" * (67 * 255 + 1)))
    assert len(user_data.split(encoding.encode("ә" * (67 * 255)))) == 255


def test_the_payload_stands_in_the_place_of_the_short_message() -> None:
    long = message(b"x" * 300, parameters={Tag.MESSAGE_PAYLOAD: b"x" * 300})
    assert ShortMessage.read(long.encode()) == long
    with pytest.raises(ValueError, match="254"):
        message(b"x" * 255).encode()
