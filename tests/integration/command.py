"""The command as it is installed beside the Python that runs the tests."""

import sys
from pathlib import Path

JARDEM = Path(sys.executable).with_name("jardem")
