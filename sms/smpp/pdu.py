"""Protocol data units (PDUs) as octets: the header, the fields, their bounds (SMPP 3.4, 3 and 5)."""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sms.smpp.status import Status

HEADER = 16
"""The octets of a header: command_length, command_id, command_status, sequence_number."""
LARGEST = 70_000
"""No PDU that we take is longer: a message_payload has up to 64 KB, what stands before it some hundreds."""
RESPONSE = 0x80000000
"""The bit of a command_id that makes it the response to a request."""
LAST_SEQUENCE = 0x7FFFFFFF
"""After this sequence_number comes 1 again."""

_HEADER = struct.Struct(">IIII")
_TLV = struct.Struct(">HH")
_DIGITS_OF_A_COMMAND = 8


class MalformedPduError(ValueError):
    """A PDU that is not as it should be. The message repeats nothing of it; `status` is the answer to it."""

    def __init__(self, reason: str, status: int = Status.ESME_RSYSERR) -> None:
        super().__init__(reason)
        self.status = status


class UnframedError(MalformedPduError):
    """A command_length that can't be right: nobody knows where the next PDU begins, and the session ends."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU. `body` is what follows the header; it holds numbers and texts, so it is never shown."""

    command: int
    status: int = Status.ESME_ROK
    sequence: int = 0
    body: bytes = field(default=b"", repr=False)

    @property
    def is_response(self) -> bool:
        """Whether it answers a request."""
        return bool(self.command & RESPONSE)

    def encode(self) -> bytes:
        """The octets that go over the wire."""
        return _HEADER.pack(HEADER + len(self.body), self.command, self.status, self.sequence) + self.body


def length_of(header: bytes) -> int:
    """How many octets the body has that follows this header. Raises `UnframedError`."""
    length: int = _HEADER.unpack(header)[0]
    if length < HEADER:
        raise UnframedError("a command_length is shorter than a header", Status.ESME_RINVCMDLEN)
    if length > LARGEST:
        raise UnframedError("a command_length is longer than any PDU that we take", Status.ESME_RINVCMDLEN)
    return length - HEADER


def read_header(header: bytes, body: bytes) -> Pdu:
    """The PDU of a header and the body that followed it."""
    _, command, status, sequence = _HEADER.unpack(header)
    return Pdu(command, status, sequence, body)


def named(command: int) -> str:
    """A command_id as logs show it."""
    return f"0x{command:0{_DIGITS_OF_A_COMMAND}X}"


class Fields:
    """Reads the fields of a body in their order. Raises `MalformedPduError` where the body ends too early."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def integer(self, octets: int = 1) -> int:
        """An unsigned integer of so many octets."""
        return int.from_bytes(self.octets(octets), "big")

    def octets(self, count: int) -> bytes:
        """So many octets as they are."""
        end = self._at + count
        if end > len(self._body):
            raise MalformedPduError("a PDU ends in the middle of a field", Status.ESME_RINVCMDLEN)
        self._at, begin = end, self._at
        return self._body[begin:end]

    def c_string(self, most: int, name: str, status: int = Status.ESME_RSYSERR) -> str:
        """A C-Octet String of at most `most` octets with the NULL at its end, which is not returned.

        Octets beyond ASCII are none that the specification allows there; they are read as Latin-1.
        """
        end = self._body.find(b"\0", self._at, self._at + most)
        if end < 0:
            raise MalformedPduError(f"{name} has no end within {most} octets", status)
        begin, self._at = self._at, end + 1
        return self._body[begin:end].decode("latin-1")

    def tlvs(self) -> dict[int, bytes]:
        """The optional parameters up to the body's end: of one that is there twice, the first."""
        found: dict[int, bytes] = {}
        while self._at < len(self._body):
            tag, length = _TLV.unpack(self._left(_TLV.size))
            found.setdefault(tag, self._left(length))
        return found

    def _left(self, count: int) -> bytes:
        try:
            return self.octets(count)
        except MalformedPduError:
            raise MalformedPduError(
                "the optional parameters end in the middle of one", Status.ESME_RINVOPTPARSTREAM
            ) from None


def c_string(text: str, most: int) -> bytes:
    """A C-Octet String. Raises `ValueError` where it is longer than `most` with its NULL, or not ASCII."""
    octets = text.encode("ascii") + b"\0"
    if len(octets) > most or b"\0" in octets[:-1]:
        raise ValueError(f"a field takes at most {most - 1} characters, and no NULL")
    return octets


def tlvs(parameters: Mapping[int, bytes] | Iterable[tuple[int, bytes]]) -> bytes:
    """Optional parameters, in their order."""
    pairs = parameters.items() if isinstance(parameters, Mapping) else parameters
    return b"".join(_TLV.pack(tag, len(value)) + value for tag, value in pairs)
