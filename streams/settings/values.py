"""The settings' own kinds of values, each read from one line of text."""

import re
from dataclasses import dataclass
from datetime import time
from typing import Annotated
from urllib.parse import SplitResult, urldefrag, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from streams.webhook_urls import read_overrides

_LONGEST_PAUSE = 3600
_NOT_IN_A_BASE = re.compile(r"[\x00-\x20\x7f\s?#]")
_FOR_EVER = "for_ever"
_SHORTEST_RETENTION = 30
# A hundred years: what is added to an instant of today stays within the calendar.
_LONGEST_RETENTION = 36_500


PREFIX = "JARDEM_"
"""With which the name of every variable begins."""


CONSOLE_ROLES = ("viewer", "caseworker", "officer", "operator")
"""The roles of the console's users."""


def variable(name: str) -> str:
    """The environment variable of a field."""
    return PREFIX + name.upper()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server of ours listens. Port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read `host:port`, or `[host]:port` for IPv6. Raises ValueError.

        >>> Address.parse("[::1]:8080")
        Address(host='::1', port=8080)
        """
        parts = urlsplit(f"//{text.strip()}")
        if not parts.hostname or parts.port is None or parts.path or parts.query or parts.username:
            raise ValueError("not host:port")
        return cls(parts.hostname, parts.port)


@dataclass(frozen=True, slots=True)
class DayHours:
    """The hours of each day, Almaty time, from `begins` up to `ends`."""

    begins: time
    ends: time

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"

    @classmethod
    def parse(cls, text: str) -> "DayHours":
        """Read `09:00-21:00`. Raises ValueError.

        >>> str(DayHours.parse("09:00 - 21:00"))
        '09:00-21:00'
        """
        begins, _, ends = text.partition("-")
        hours = cls(time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip()))
        if hours.begins >= hours.ends or hours.begins.tzinfo or hours.ends.tzinfo:
            raise ValueError("the hours must begin before they end, on one day, without a zone")
        return hours


class RoleNames(dict[str, str]):
    """What the provider calls roles of the console, by our names."""

    def __str__(self) -> str:
        return ",".join(f"{role}={name}" for role, name in self.items())

    @classmethod
    def parse(cls, text: str) -> "RoleNames":
        """Read `caseworker=social-worker,officer=chief`. Raises ValueError.

        >>> RoleNames.parse("officer = chief")["officer"]
        'chief'
        """
        names = cls()
        for part in filter(None, (one.strip() for one in text.split(","))):
            role, _, name = (one.strip() for one in part.partition("="))
            if role not in CONSOLE_ROLES or not name or role in names:
                raise ValueError("not role=name, each role once")
            names[role] = name
        return names


def _off(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() == "off"


def _optional_address(value: object) -> object:
    return None if _off(value) else _address(value)


def _address(value: object) -> object:
    return Address.parse(value) if isinstance(value, str) else value


def _optional_hours(value: object) -> object:
    if _off(value):
        return None
    return DayHours.parse(value) if isinstance(value, str) else value


def _optional_seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    if _off(value):
        return None
    seconds = float(value)
    if not 1 <= seconds <= _LONGEST_PAUSE:
        raise ValueError(f"from 1 to {_LONGEST_PAUSE}")
    return seconds


def _retention(value: object) -> object:
    if isinstance(value, str):
        text = value.strip()
        if text == _FOR_EVER:
            return None
        # Neither a sign nor an exponent, and no more digits than the longest has.
        if not (text.isascii() and text.isdecimal()) or len(text) > len(str(_LONGEST_RETENTION)):
            raise ValueError(f"neither days nor {_FOR_EVER}")
        value = int(text)
    if isinstance(value, int) and not _SHORTEST_RETENTION <= value <= _LONGEST_RETENTION:
        raise ValueError(f"from {_SHORTEST_RETENTION} to {_LONGEST_RETENTION} days")
    return value


def _role_names(value: object) -> object:
    return RoleNames.parse(value) if isinstance(value, str) else value


def _public_url(value: str) -> str:
    base, fragment = urldefrag(value)
    read_overrides(fragment)
    return _url(base) + (f"#{fragment}" if fragment else "")


def _url(value: str) -> str:
    parts = urlsplit(value)
    if value and (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or _port(parts) == 0
        or parts.username
        or _NOT_IN_A_BASE.search(value)
    ):
        raise ValueError("not an http address")
    return value.rstrip("/")


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise ValueError("not an http address: its port is none") from None


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not in the zone database") from None
    return value


def _brokers(value: str) -> str:
    addresses = [Address.parse(part) for part in value.split(",")] if value else []
    return ",".join(map(str, addresses))


Bind = Annotated[Address, NoDecode, BeforeValidator(_address)]
"""Where to listen."""

OptionalBind = Annotated[Address | None, NoDecode, BeforeValidator(_optional_address)]
"""Where to listen; `off` for nowhere."""

OptionalAddress = Annotated[Address | None, NoDecode, BeforeValidator(_address)]
"""Where a server of somebody else's listens; None when it is not set."""

Zone = Annotated[str, AfterValidator(_zone)]
"""A zone of the zone database."""

Hours = Annotated[DayHours | None, NoDecode, BeforeValidator(_optional_hours)]
"""Hours of the day; `off` for all of them."""

OptionalSeconds = Annotated[float | None, NoDecode, BeforeValidator(_optional_seconds)]
"""Seconds between two looks; `off` for none."""

RetentionDays = Annotated[int | None, NoDecode, BeforeValidator(_retention)]
"""For how many days personal data are kept; `for_ever` for no end, which is None."""

Roles = Annotated[RoleNames | None, NoDecode, BeforeValidator(_role_names)]
"""What somebody else calls our roles."""

WebAddress = Annotated[str, AfterValidator(_url)]
"""An http or https address without a slash at its end; empty when it is not set."""

PublicAddress = Annotated[str, AfterValidator(_public_url)]
"""A web address that may ask something of whoever calls it, behind a # (see `streams.webhook_urls`)."""

Brokers = Annotated[str, AfterValidator(_brokers)]
"""host:port, several of them parted by commas; empty when it is not set."""
