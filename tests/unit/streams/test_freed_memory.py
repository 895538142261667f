"""What a recovery has freed goes back to the machine."""

import platform
import subprocess
import sys

import pytest

_MANY = 200_000
"""Values of a thousand bytes."""

CODE = f"""
import resource
from pathlib import Path
from streams.transport.freed_memory import give_back_freed_memory


def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


values = [b"%1000d" % number for number in range({_MANY})]
# What is still in use lies behind what is not, so that nothing is given back by itself.
values = values[-1:]
before = held()
give_back_freed_memory()
print(before, held())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library gives memory back")
def test_what_lies_before_the_last_value_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], text=True, capture_output=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before > _MANY * 1000
    assert after < before - _MANY * 900
