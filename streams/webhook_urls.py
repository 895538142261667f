"""The addresses at which the SMS API calls us, and what their fragment asks of it.

Twilio calls that *connection overrides*: `#rc=5&rp=5xx,ct,rt` behind a webhook's address asks for five
repeats of a call that was answered with 5xx, could not connect or got no answer in time. Without it a call is
repeated once, and only where it could not connect. The fragment is for whoever calls: it is not sent, and no
part of what is signed.
"""

import re
from dataclasses import dataclass
from urllib.parse import urldefrag

INBOUND, STATUS = "/sms/inbound", "/sms/status"
"""Where citizens' messages, and statuses of ours, are posted to."""

ASKED_FOR = "rc=5&rp=5xx,ct,rt"
"""What we ask for where the configured address asks for nothing."""

_NUMBERS = {"rc": range(6), "ct": range(100, 10_001), "rt": range(100, 15_001), "tt": range(100, 15_001)}
_POLICIES = frozenset(("4xx", "5xx", "ct", "rt", "all"))
_NAME = re.compile(r"[a-z]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a fragment asks for; the defaults are what is done without one.

    `repeats` are made at most, and only after a failure of the `policies`: `4xx` and `5xx` (what was
    answered), `ct` (no connection), `rt` (no answer in time), or `all`. All seconds are real time; `total`
    bounds the call together with its repeats.
    """

    repeats: int = 1
    policies: frozenset[str] = frozenset(("ct",))
    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    total_seconds: float = 15.0

    def repeat_after(self, failure: str) -> bool:
        """Whether a call is repeated after a failure: `4xx`, `5xx`, `ct` or `rt`."""
        return failure in self.policies or "all" in self.policies


def read_overrides(fragment: str) -> Overrides:
    """What the fragment asks for. Parameters that we do not know are the SMS API's to judge.

    Raises `ValueError` for what the SMS API would refuse the whole address for.
    """
    values: dict[str, str] = {}
    for pair in fragment.split("&") if fragment else ():
        name, given, value = pair.partition("=")
        if not given or not value or not _NAME.fullmatch(name) or name in values:
            raise ValueError("the fragment is not name=value, parted by &, each name once")
        values[name] = value
    for name, allowed in _NUMBERS.items():
        value = values.get(name, "")
        if name in values and (not re.fullmatch("[0-9]+", value) or int(value) not in allowed):
            raise ValueError(f"{name} in the fragment is a number from {allowed.start} to {allowed.stop - 1}")
    policies = frozenset(values.get("rp", "ct").split(","))
    if not policies <= _POLICIES:
        raise ValueError("rp in the fragment holds some of 4xx,5xx,ct,rt, or all")
    return Overrides(
        repeats=int(values.get("rc", "1")),
        policies=policies,
        connect_seconds=int(values.get("ct", "5000")) / 1000,
        read_seconds=int(values.get("rt", "15000")) / 1000,
        total_seconds=int(values.get("tt", "15000")) / 1000,
    )


def webhook_url(public_url: str, path: str) -> str:
    """The address of a webhook as the SMS API is to be told it, with what it asks for.

    >>> webhook_url("https://sms.example.kz", INBOUND)
    'https://sms.example.kz/sms/inbound#rc=5&rp=5xx,ct,rt'
    """
    base, fragment = urldefrag(public_url)
    return f"{base}{path}#{fragment or ASKED_FOR}"


def without_fragment(url: str) -> str:
    """The address as it is called and signed."""
    return urldefrag(url).url
