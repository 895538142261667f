"""A rival as the system under test: a folder under `tests/bench/rivals/`, whose README has the contract."""

import asyncio
import json
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.bench.postgres import NoPostgresError, find_postgres
from ops.bench.systems import Beside, Wired
from streams.errors import UserError

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "bench" / "rivals"

_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_PREPARE_SECONDS = 1800.0
_TAIL = 2000


class RivalError(UserError):
    """A rival cannot be measured; the message says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A rival as its `rival.toml` describes it."""

    name: str
    folder: Path
    title: str
    needs: tuple[str, ...]
    kafka: bool
    durability: str

    def obstacles(self) -> list[str]:
        """What it needs and this machine lacks."""
        return [need for need in self.needs if not _is_there(need)]


def rivals(folder: Path = FOLDER) -> list[Manifest]:
    """All that there are, by name. Raises `RivalError` where one is not described as it must be."""
    return [_read(file) for file in sorted(folder.glob("*/rival.toml"))]


def _read(file: Path) -> Manifest:
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
        return Manifest(
            name=file.parent.name,
            folder=file.parent,
            title=str(told["title"]),
            needs=tuple(map(str, told["needs"])),
            kafka=bool(told["kafka"]),
            durability=str(told["durability"]),
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise RivalError(f"{file} is not as the README of the rivals has it: {error}") from None


def _is_there(need: str) -> bool:
    if need != "postgresql":
        return shutil.which(need) is not None
    try:
        find_postgres()
    except NoPostgresError:
        return False
    return True


class Rival:
    """One rival, with what it has installed in `cache` and its data and log in `folder`."""

    def __init__(self, manifest: Manifest, cache: Path, folder: Path) -> None:
        self.name, self.title = manifest.name, manifest.title
        self._manifest = manifest
        self._cache = cache / manifest.name
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def prepare(self) -> dict[str, str]:
        """Install what it needs; its versions. Raises `RivalError`."""
        self._cache.mkdir(parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *self._command("prepare", str(self._cache)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), _PREPARE_SECONDS)
        except TimeoutError:
            process.kill()
            raise RivalError(f"{self.title} could not be prepared in half an hour") from None
        if process.returncode:
            told = errors.decode(errors="replace").strip()[-_TAIL:]
            raise RivalError(f"{self.title} cannot be prepared: {told or 'it does not say why'}")
        versions = _object(output.splitlines()[-1] if output.strip() else b"", self.title).get("versions", {})
        return {str(name): str(version) for name, version in versions.items()}

    async def start(self, beside: Beside) -> Wired:
        """Run it, and wait until it says that it is ready. Raises `RivalError`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        kafka = beside.kafka if self._manifest.kafka else None
        addresses = json.dumps({"sms": beside.sms, "decisions": beside.decisions, "kafka": kafka})
        log = (self._folder / "log").open("ab")
        with log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command("serve", str(self._cache), str(self._folder), addresses),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        ready = (await self._said(_START_SECONDS)).get("ready")
        try:
            return Wired(**ready) if isinstance(ready, dict) else _unready(self.title)
        except TypeError as error:
            raise RivalError(f"{self.title} does not say where it is: {error}") from None

    async def settled(self) -> bool:
        """Whether it says that all is applied."""
        process = self._process
        if process is None or process.stdin is None:
            return False
        process.stdin.write(b"settled\n")
        return (await self._said(_START_SECONDS)).get("settled") is True

    async def stop(self) -> None:
        """Close its input, and wait for its end."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.terminate()
            await process.wait()

    def tail(self) -> str:
        """The end of its log."""
        try:
            return (self._folder / "log").read_text(encoding="utf-8", errors="replace")[-_TAIL:]
        except OSError:
            return ""

    async def _said(self, patience: float) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdout is None:
            raise RivalError(f"{self.title} does not run")
        try:
            line = await asyncio.wait_for(process.stdout.readline(), patience)
        except TimeoutError:
            raise RivalError(f"{self.title} said nothing for {patience:g} s:\n{self.tail()}") from None
        if not line:
            raise RivalError(f"{self.title} has ended:\n{self.tail()}")
        return _object(line, self.title)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self._manifest.folder / "run.py"), *arguments]


def _object(line: bytes, title: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise RivalError(f"{title} printed something else than a JSON object: {line[:200]!r}")
    return said


def _unready(title: str) -> Wired:
    raise RivalError(f"{title} did not say that it is ready")
