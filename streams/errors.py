"""What whoever runs jardem can put right: said in lines, without a traceback."""

import errno
import os
from pathlib import Path


class UserError(Exception):
    """Something that is the user's to put right. `problems` are lines, each with what to do about it.

    The command prints them and ends with `exit_code`: 1 failed, 2 wrong arguments or settings.
    """

    exit_code = 1

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class NoBrokerError(UserError):
    """No broker answers; the message names the addresses and the likely cause."""


class CannotListenError(UserError):
    """A server of ours cannot listen where `setting` says, mostly because something listens there already."""

    def __init__(self, setting: str, address: str, error: OSError, *, may_be_off: bool = False) -> None:
        off = ", or to off" if may_be_off else ""
        if error.errno == errno.EADDRINUSE:
            why = "where something listens already (another process of ours, perhaps)"
        else:
            why = f"where we cannot listen ({_in_words(error)})"
        super().__init__(
            f"{setting} is {address}, {why}: "
            f"set it to another address of this machine, to port 0 for any that is free{off}"
        )


class FolderError(UserError):
    """A folder of ours that cannot be made or written. `whose` says what leads to it."""

    def __init__(self, folder: Path, whose: str, why: str) -> None:
        super().__init__(f"{folder} cannot be written ({why}): set {whose} to a folder that can")


def make_folder(folder: Path, whose: str) -> None:
    """Have a folder into which we can write. Raises `FolderError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(folder, whose, error.strerror or type(error).__name__) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FolderError(folder, whose, os.strerror(errno.EACCES))


def _in_words(error: OSError) -> str:
    named = errno.errorcode.get(error.errno or 0)
    return os.strerror(error.errno) if named and error.errno else error.strerror or str(error)
