"""Makes of a text what is to be submitted for it: one short message, or a part after the other."""

import random
from collections.abc import Iterator, Sequence

from schemas.values import Phone
from sms.smpp import encoding, user_data
from sms.smpp.account import Account
from sms.smpp.commands import UDHI, ShortMessage, Tag

_RECEIPT_WANTED = 1


class Composer:
    """Composes for an account: its alphabet, its way with long texts, its sender."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._reference = random.randrange(256)  # noqa: S311 - it only tells texts to one number apart

    def bodies(self, phone: Phone, text: str) -> Sequence[bytes]:
        """The bodies of the submit_sm of a text, in the order of its parts. Raises `ValueError`."""
        return [message.encode() for message in self._messages(phone, text)]

    def _messages(self, phone: Phone, text: str) -> Iterator[ShortMessage]:
        """What is to be submitted for a text. A receipt is asked for the last part: it names the message.

        Raises `ValueError`.
        """
        account = self._account
        encoded = encoding.encode(text, account.default_alphabet)
        parts = user_data.split(encoded)
        if account.long_texts == "payload" and len(parts) > 1:
            yield self._message(phone, encoded.octets, encoded.coding, {Tag.MESSAGE_PAYLOAD: encoded.octets})
            return
        self._reference = (self._reference + 1) % 256
        for number, octets in enumerate(parts, 1):
            part = user_data.Part(self._reference, len(parts), number)
            wanted = number == len(parts)
            if len(parts) == 1:
                yield self._message(phone, octets, encoded.coding)
            elif account.long_texts == "udh":
                data = user_data.header(part) + octets
                yield self._message(phone, data, encoded.coding, esm_class=UDHI, receipt=wanted)
            else:
                yield self._message(phone, octets, encoded.coding, user_data.sar(part), receipt=wanted)

    def _message(
        self,
        phone: Phone,
        octets: bytes,
        coding: int,
        parameters: dict[int, bytes] | None = None,
        *,
        esm_class: int = 0,
        receipt: bool = True,
    ) -> ShortMessage:
        return ShortMessage(
            source=self._account.source(),
            destination=self._account.destination(phone),
            octets=octets,
            esm_class=esm_class,
            data_coding=coding,
            registered_delivery=_RECEIPT_WANTED if receipt else 0,
            service_type=self._account.service_type,
            parameters=parameters or {},
        )
