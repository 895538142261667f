"""What can be answered at a press on the page of handsets: the answers to the question that is open there."""

from collections.abc import Sequence

from ops.demo.recognise import iin_tail, kind_of
from schemas.values import check_iban
from sms.simulator import QuickAnswer

_NO = QuickAnswer("0", "no")
_TWO_LANGUAGES = (QuickAnswer("1", "agree, in Kazakh"), QuickAnswer("2", "agree, in Russian"), _NO)
_CHOICE = (QuickAnswer("3", "together, in one"), QuickAnswer("4", "on its own"), _NO)
_IBAN_BASE = 97


def quick_answers(phone: str, texts: Sequence[str]) -> Sequence[QuickAnswer]:
    """What the texts that nobody has answered on this phone ask: the newest question that is still open.

    A notice to the same person closes a question; a reminder does not, nor what a relative is told on a phone
    that they share.
    """
    closed: set[str | None] = set()
    for text in reversed(texts):
        kind = (kind_of(text) or "").removeprefix("explain_")
        asked = _asked(kind, phone)
        if asked and (iin_tail(text) is None or iin_tail(text) not in closed):
            return asked
        if kind != "reminder":
            closed.add(iin_tail(text))
    return ()


def _asked(kind: str, phone: str) -> Sequence[QuickAnswer]:
    account = sample_account(phone)
    return {
        "offer": _TWO_LANGUAGES,
        "one_application": _CHOICE,
        "account": (QuickAnswer(account, "paste an account", fills=True), _NO),
        "account_known": (
            QuickAnswer("5", "yes, this account"),
            QuickAnswer(account, "paste an account", fills=True),
            _NO,
        ),
    }.get(kind, ())


def sample_account(phone: str) -> str:
    """A valid account for whoever is on the phone, always the same: a made-up one, as they are.

    >>> sample_account("+77010000001")
    'KZ46125KZT7010000001'
    """
    account = f"125KZT{phone[-10:]}"
    as_number = int("".join(str(int(sign, 36)) for sign in f"{account}KZ00"))
    return check_iban(f"KZ{_IBAN_BASE + 1 - as_number % _IBAN_BASE:02d}{account}")
