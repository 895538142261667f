"""The settings of a process, complete for its command, or a line for each that is not as it should be."""

from pydantic import ValidationError

from streams.settings.checks import SettingsError, contradictions, missing
from streams.settings.secret_files import Unusable
from streams.settings.settings import Settings
from streams.settings.values import PREFIX, variable


def load_settings(command: str | None = None) -> Settings:
    """The settings of this process, complete for `command`.

    Raises `SettingsError`, whose problems name every variable that is missing, unreadable or contradictory.
    """
    bad: dict[str, str] = {}
    try:
        settings = Settings()
    except ValidationError as error:
        bad = _unreadable(error)
        fields = Settings.model_fields
        settings = Settings(**{name: fields[name].get_default(call_default_factory=True) for name in bad})
    lines = [*bad.values(), *missing(settings, command, but=bad), *contradictions(settings, command)]
    if lines:
        raise SettingsError(*lines)
    return settings


def _unreadable(error: ValidationError) -> dict[str, str]:
    """A line for each field that could not be read."""
    lines: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0]).lower().removeprefix(PREFIX.lower())
        field, held = Settings.model_fields[name], problem["input"]
        if isinstance(held, Unusable):
            lines[name] = held.line
        else:
            lines[name] = f"{variable(name)} cannot be read ({held}): set it to {field.description}"
    return lines
