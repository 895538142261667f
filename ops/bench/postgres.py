"""A PostgreSQL of our own on this machine, for benchmarks and tests: in a folder, gone afterwards.

The server refuses to run as root, so that it runs as `postgres` or `nobody` then.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ops.reach import free_port
from streams.errors import UserError

_PLACES = "/usr/lib/postgresql"
_NAMES = ("postgres", "nobody")
_START_SECONDS = 30.0


class NoPostgresError(UserError):
    """There is no PostgreSQL server on this machine, or it does not start."""

    exit_code = 2


def find_postgres() -> Path:
    """The folder of the newest server's programs. Raises `NoPostgresError`."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path(_PLACES).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise NoPostgresError("there is no PostgreSQL server here: install Debian's package postgresql")
    return found[-1].parent


class PrivatePostgres:
    """A server that only this machine reaches. It may be killed and started again on its data."""

    def __init__(self, *options: str) -> None:
        self._programs = find_postgres()
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="jardem-postgres-"))
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, as JARDEM_CONSOLE_DATABASE takes it."""
        return f"postgresql://jardem@127.0.0.1:{self._port}/postgres"

    @property
    def pid(self) -> int:
        """The process of the server; those that serve its connections are its children."""
        if self._server is None:
            raise RuntimeError("PostgreSQL is not started")
        return self._server.pid

    def __enter__(self) -> Self:
        """Make its data and start it. Raises `NoPostgresError`."""
        if os.getuid() == 0:
            user = _user()
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        data = str(self._folder / "data")
        self._run(
            "initdb", "-D", data, "-A", "trust", "-U", "jardem", "-E", "UTF8", "--locale=C", "--no-sync"
        )
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, and take its data away."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it and wait until it answers. Raises `NoPostgresError`."""
        options = ["-c", f"port={self._port}", "-c", "listen_addresses=127.0.0.1", "-k", str(self._folder)]
        for option in self._options:
            options += ["-c", option]
        log = (self._folder / "log").open("ab")
        with log:
            self._server = subprocess.Popen(  # noqa: S603 - the server's own program
                [str(self._programs / "postgres"), "-D", str(self._folder / "data"), *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as_somebody(),
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            ready = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self._port)]
            if subprocess.run(ready, check=False).returncode == 0:  # noqa: S603 - the server's own program
                return
            time.sleep(0.1)
        raise NoPostgresError(f"PostgreSQL does not start: {(self._folder / 'log').read_text()[-500:]}")

    def kill(self) -> None:
        """Kill -9 the server and all its processes, as a machine does that loses its power."""
        if self._server is None:
            return
        server, self._server = self._server, None
        children = _children(server.pid)
        # First the one that would start the others anew.
        server.kill()
        for child in children:
            _kill(child)
        server.wait()
        (self._folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - the server's own program
            [str(self._programs / program), *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            **_as_somebody(),
        )
        if done.returncode:
            raise NoPostgresError(f"{program} of PostgreSQL fails: {done.stderr.strip()[-500:]}")


def _as_somebody() -> dict[str, Any]:
    if os.getuid() != 0:
        return {}
    user = _user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _user() -> pwd.struct_passwd:
    for name in _NAMES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgresError("PostgreSQL does not run as root, and there is neither postgres nor nobody")


def _children(pid: int) -> Sequence[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return ()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return
