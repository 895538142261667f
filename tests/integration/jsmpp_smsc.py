"""An SMSC that nobody here wrote: jSMPP's server, compiled and run for a test."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar
from xml.etree import ElementTree as ET

T = TypeVar("T")
HERE = Path(__file__).parent / "jsmpp"
PASSWORD = "secret"
_PATIENCE = 300.0
_SECONDS_TO_LISTEN = 60.0
_REFUSES = "will refuse"
_SECONDS_TO_SAY = 15.0


def obstacle() -> str | None:
    """Why it can't run on this machine, if it can't."""
    missing = [program for program in ("java", "javac") if shutil.which(program) is None]
    if not _jars().is_dir() and shutil.which("mvn") is None:
        missing.append("mvn")
    return f"jSMPP is not run: {', '.join(missing)} is missing" if missing else None


@dataclass(frozen=True)
class Submitted:
    """A submit_sm as jSMPP read it."""

    message_id: str
    source: str
    destination: str
    esm_class: int
    data_coding: int
    registered_delivery: int
    short_message: bytes
    payload: bytes
    sar: str


class Jsmpp(AbstractAsyncContextManager["Jsmpp"]):
    """Use as a context manager; then it listens at `port`, and `said` has what it told, a line each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self.said: list[str] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        classes = self._folder / "classes"
        path = f"{await asyncio.to_thread(fetched)}/*"
        if not classes.is_dir():
            compiling = ["javac", "-cp", path, "-d", str(classes), str(HERE / "Smsc.java")]
            await asyncio.to_thread(subprocess.run, compiling, check=True)
        command = ["java", "-cp", f"{classes}{os.pathsep}{path}", "Smsc", PASSWORD]
        # It ends with its standard input, however this process ends.
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        self._reading = asyncio.create_task(self._read())
        line = await self.until(lambda said: next((x for x in said if x.startswith("listens")), None), 60)
        self.port = int(line.split()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()
        if self._reading is not None:
            await self._reading

    async def _read(self) -> None:
        assert self._process
        assert self._process.stdout
        async for line in self._process.stdout:
            async with self._changed:
                self.said.append(line.decode().strip())
                self._changed.notify_all()

    async def tell(self, *words: str) -> None:
        """Give it a command; what it is to refuse it has understood when this returns."""
        assert self._process
        assert self._process.stdin
        before = self.said.count(_REFUSES)
        self._process.stdin.write((" ".join(words) + "\n").encode())
        await self._process.stdin.drain()
        if words[0] == "refuse":
            await self.until(lambda said: said.count(_REFUSES) > before or None)

    async def until(self, found: Callable[[list[str]], T | None], seconds: float = _SECONDS_TO_SAY) -> T:
        """Wait until it has said what is looked for."""
        async with asyncio.timeout(seconds), self._changed:
            while (what := found(self.said)) is None:
                await self._changed.wait()
            return what

    async def deliver(
        self,
        octets: bytes,
        *,
        source: str = "77015550101",
        esm_class: int = 0,
        data_coding: int = 0,
        parameters: Mapping[int, bytes] | None = None,
    ) -> str:
        """Bring a deliver_sm; what it was answered with: a command_status, or an error's name."""
        before = len(self.deliveries())
        words = [source, "1414", str(esm_class), str(data_coding), octets.hex() or "-"]
        if parameters:
            words.append(",".join(f"{tag:#06x}={value.hex()}" for tag, value in parameters.items()))
        await self.tell("deliver", *words)
        return await self.until(lambda _: next(iter(self.deliveries()[before:]), None))

    def deliveries(self) -> list[str]:
        """What each deliver_sm was answered with."""
        return [line.removeprefix("delivered ") for line in self.said if line.startswith("delivered ")]

    def submitted(self) -> list[Submitted]:
        """What it took."""
        found = [line.split(" ")[1:] for line in self.said if line.startswith("submit ")]
        return [
            Submitted(id_, source, destination, int(esm), int(dcs), int(reg), _octets(sm), _octets(mp), sar)
            for id_, source, destination, esm, dcs, reg, sm, mp, sar in found
        ]


def _octets(text: str) -> bytes:
    return b"" if text == "-" else bytes.fromhex(text)


def _jars() -> Path:
    tree = ET.parse(HERE / "pom.xml")  # noqa: S314 - the file is ours
    version = tree.findtext(".//{http://maven.apache.org/POM/4.0.0}jsmpp.version")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "jardem" / f"jsmpp-{version}"


def fetched() -> Path:
    """The jars, copied by Maven unless they are there."""
    folder = _jars()
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Elsewhere first: a copy that was cut off must not pass for a whole one.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as name:
        fresh = Path(name) / "jars"
        command = ["mvn", "--batch-mode", "--quiet", "--file", str(HERE / "pom.xml")]
        command += ["dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
        subprocess.run(command, check=True, timeout=_PATIENCE)
        fresh.rename(folder)
    return folder
