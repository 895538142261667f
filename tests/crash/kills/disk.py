"""A small disk of its own for one worker, which can be filled to the last byte and emptied again."""

import contextlib
import subprocess
from pathlib import Path

_MEGABYTES = 384
_CHUNK = b"\0" * 65_536


class SmallDisk:
    """A folder on a tmpfs. `why_not` says why there is none, where the machine allows no mount."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        self.why_not: str | None = None

    def mount(self) -> None:
        """Mount it, or say in `why_not` why that cannot be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = ["-t", "tmpfs", "-o", f"size={_MEGABYTES}m", "tmpfs", str(self.folder)]
        self.why_not = _run("mount", *options)

    def unmount(self) -> None:
        """Take it away, whoever still uses it."""
        if self.why_not is None:
            _run("umount", "--lazy", str(self.folder))

    def fill(self) -> int:
        """Leave no byte free; how many were."""
        written = 0
        with contextlib.suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            for size in (len(_CHUNK), 512, 1):
                with contextlib.suppress(OSError):
                    while True:
                        written += file.write(_CHUNK[:size])
        return written

    def empty(self) -> None:
        """Make room again."""
        self._ballast.unlink(missing_ok=True)


def _run(*command: str) -> str | None:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except OSError as error:
        return str(error)
    return None if answer.returncode == 0 else answer.stderr.strip() or f"exit code {answer.returncode}"
