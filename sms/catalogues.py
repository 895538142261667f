"""The citizens' texts out of the gettext catalogues under `locale/`.

The catalogues are read as they are, so that a changed text needs no build step; by the process that needs the
texts, once. The conversation is handed them.
"""

from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po

from schemas.values import Language
from sms.texts import Texts

TEXTS_VERSION = "1"
"""The version of these texts, as documents name it."""


@cache
def load_texts() -> Texts:
    """All texts in all languages."""
    return Texts({language: _catalogue(language) for language in Language}, TEXTS_VERSION)


def _catalogue(language: Language) -> dict[str, str]:
    path = files("sms") / "locale" / language / "LC_MESSAGES" / "jardem.po"
    with path.open("rb") as file:
        entries = read_po(file, locale=language)
    return {str(entry.id): str(entry.string) for entry in entries if entry.id}
