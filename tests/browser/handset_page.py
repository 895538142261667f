"""What the tests of the page of handsets share: what is sent and asked there, and where it stands."""

import json
from collections.abc import Sequence

from sms.carrier import Accepted
from sms.simulator import QuickAnswer, Simulator
from tests.unit.sms.carriers import twilio_carrier

PHONE, OTHER = "+77015550101", "+77015550102"
OFFER = (
    "Е-макет: Сізге жәрдемақы тағайындалуы мүмкін. 1 - иә, 0 - жоқ.\n\nВам положено пособие. 2 - да, 0 - нет."
)
CHOICE, ACCOUNT = "Бірге ме? 3 - иә, 4 - жоқ.", "Шотыңызды жіберіңіз."
IBAN = "KZ86125KZT5004100100"


def asked(phone: str, texts: Sequence[str]) -> Sequence[QuickAnswer]:
    """What the last text asks, as whoever runs the simulator says it."""
    del phone
    no = QuickAnswer("0", "no")
    return {
        OFFER: (QuickAnswer("1", "agree, in Kazakh"), QuickAnswer("2", "agree, in Russian"), no),
        CHOICE: (QuickAnswer("3", "together, in one"), QuickAnswer("4", "on its own"), no),
        ACCOUNT: (QuickAnswer(IBAN, "paste an account", fills=True), no),
    }.get(texts[-1] if texts else "", ())


async def send(simulator: Simulator, phone: str, text: str) -> None:
    async with twilio_carrier(simulator.url, status_callback="") as carrier:
        assert isinstance(await carrier.send(phone, text), Accepted)


def on(phone: str, selector: str) -> str:
    """An element of a handset, as an expression."""
    handset = json.dumps(f'[aria-label="Handset {phone}"]')
    return f"document.querySelector({handset}).querySelector({json.dumps(selector)})"


def button(digit: int) -> str:
    """The button of a quick answer, as an expression."""
    return on(PHONE, f'[data-answer="{digit}"]')


def quick_answer(digit: int) -> str:
    """Pressing the button of a quick answer."""
    return f"{button(digit)}.click()"
