"""What every rival's `run.py` shares: its two commands, and the programs that it starts.

Standard library only.
"""

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[2]

_START_SECONDS = 100.0
_STOP_SECONDS = 10.0
_PAUSE = 0.1
_TOLD = 300


class CannotPrepareError(Exception):
    """What is needed cannot be had on this machine; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the load takes SMS and decisions, and the shared broker where the rival uses it."""

    sms: str
    decisions: str
    kafka: str | None


@dataclass(frozen=True, slots=True)
class Ready:
    """What a rival says when it runs. `settled` tells whether all that was published is applied."""

    awards: str
    facts: str
    answers: str
    settled: Callable[[], bool]
    decisions: str | None = None
    processes: Mapping[str, Sequence[int]] = field(default_factory=dict)


def ready_on_kafka(addresses: Addresses, port: int, processes: Mapping[str, list[int]]) -> Ready:
    """A rival that reads and writes the shared broker's topics, and takes answers over HTTP at this port."""
    kafka, here = f"kafka://{addresses.kafka}", f"http://127.0.0.1:{port}"
    return Ready(
        awards=f"{kafka}/registry.title-awarded.v1",
        facts=f"{kafka}/portal.phone-registered.v1",
        answers=f"{here}/answers",
        decisions=f"{kafka}/benefit.decided.v1",
        settled=lambda: call(f"{here}/settled") is True,
        processes=processes,
    )


Prepare = Callable[[Path], Mapping[str, str]]
Serve = Callable[[Path, Path, Addresses], contextlib.AbstractContextManager[Ready]]


def main(prepare: Prepare, serve: Serve) -> None:
    """Do what the contract asks of `run.py`: `prepare CACHE`, or `serve CACHE FOLDER ADDRESSES`."""
    match sys.argv[1:]:
        case ["prepare", cache]:
            try:
                _say({"versions": dict(prepare(Path(cache)))})
            except (CannotPrepareError, OSError) as error:
                sys.exit(str(error))
        case ["serve", cache, folder, addresses]:
            _serve(serve(Path(cache), Path(folder), Addresses(**json.loads(addresses))))
        case _:
            sys.exit("give prepare CACHE, or serve CACHE FOLDER ADDRESSES")


def _serve(serving: contextlib.AbstractContextManager[Ready]) -> None:
    signal.signal(signal.SIGTERM, _leave)
    with serving as ready:
        wired = {"awards": ready.awards, "facts": ready.facts, "answers": ready.answers}
        _say({"ready": wired | {"decisions": ready.decisions, "processes": dict(ready.processes)}})
        for line in sys.stdin:
            if line.strip() == "settled":
                _say({"settled": ready.settled()})
        # Whoever has no patience must not keep us from ending what we have started.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _leave(*_: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def _say(line: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def environment(cache: Path, requirements: Path) -> tuple[Path, dict[str, str]]:
    """A Python environment with these requirements, made once: its `python`, and the pinned versions."""
    lines = [line.partition("#")[0].strip() for line in requirements.read_text(encoding="utf-8").splitlines()]
    versions = dict(line.split("==") for line in lines if line)
    place, python = cache / "python", cache / "python" / "bin" / "python"

    def make() -> None:
        shutil.rmtree(place, ignore_errors=True)
        venv.create(place, with_pip=True)
        command_line(str(python), "-m", "pip", "install", "--quiet", "--requirement", str(requirements))

    once(cache / "python.made", [requirements], make)
    return python, {name.partition("[")[0]: version for name, version in versions.items()}


def once(mark: Path, sources: Sequence[Path], make: Callable[[], None]) -> None:
    """Make something, unless `mark` says that it was made of the same sources."""
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    if mark.is_file() and mark.read_text(encoding="utf-8") == digest:
        return
    make()
    mark.write_text(digest, encoding="utf-8")


def command_line(*command: str, folder: Path | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Run a program to its end: what it printed. Raises `CannotPrepareError` with its first complaint."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise CannotPrepareError(f"{command[0]} does not run: {error}") from None
    if done.returncode:
        told = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        trouble = [line for line in told if "error" in line.lower()] or told[-1:] or ["it does not say why"]
        shown = " ".join(word for word in command[:4] if not word.startswith("-"))
        raise CannotPrepareError(f"{shown} failed: {trouble[0].strip()[:_TOLD]}")
    return done.stdout


def java_version() -> int:
    """The major version of the machine's Java. Raises `CannotPrepareError`."""
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S607
    found = re.search(r'version "(\d+)', told)
    if found is None:
        raise CannotPrepareError(f"java does not tell its version: {told.strip()[:_TOLD]}")
    return int(found[1])


def free_port() -> int:
    """A port on this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_low_port() -> int:
    """One below 32768, for those who keep ports in 16 bits with a sign."""
    while True:
        port = random.randrange(20_000, 32_768)  # noqa: S311 - nobody is to be kept from guessing it
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def program(
    *command: str, folder: Path, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs while the context lasts; what it prints goes to the rival's log."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def worker(
    python: Path, script: Path, folder: Path, **settings: Any
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """A rival's own Python program, which is given its settings as JSON."""
    environ = {"PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"}
    return program(str(python), str(script), json.dumps(settings), folder=folder, environ=environ)


@contextlib.contextmanager
def service(python: Path, script: Path, folder: Path, **settings: Any) -> Iterator[subprocess.Popen[bytes]]:
    """One that listens on `settings["port"]`, and does so once the context is entered."""
    with worker(python, script, folder, **settings) as process:
        await_port(process, int(settings["port"]))
        yield process


@contextlib.contextmanager
def database() -> Iterator[Any]:
    """A PostgreSQL of its own with the settings that it comes with: its `url` and `pid`.

    Its data lie beside the rival's folder: where the benchmark runs as root, the server does not.
    """
    sys.path.insert(0, str(CHECKOUT))
    from ops.bench.postgres import PrivatePostgres  # noqa: PLC0415 - only some rivals need it

    with PrivatePostgres() as server:
        yield server


def postgres_version() -> str:
    """The version of the machine's PostgreSQL."""
    sys.path.insert(0, str(CHECKOUT))
    from ops.bench.postgres import find_postgres  # noqa: PLC0415 - only some rivals need it

    return command_line(str(find_postgres() / "postgres"), "--version").split()[2]


def await_port(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until a program listens. Ends this process where it does not, or not in time."""

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    await_that(process, listens)


def await_that(process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
    """Wait until a program is ready. Ends this process where it is not, or not in time."""
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        if process.poll() is not None:
            sys.exit(f"a program of the rival has ended with code {process.returncode}")
        if time.monotonic() > deadline:
            sys.exit(f"a program of the rival was not ready within {_START_SECONDS:g} s")
        time.sleep(_PAUSE)


def call(url: str, body: Any = None, method: str | None = None) -> Any:
    """Ask an HTTP address for JSON, with JSON; None where nobody answers or the answer is an error."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", "accept": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own addresses
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")
    except (OSError, ValueError, urllib.error.URLError):
        return None
