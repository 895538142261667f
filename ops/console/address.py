"""Under which address the console is reached, and under which names it answers."""

from collections.abc import Collection
from urllib.parse import urlsplit

from streams.settings.settings import Settings

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def hosts_of(settings: Settings) -> Collection[str]:
    """The names under which the console answers; without a public address, this machine's own.

    Whoever makes a browser call it by another name (DNS rebinding) gets nothing.

    >>> hosts_of(Settings(console_url="https://Console.example.kz:8443"))
    ('console.example.kz',)
    """
    if settings.console_url:
        return (urlsplit(settings.console_url).hostname or "",)
    return (*_THIS_MACHINE, settings.console_bind.host)


def host_name(header: str) -> str:
    """The name in a header `Host`, without its port; empty where it is none.

    >>> host_name("[::1]:8090"), host_name("console.example.kz"), host_name("a:b:c")
    ('::1', 'console.example.kz', '')
    """
    try:
        parts = urlsplit(f"//{header}")
        strange = parts.username or parts.path or (parts.port or 1) < 0
    except ValueError:
        return ""
    return "" if strange else parts.hostname or ""


def origin_of(settings: Settings, host: str) -> str:
    """The origin of our own pages, as browsers name it; `host` is the header of the request."""
    if settings.console_url:
        parts = urlsplit(settings.console_url)
        return f"{parts.scheme}://{parts.netloc}"
    return f"http://{host}"
