"""Memory that a recovery has freed is given back to the machine.

A changelog passes through memory, and then every value once more. Where they lay stays with the process: the
C library keeps what is freed, and with two hundred thousand open cases that was nearly half of its memory.
"""

import ctypes
import gc
from functools import cache
from typing import Any


@cache
def _malloc_trim() -> Any:  # noqa: ANN401 - a function of the C library, or None
    """The GNU C library's; None where the C library has none."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None


def give_back_freed_memory() -> None:
    """Give back what can be, in some tenths of a second with a million cases.

    Garbage goes first: what was read last may still hang together in a circle, and hold the rest.
    """
    gc.collect()
    trim = _malloc_trim()
    if trim is not None:
        trim(ctypes.c_size_t(0))
