"""Files that commands are given by name; `-` stands for standard input and output."""

import sys
from pathlib import Path

from streams.errors import UserError


class FileError(UserError):
    """A file cannot be read or written."""

    exit_code = 2


def read_file(name: str) -> bytes:
    """What a file holds. Raises `FileError`."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise FileError(f"{name} cannot be read: {error.strerror}") from None


def write_file(name: str, content: bytes) -> None:
    """Write a file. Raises `FileError`."""
    try:
        if name == "-":
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        else:
            Path(name).write_bytes(content)
    except OSError as error:
        raise FileError(f"{name} cannot be written: {error.strerror}") from None
