"""The folder of texts that stand in the place of ours: `version`, `kk.json` and `ru.json`, as they are read.

What the texts may say is checked in `sms/overrides/checks.py`.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.json_text import NotJSONError, read_json
from schemas.values import Language
from streams.errors import UserError
from streams.settings.values import variable

_VERSION_FORM = re.compile(r"[A-Za-z0-9.-]{1,40}")


def files_of(*languages: Language) -> str:
    """The names of the files with the texts of these languages."""
    return " and ".join(f"{language}.json" for language in languages)


_FILES = ("version", *(files_of(language) for language in Language))


class TextsError(UserError):
    """Texts that cannot stand in the place of ours: a line for each fault, with its file and key."""

    exit_code = 2

    def __init__(self, *faults: str) -> None:
        super().__init__(*(f"{variable('texts_dir')}: {fault}" for fault in faults))


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a folder has, its texts by language and key not checked yet, and its own version."""

    version: str
    texts: Mapping[Language, Mapping[str, str]]


def read_overrides(folder: Path) -> Overrides:
    """Read a folder. Raises `TextsError`, with a line for each file and text that cannot be read."""
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise TextsError(
            f"{folder} cannot be read ({error.strerror}): name a folder with {', '.join(_FILES)}"
        ) from None
    problems = list(_other_files(names))
    contents = {name: _content(folder / name, problems) for name in _FILES}
    version = _version(contents["version"], problems)
    texts = {language: _texts(language, contents[files_of(language)], problems) for language in Language}
    if problems:
        raise TextsError(*problems)
    return Overrides(version, texts)


def _other_files(names: set[str]) -> Iterator[str]:
    """Hidden files are none of ours to judge: a mounted volume has its own."""
    for name in sorted(names - set(_FILES)):
        if not name.startswith("."):
            yield f"{name!r} is none of {', '.join(_FILES)}: rename it, or take it out of the folder"


def _content(path: Path, problems: list[str]) -> bytes | None:
    """The bytes of a file, without the mark that some editors put first; None where that is told already."""
    try:
        return path.read_bytes().removeprefix(BOM_UTF8)
    except FileNotFoundError:
        problems.append(f"{path.name} is missing: put it into {path.parent}")
    except OSError as error:
        problems.append(f"{path.name} cannot be read ({error.strerror}): let the worker read it")
    return None


def _version(content: bytes | None, problems: list[str]) -> str:
    if content is None:
        return ""
    line = content.removesuffix(b"\n").removesuffix(b"\r").decode("ascii", errors="replace")
    if not _VERSION_FORM.fullmatch(line):
        problems.append("version must be one line of 1 to 40 Latin letters, digits, full stops and hyphens")
    return line


def _texts(language: Language, content: bytes | None, problems: list[str]) -> dict[str, str]:
    """The texts of a file by their key, as far as they are texts at all."""
    name = files_of(language)
    if content is None:
        return {}
    try:
        read = read_json(content)
    except NotJSONError as error:
        problems.append(f"{name} is no JSON that is read ({error}): write an object of keys and texts")
        return {}
    if not isinstance(read, dict):
        problems.append(f"{name} is JSON, but no object: write an object of keys and texts")
        return {}
    for key, value in read.items():
        if not isinstance(value, str):
            problems.append(f"{name}, {key!r}: is no text: put it between quotation marks")
    return {key: value for key, value in read.items() if isinstance(value, str)}
