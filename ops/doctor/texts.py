"""Whether the texts that stand in the place of ours may be sent, as `jardem doctor` tells it."""

from collections.abc import Iterator

from ops.doctor.machine import Line, Verdict
from sms.catalogues import load_texts
from streams.errors import UserError
from streams.settings.settings import Settings


def texts(settings: Settings) -> Iterator[Line]:
    """A line for each fault of the texts; one with their version where there is none."""
    try:
        version = load_texts(settings.texts_dir).version
    except UserError as error:
        yield from (Line(Verdict.WRONG, problem) for problem in error.problems)
        return
    whose = f"ours and those of {settings.texts_dir}" if settings.texts_dir else "ours"
    yield Line(Verdict.OK, f"the texts are {whose}, version {version}")
