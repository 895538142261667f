"""What the console's settings need of each other: how it is reached, and how people sign in."""

import ipaddress
import stat
from collections.abc import Iterator
from urllib.parse import urlsplit

from streams.settings.settings import Settings
from streams.settings.values import variable

_OTHERS = 0o077
_OF_THE_CONSOLE = ("console", "doctor")


def console_faults(settings: Settings, command: str | None) -> Iterator[str]:
    """A line for each setting of the console that does not go with another.

    What only matters where the console runs is asked for its command and the doctor alone.
    """
    yield from _proxies(settings)
    if settings.profile == "production":
        yield from _in_the_clear(settings)
    if command is None or command in _OF_THE_CONSOLE:
        # The others may have the same settings, and are given no secret of the console's.
        yield from _provider(settings)
    if command in _OF_THE_CONSOLE:
        yield from _users(settings)
    if command == "console":
        yield from _reached(settings)


def _provider(settings: Settings) -> Iterator[str]:
    together = ("oidc_issuer", "oidc_client_id", "oidc_client_secret")
    held = {
        "oidc_issuer": settings.oidc_issuer,
        "oidc_client_id": settings.oidc_client_id,
        "oidc_client_secret": settings.oidc_client_secret.get_secret_value(),
    }
    if any(held.values()):
        for name in together:
            if not held[name]:
                description = type(settings).model_fields[name].description
                yield f"{variable(name)} is missing beside the others of OpenID: set it to {description}"
        if not settings.console_url:
            yield (
                "JARDEM_CONSOLE_URL is missing: the provider sends people back there; set it to "
                f"{type(settings).model_fields['console_url'].description}"
            )


def _proxies(settings: Settings) -> Iterator[str]:
    for part in filter(None, (one.strip() for one in settings.console_proxies.split(","))):
        try:
            ipaddress.ip_network(part)
        except ValueError:
            yield f"JARDEM_CONSOLE_PROXIES holds {part}, which is no address and no network like 10.0.0.0/8"


def _in_the_clear(settings: Settings) -> Iterator[str]:
    for name in ("console_url", "oidc_issuer"):
        address = getattr(settings, name)
        if address and urlsplit(address).scheme != "https":
            yield f"{variable(name)} is {address}: production needs https there"


def _users(settings: Settings) -> Iterator[str]:
    path = settings.console_users
    if path is None:
        return
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        yield f"JARDEM_CONSOLE_USERS names {path}, which is not there: jardem console users add makes it"
        return
    except OSError as error:
        yield f"JARDEM_CONSOLE_USERS names {path}, which cannot be read: {error.strerror}"
        return
    if stat.S_IMODE(mode) & _OTHERS:
        yield f"JARDEM_CONSOLE_USERS names {path}, which others can read: chmod 600 {path}"


def _reached(settings: Settings) -> Iterator[str]:
    if not settings.oidc_issuer and settings.console_users is None:
        yield (
            "nobody could sign in: set JARDEM_OIDC_ISSUER to the provider at which people sign in, or "
            "JARDEM_CONSOLE_USERS to a file of users"
        )
    if settings.console_url:
        parts = urlsplit(settings.console_url)
        if parts.path:
            yield f"JARDEM_CONSOLE_URL is {settings.console_url}: the console has a host of its own, no path"
        return
    if settings.profile == "production":
        yield "JARDEM_CONSOLE_URL is missing: production needs the https address at which people reach it"
    elif not is_loopback(settings.console_bind.host):
        yield (
            f"JARDEM_CONSOLE_BIND is {settings.console_bind}, which others reach too: set JARDEM_CONSOLE_URL "
            "to the address at which they do"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
