"""Secrets from files: the variable `<NAME>_FILE` names the file that holds what `<NAME>` would."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

SUFFIX = "_FILE"


@dataclass(frozen=True, slots=True)
class Unusable:
    """Stands where a secret should: `line` says what is wrong with its file. No field accepts it."""

    line: str


class FileSecrets(PydanticBaseSettingsSource):
    """Reads each secret whose `_FILE` variable is set. A newline at the file's end is not part of it."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The secret of one field, or `Unusable`, or None where no file is named; and the field's name."""
        variable = f"{self.config['env_prefix']}{field_name.upper()}"
        path = os.environ.get(variable + SUFFIX)
        if field.annotation is not SecretStr or not path:
            return None, field_name, False
        return _read(Path(path), variable), field_name, False

    def __call__(self) -> dict[str, Any]:
        """What stands in files."""
        read = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {name: value for value, name, _ in read if value is not None}


def _read(path: Path, variable: str) -> SecretStr | Unusable:
    try:
        secret = path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        return Unusable(f"{variable}{SUFFIX} names {path}, which cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return Unusable(f"{variable}{SUFFIX} names {path}, which is not text")
    if not secret:
        return Unusable(f"{variable}{SUFFIX} names {path}, which is empty: put the secret into it")
    return SecretStr(secret)
