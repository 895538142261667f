"""The commands of SMPP 3.4 that we speak (4 and 5.1.2), read from and written as the bodies of PDUs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from sms.smpp.pdu import RESPONSE, Fields, MalformedPduError, c_string, tlvs
from sms.smpp.status import Status

VERSION = 0x34
"""The interface_version of SMPP 3.4."""


class Command(IntEnum):
    """The command_ids of requests that we send or understand; a response is one of them with `RESPONSE`."""

    BIND_RECEIVER = 0x00000001
    BIND_TRANSMITTER = 0x00000002
    SUBMIT_SM = 0x00000004
    DELIVER_SM = 0x00000005
    UNBIND = 0x00000006
    BIND_TRANSCEIVER = 0x00000009
    ENQUIRE_LINK = 0x00000015
    DATA_SM = 0x00000103
    ALERT_NOTIFICATION = 0x00000102


GENERIC_NACK = 0x80000000
"""The response to what can't be understood as a request."""

UDHI = 0x40
"""The bit of esm_class that says that the text begins with a user data header."""
RECEIPT_BITS = 0x3C
"""The bits of esm_class that say whether a deliver_sm is a text (0) or tells of one of ours."""
RECEIPT, INTERMEDIATE = 0x04, 0x20
"""An SMSC delivery receipt, and an intermediate notification."""

_LONGEST_SHORT_MESSAGE = 254


class Tag(IntEnum):
    """The optional parameters that we read or write (5.3.2)."""

    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


@dataclass(frozen=True, slots=True)
class Address:
    """An address: type of number (5.2.5), numbering plan indicator (5.2.6), and what it is."""

    ton: int
    npi: int
    text: str = field(repr=False)

    def encode(self) -> bytes:
        """As a field of a PDU. Raises `ValueError` where it is no address."""
        return bytes((self.ton, self.npi)) + c_string(self.text, 21)


@dataclass(frozen=True, slots=True)
class Bind:
    """A bind request, of whichever kind."""

    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    version: int = VERSION

    def encode(self) -> bytes:
        """The body. Raises `ValueError` where a field is too long."""
        return (
            c_string(self.system_id, 16)
            + c_string(self.password, 9)
            + c_string(self.system_type, 13)
            + bytes((self.version, 0, 0))
            + c_string("", 41)
        )

    @classmethod
    def read(cls, body: bytes) -> "Bind":
        """Read a body. Raises `MalformedPduError`."""
        fields = Fields(body)
        system_id = fields.c_string(16, "system_id", Status.ESME_RINVSYSID)
        password = fields.c_string(9, "password", Status.ESME_RINVPASWD)
        system_type = fields.c_string(13, "system_type", Status.ESME_RINVSYSTYP)
        version = fields.integer()
        fields.octets(2)
        fields.c_string(41, "address_range")
        return cls(system_id, password, system_type, version)


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """The body of a submit_sm or a deliver_sm, which have the same fields.

    `octets` is the user data: the short_message, or the message_payload where there is one.
    """

    source: Address
    destination: Address
    octets: bytes = field(repr=False)
    esm_class: int = 0
    data_coding: int = 0
    registered_delivery: int = 0
    validity: str = ""
    service_type: str = ""
    parameters: Mapping[int, bytes] = field(default_factory=dict, repr=False)

    def encode(self) -> bytes:
        """The body. Raises `ValueError` where a field can't be written."""
        short = b"" if Tag.MESSAGE_PAYLOAD in self.parameters else self.octets
        if len(short) > _LONGEST_SHORT_MESSAGE:
            raise ValueError("a short_message has at most 254 octets")
        return (
            c_string(self.service_type, 6)
            + self.source.encode()
            + self.destination.encode()
            + bytes((self.esm_class, 0, 0))
            + c_string("", 17)
            + c_string(self.validity, 17)
            + bytes((self.registered_delivery, 0, self.data_coding, 0, len(short)))
            + short
            + tlvs(self.parameters)
        )

    @classmethod
    def read(cls, body: bytes) -> "ShortMessage":
        """Read a body. Raises `MalformedPduError`."""
        fields = Fields(body)
        service_type = fields.c_string(6, "service_type", Status.ESME_RINVSERTYP)
        source = Address(fields.integer(), fields.integer(), _address(fields, Status.ESME_RINVSRCADR))
        destination = Address(fields.integer(), fields.integer(), _address(fields, Status.ESME_RINVDSTADR))
        esm_class = fields.integer()
        fields.octets(2)
        fields.c_string(17, "schedule_delivery_time", Status.ESME_RINVSCHED)
        validity = fields.c_string(17, "validity_period", Status.ESME_RINVEXPIRY)
        registered_delivery = fields.integer()
        fields.octets(1)
        data_coding = fields.integer()
        fields.octets(1)
        length = fields.integer()
        if length > _LONGEST_SHORT_MESSAGE:
            raise MalformedPduError("sm_length is over 254", Status.ESME_RINVMSGLEN)
        short = fields.octets(length)
        parameters = fields.tlvs()
        payload = parameters.get(Tag.MESSAGE_PAYLOAD)
        if payload is not None and short:
            raise MalformedPduError(
                "there is a short_message and a message_payload", Status.ESME_ROPTPARNOTALLWD
            )
        return cls(
            source,
            destination,
            short if payload is None else payload,
            esm_class,
            data_coding,
            registered_delivery,
            validity,
            service_type,
            parameters,
        )

    @property
    def is_text(self) -> bool:
        """Whether it brings a text, and does not tell of one of ours."""
        return not self.esm_class & RECEIPT_BITS


def _address(fields: Fields, status: int) -> str:
    return fields.c_string(21, "an address", status)


def read_message_id(body: bytes) -> str:
    """The message_id of a submit_sm_resp. Raises `MalformedPduError`."""
    return Fields(body).c_string(65, "message_id", Status.ESME_RINVMSGID)


def write_message_id(message_id: str) -> bytes:
    """The body of a submit_sm_resp; that of a deliver_sm_resp has an empty one."""
    return c_string(message_id, 65)


def response_to(command: int) -> int:
    """The command_id of the response."""
    return command | RESPONSE
