"""The citizens' texts: ours, out of the gettext catalogues under `locale/`, and what is put in their place.

The catalogues are read as they are, so that a changed text needs no build step; by the process that needs the
texts, once. The conversation is handed them.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path

from babel.messages.pofile import read_po

from schemas.values import Language
from sms.overrides.checks import faults
from sms.overrides.folder import TextsError, read_overrides
from sms.texts import Texts

TEXTS_VERSION = "1"
"""The version of our own texts. With others in the place of some, the whole has that and theirs."""


def load_texts(folder: Path | None = None) -> Texts:
    """All texts in all languages, with those of this folder in the place of ours.

    Raises `TextsError` where the folder is not as it must be: a line for each fault.
    """
    if folder is None:
        return _ours()
    ours, overrides = _ours(), read_overrides(folder)
    problems = faults(ours, overrides.texts)
    if problems:
        raise TextsError(*problems)
    catalogues = {
        language: {**texts, **overrides.texts[language]} for language, texts in ours.catalogues.items()
    }
    return Texts(catalogues, f"{ours.version}+{overrides.version}")


@cache
def _ours() -> Texts:
    return Texts({language: _catalogue(language) for language in Language}, TEXTS_VERSION)


def _catalogue(language: Language) -> dict[str, str]:
    path = files("sms") / "locale" / language / "LC_MESSAGES" / "jardem.po"
    with path.open("rb") as file:
        entries = read_po(file, locale=language)
    return {str(entry.id): str(entry.string) for entry in entries if entry.id}
