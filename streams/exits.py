"""Ways in which a worker ends by itself, each with its own exit code."""

import os
import sys
from enum import IntEnum
from typing import NoReturn

import structlog

log = structlog.get_logger()


class Exit(IntEnum):
    """Exit codes of `jardem worker`. 0 is an orderly stop."""

    CRASHED = 70
    """A part of the worker raised what nobody expected."""
    LOST_SEND = 71
    """The broker did not take a record, so nothing may be acknowledged."""
    UNREADABLE_TABLE = 72
    """A table's value cannot be read; starting from empty would lose a case."""
    RECOVERY_FAILED = 73
    """The tables could not be recovered from their changelogs."""
    STOPPED_TOO_LONG = 74
    """The process stood still for so long that its partitions may belong to another worker."""
    STOP_TIMED_OUT = 75
    """The orderly stop took longer than allowed; what was not acknowledged will be read again."""
    CONFIGURATION = 78
    """Topics or settings that do not fit; the last line says what to do."""
    STOPPED_TWICE = 130
    """A second signal during the orderly stop."""


def end_process(code: Exit, event: str, **fields: object) -> NoReturn:
    """Write one last line and end the process at once, without running anything else.

    An orderly stop would wait for what cannot be finished, and would commit. What was not acknowledged is
    read again by the next owner, which is the point.
    """
    log.critical(event, exit_code=int(code), exit_reason=code.name.lower(), **fields)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(code))
