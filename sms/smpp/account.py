"""An account at an operator's SMSC: where it is, who we are there, and how this operator does things."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from sms.smpp.commands import Address, Bind
from sms.smpp.encoding import Default
from sms.smpp.receipts import IdForm

BindKind = Literal["transceiver", "pair"]
"""One bind for both ways, or a transmitter and a receiver."""
LongTexts = Literal["udh", "sar", "payload"]
"""How a text that needs several SMS is handed over: parted by us, with headers or parameters, or whole."""

_LONGEST_SHORT_CODE = 6
_INTERNATIONAL, _NETWORK_SPECIFIC = 1, 3
_ISDN, _UNKNOWN = 1, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is agreed with an operator, and what its SMSC is like. docs/carriers.md has each with an example.

    `name` is what evidence calls this carrier. `binds` is how many there may be in all, null where nobody
    said. `per_second` is how many submit_sm a bind may send, 0 for any number; `window` how many may await
    their response. Seconds are real time.
    """

    name: str
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    sender: str
    system_type: str = ""
    bind: BindKind = "transceiver"
    binds: int | None = None
    tls: bool = False
    tls_ca: Path | None = None
    source_ton: int | None = None
    source_npi: int | None = None
    destination_ton: int = _INTERNATIONAL
    destination_npi: int = _ISDN
    service_type: str = ""
    window: int = 10
    per_second: float = 0.0
    enquire_seconds: float = 30.0
    response_seconds: float = 10.0
    long_texts: LongTexts = "udh"
    default_alphabet: Default = "gsm"
    receipt_ids: IdForm = "same"
    gsm_errors: bool = False
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Almaty"))

    @property
    def binds_of_a_worker(self) -> int:
        """How many binds each worker wants."""
        return 2 if self.bind == "pair" else 1

    def credentials(self) -> Bind:
        """What a bind is asked for with."""
        return Bind(self.system_id, self.password, self.system_type)

    def source(self) -> Address:
        """What messages leave from. Where no TON and NPI are agreed they follow from its form."""
        digits = self.sender.removeprefix("+")
        short = len(digits) <= _LONGEST_SHORT_CODE
        ton = (
            self.source_ton if self.source_ton is not None else _NETWORK_SPECIFIC if short else _INTERNATIONAL
        )
        npi = self.source_npi if self.source_npi is not None else _UNKNOWN if short else _ISDN
        return Address(ton, npi, digits)

    def destination(self, phone: str) -> Address:
        """A citizen's number, given in E.164."""
        return Address(self.destination_ton, self.destination_npi, phone.removeprefix("+"))
