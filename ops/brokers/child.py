"""A child process that does not outlive the process that started it."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

# Reads until the pipe from our process is closed, which the system does however we die, then kills the child.
_LEASH = 'read -r _; kill -9 "$1" 2>/dev/null'

_TAIL = 30


class Child:
    """One program, run in a session of its own, its output in a file."""

    def __init__(self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> None:
        self._command = list(command)
        self._log = log
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self._leash: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self.alive() else None

    def start(self) -> None:
        """Start the program; its output is added to the log. Raises OSError."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                start_new_session=True,
            )
        self._leash = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", _LEASH, "leash", str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def alive(self) -> bool:
        """Whether the program runs."""
        if self._process is None:
            return False
        if self._process.poll() is None:
            return True
        self._let_go()
        return False

    def exit_code(self) -> int | None:
        """How the program ended; None while it runs or was never started. Negative: killed by that signal."""
        return None if self._process is None else self._process.poll()

    def stop(self, patience: float) -> None:
        """Ask it to end (SIGTERM), and kill it after `patience` seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._let_go()

    def kill(self) -> None:
        """Kill it (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._let_go()

    def _let_go(self) -> None:
        """End the leash as soon as the child has: its id may soon be another's."""
        if self._leash is not None:
            self._leash.kill()
            self._leash.communicate()
            self._leash = None

    def tail(self) -> str:
        """The last lines of the log."""
        try:
            text = self._log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-_TAIL:])
