"""What the settings of encryption have to say together."""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.settings.settings import Settings

SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")
_WITH_PERSONAL_DATA = ("worker", "webhooks", "console")
"""The commands that send or keep personal data in what is ours alone."""
_WITHOUT_PERSONAL_DATA = ("topics", "publish", "http-intake", "keys pseudonyms")
"""Those that neither read nor write what is encrypted: on the settings of all they are given no keys."""


def encryption_faults(settings: "Settings", command: str | None) -> Iterator[str]:
    """A line for each setting of encryption that does not go with another, or with production."""
    key = settings.encryption_key.get_secret_value()
    database = settings.keys_database.get_secret_value()
    where = type(settings).model_fields["keys_database"].description
    if key and settings.encryption_command:
        yield "JARDEM_ENCRYPTION_KEY and JARDEM_ENCRYPTION_COMMAND are both set: keep one of them"
    yield from _command(settings)
    if database and not database.startswith((SQLITE, *_POSTGRES)):
        yield f"JARDEM_KEYS_DATABASE names neither PostgreSQL nor SQLite: set it to {where}"
    if settings.encrypts == "off":
        if (
            settings.profile == "production"
            and settings.encryption is None
            and command in _WITH_PERSONAL_DATA
        ):
            yield (
                "JARDEM_ENCRYPTION_KEY is missing: production encrypts personal data; set it and "
                "JARDEM_KEYS_DATABASE, or JARDEM_ENCRYPTION to off where they may lie on the brokers' disks "
                "in the clear"
            )
        return
    if command in _WITHOUT_PERSONAL_DATA:
        return
    if not key and not settings.encryption_command:
        yield (
            f"JARDEM_ENCRYPTION_KEY is missing while JARDEM_ENCRYPTION is {settings.encryption}: set it to "
            f"{type(settings).model_fields['encryption_key'].description}"
        )
    if not database:
        yield f"JARDEM_KEYS_DATABASE is missing where personal data are encrypted: set it to {where}"


def _command(settings: "Settings") -> Iterator[str]:
    try:
        shlex.split(settings.encryption_command)
    except ValueError as error:
        yield f"JARDEM_ENCRYPTION_COMMAND cannot be read as a command ({error}): mind its quotes"
