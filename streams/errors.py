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


class AddressTakenError(UserError):
    """Something listens already where we should."""

    def __init__(self, variable: str, address: str, *, may_be_off: bool = False) -> None:
        off = ", or to off" if may_be_off else ""
        super().__init__(
            f"{variable} is {address}, where something listens already (another process of ours, perhaps): "
            f"set it to another address, to port 0 for any that is free{off}"
        )


class AddressUnusableError(UserError):
    """We cannot listen there: the address is no address of this machine, or the port is not for us."""

    def __init__(self, variable: str, address: str, why: str) -> None:
        super().__init__(
            f"{variable} is {address}, where this process cannot listen ({why}): "
            "set it to an address of this machine, like 127.0.0.1, and a port from 1024 on"
        )


def cannot_listen(variable: str, address: str, error: OSError, *, may_be_off: bool = False) -> UserError:
    """What to say where listening has failed so. `may_be_off`: whether the setting may be off."""
    if error.errno == errno.EADDRINUSE:
        return AddressTakenError(variable, address, may_be_off=may_be_off)
    return AddressUnusableError(variable, address, error.strerror or type(error).__name__)


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
