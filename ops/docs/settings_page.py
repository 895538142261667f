"""The page of all settings, drawn from the settings themselves."""

from collections.abc import Iterator

from pydantic import SecretStr

from streams.key_set import DEVELOPMENT_ISSUER
from streams.settings.checks import NEEDS, NEEDS_IN_PRODUCTION
from streams.settings.secret_files import SUFFIX
from streams.settings.settings import Settings
from streams.settings.values import variable

_COMMANDS = ("topics", "worker", "webhooks", "http-intake", "console", "publish", "case", "verify --log")
"""The commands that need settings and that there are already."""

_DEFAULTS = {
    variable("data_dir"): "`$XDG_DATA_HOME/jardem` or `~/.local/share/jardem`",
    variable("pseudonym_key"): "the demo's, under the development profile",
    variable("repealed_rules"): "`allow`, under the development profile",
    variable("signing_keys"): "the demo's key, under the development profile",
    variable("document_issuer"): f"`{DEVELOPMENT_ISSUER}`, under the development profile",
}
"""Those that depend on the machine or on another setting."""

_TOP = f"""\
# Settings

Drawn by `make docs` from `streams/settings/settings.py`; a test keeps it fresh. All settings are environment
variables. An empty one counts as not set. A secret may stand in a file instead, which the variable's name and
`{SUFFIX}` name: `JARDEM_PSEUDONYM_KEY_FILE=/run/secrets/key`.

`jardem doctor` says what is missing, unreadable or contradictory, and so does every command that reads them,
before it begins. The `production` profile refuses brokers in the clear, addresses without https, faster time,
drafts of rules, a carrier abroad that is not allowed, and the demo's secrets.

| variable | set it to | without it | needed by |
|---|---|---|---|
"""


def settings_page() -> str:
    """The whole document."""
    return _TOP + "".join(_rows())


def _rows() -> Iterator[str]:
    defaults = {name: f"`{value}`" for name, value in Settings.model_construct().redacted().items()}
    defaults |= _DEFAULTS
    for name, field in Settings.model_fields.items():
        secret = " (a secret)" if field.annotation is SecretStr else ""
        needed = ", ".join(_needed(name))
        default = defaults[variable(name)].replace("`not set`", "")
        yield f"| `{variable(name)}` | {field.description}{secret} | {default} | {needed} |\n"


def _needed(name: str) -> Iterator[str]:
    for command in _COMMANDS:
        if name in NEEDS[command]:
            yield f"`{command}`"
        elif name in NEEDS_IN_PRODUCTION.get(command, ()):
            yield f"`{command}` in production"
