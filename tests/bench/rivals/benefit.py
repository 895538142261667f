"""What of the full case is the same in every rival in Python: texts, checks, what is sent.

Standard library only.
"""

import base64
import hmac
import json
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

OFFER = (
    "Вам положена выплата: Вам присвоено почётное звание. Мы узнали о нём из реестра наград, заявление "
    "подавать не нужно, справки не нужны. Выплата ежемесячная, на Ваш счёт в любом банке Казахстана. "
    "Если согласны её получать, ответьте на это SMS цифрой 1, если нет, цифрой 2. Ответ ждём трое суток. "
    "Отказаться можно и позже. Вопросы: 1414, звонок бесплатный."
)
ACCOUNT = "Спасибо. Пришлите в ответ номер счёта (IBAN), 20 знаков, начинается с KZ."
AGAIN = "Это не номер счёта. Проверьте его и пришлите ещё раз: 20 знаков, начинается с KZ."
DECIDED = "Выплата назначена и будет приходить на счёт, который Вы назвали."

PATIENCE = timedelta(days=3)
"""How long an offer waits for its answer."""

YES = "1"

_TOKEN = b"the-token-of-the-load"
_SENDER = "+77000000000"
_MESSAGES = "/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json"
_IBAN_LENGTH, _IBAN_MODULUS = 20, 97


def settings() -> dict[str, Any]:
    """What `run.py` has told this service."""
    told: dict[str, Any] = json.loads(sys.argv[1])
    return told


def form(body: bytes) -> dict[str, str]:
    """The fields of a form."""
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def is_signed(url: str, fields: Mapping[str, str], signature: str) -> bool:
    """Whether Twilio has signed this call of `url`."""
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    right = base64.b64encode(hmac.digest(_TOKEN, signed.encode(), "sha1"))
    return hmac.compare_digest(right, signature.encode())


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN of Kazakhstan, right by its check digits."""
    if len(text) != _IBAN_LENGTH or not text.startswith("KZ") or not (text.isascii() and text.isalnum()):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % _IBAN_MODULUS == 1


def messages_url(sms: str) -> str:
    """Where messages are sent to at this SMS API."""
    return sms + _MESSAGES


def message(phone: str, text: str) -> dict[str, str]:
    """The form of a message."""
    return {"To": phone, "From": _SENDER, "Body": text}


def decision(iin: str, decision_id: str, iban: str) -> dict[str, str]:
    """A grant, as it is made known."""
    return {"iin": iin, "decision_id": decision_id, "outcome": "granted", "iban": iban}
