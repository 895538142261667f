"""A real Keycloak in development mode, with the realm beside this file, as Maven Central has it."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from ops.brokers.kafka_files import OLDEST_JAVA, java_version
from ops.reach import free_port

HERE = Path(__file__).parent
CLIENT_ID, CLIENT_SECRET = "jardem-console", "secret-of-a-test"
_SECONDS = 420.0


def obstacle() -> str | None:
    """What keeps Keycloak from running here; None where nothing does."""
    java = java_version()
    if java is None or java < OLDEST_JAVA:
        return f"Java {OLDEST_JAVA} or newer is missing"
    return None if shutil.which("mvn") else "Maven is missing, which fetches Keycloak"


class Keycloak:
    """The server; used as a context manager. `issuer` is that of its realm."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.issuer = f"http://127.0.0.1:{self._port}/realms/staff"

    def __enter__(self) -> Self:
        # Maven notes beside the pom what it has unpacked already.
        shutil.copy(HERE / "pom.xml", self._folder)
        unpack = ["mvn", "--batch-mode", "--quiet", "--file", str(self._folder / "pom.xml")]
        fetched = subprocess.run(
            [*unpack, "dependency:unpack", f"-DoutputDirectory={self._folder}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert fetched.returncode == 0, fetched.stdout[-2000:] + fetched.stderr[-2000:]
        home = next(self._folder.glob("keycloak-*"))
        (home / "data" / "import").mkdir(parents=True)
        shutil.copy(HERE / "realm.json", home / "data" / "import" / "realm.json")
        started = ["bash", str(home / "bin" / "kc.sh"), "start-dev", "--import-realm"]
        started += ["--http-host=127.0.0.1", f"--http-port={self._port}"]
        quick = "-XX:TieredStopAtLevel=1"
        environment = {**os.environ, "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m", "JAVA_OPTS_APPEND": quick}
        with (self._folder / "keycloak.log").open("wb") as log:
            self._process = subprocess.Popen(
                started, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it with all its children, at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(30)
            self._process = None

    def _wait(self) -> None:
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                if httpx.get(f"{self.issuer}/.well-known/openid-configuration").is_success:
                    return
            except httpx.HTTPError:
                pass
            assert self._process is not None
            said = (self._folder / "keycloak.log").read_text(errors="replace")[-3000:]
            assert self._process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.5)
