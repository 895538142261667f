"""Long texts: the user data header and its parts (3GPP TS 23.040, 9.2.3.24), and the sar_* parameters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sms.smpp.commands import UDHI, ShortMessage, Tag
from sms.smpp.encoding import Default, Encoded, decode
from sms.smpp.pdu import MalformedPduError
from sms.smpp.status import Status

_CONCATENATED_8, _CONCATENATED_16, _SHIFT, _LOCKING = 0x00, 0x08, 0x24, 0x25
_GSM_ALONE, _GSM_PART = 160, 153
_OCTETS_ALONE, _OCTETS_PART = 140, 134
MOST_PARTS = 255


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a long text it is: the reference that all share, their count, its number from 1."""

    reference: int
    count: int
    number: int


@dataclass(frozen=True, slots=True)
class UserData:
    """A text, or a part of one."""

    text: str = field(repr=False)
    part: Part | None = None


def read(message: ShortMessage, default: Default = "gsm") -> UserData:
    """What a deliver_sm or submit_sm says. Raises `MalformedPduError`."""
    octets = message.octets
    elements: dict[int, bytes] = {}
    if message.esm_class & UDHI:
        header, octets = _parted(octets)
        elements = dict(_elements(header))
    part = _of_header(elements) or _of_parameters(message.parameters)
    locking, shift = (elements.get(each, b"\0")[0] for each in (_LOCKING, _SHIFT))
    return UserData(decode(octets, message.data_coding, default, locking=locking, shift=shift), part)


def split(encoded: Encoded) -> list[bytes]:
    """The octets of each part, as many as are needed; no character is parted between two.

    Raises `ValueError` where a text would need more than 255 parts.
    """
    alone, most = (_GSM_ALONE, _GSM_PART) if encoded.is_gsm else (_OCTETS_ALONE, _OCTETS_PART)
    if len(encoded.octets) <= alone:
        return [encoded.octets]
    parts = [bytearray()]
    for character in encoded.characters:
        if len(parts[-1]) + len(character) > most:
            parts.append(bytearray())
        parts[-1] += character
    if len(parts) > MOST_PARTS:
        raise ValueError("a text has at most 255 parts")
    return [bytes(part) for part in parts]


def header(part: Part) -> bytes:
    """The user data header of a part, with a reference of 8 bits."""
    return bytes((5, _CONCATENATED_8, 3, part.reference & 0xFF, part.count, part.number))


def sar(part: Part) -> dict[int, bytes]:
    """The optional parameters that say the same."""
    return {
        Tag.SAR_MSG_REF_NUM: part.reference.to_bytes(2, "big"),
        Tag.SAR_TOTAL_SEGMENTS: bytes((part.count,)),
        Tag.SAR_SEGMENT_SEQNUM: bytes((part.number,)),
    }


def _parted(octets: bytes) -> tuple[bytes, bytes]:
    """The header's elements, and what follows them."""
    end = 1 + (octets[0] if octets else 0)
    if not octets or end > len(octets):
        raise MalformedPduError("a user data header is longer than the text", Status.ESME_RINVMSGLEN)
    return octets[1:end], octets[end:]


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(header):
        value = header[at + 2 : at + 2 + (header[at + 1] if at + 1 < len(header) else 0)]
        if at + 1 >= len(header) or len(value) != header[at + 1]:
            raise MalformedPduError("a user data header ends in the middle", Status.ESME_RINVMSGLEN)
        if value:
            yield header[at], value
        at += 2 + len(value)


def _of_header(elements: Mapping[int, bytes]) -> Part | None:
    for element, octets in ((_CONCATENATED_8, 1), (_CONCATENATED_16, 2)):
        value = elements.get(element)
        if value is not None and len(value) == octets + 2:
            return _part(int.from_bytes(value[:octets], "big"), value[-2], value[-1])
    return None


def _of_parameters(parameters: Mapping[int, bytes]) -> Part | None:
    reference, count, number = (
        parameters.get(tag) for tag in (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)
    )
    if not (reference and count and number):
        return None
    return _part(int.from_bytes(reference[:2], "big"), count[0], number[0])


def _part(reference: int, count: int, number: int) -> Part | None:
    """TS 23.040 wants a count of 0, and a number that can't be, to be taken as if nothing had been said."""
    if count <= 1 or not 1 <= number <= count:
        return None
    return Part(reference, count, number)
