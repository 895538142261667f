"""What the machine itself must have, as `jardem doctor` tells it."""

import os
import platform
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ops.brokers.embedded import program
from ops.brokers.kafka_files import OLDEST_JAVA, jars_folder, java_version, kafka_version

_OLDEST_PYTHON = (3, 11)
_PINNED = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)")
_LITTLE_SPACE = 1 << 30


class Verdict(StrEnum):
    """How a line of the doctor's is meant."""

    OK = "ok"
    SET = "set"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    verdict: Verdict
    text: str


def python() -> Iterator[Line]:
    """The interpreter, and the packages that jardem pins exactly because it reaches into them."""
    version = platform.python_version()
    if sys.version_info < _OLDEST_PYTHON:
        yield Line(Verdict.WRONG, f"Python {version}: jardem needs 3.11 or newer")
    else:
        yield Line(Verdict.OK, f"Python {version}, jardem {metadata.version('jardem')}")
    for requirement in metadata.requires("jardem") or ():
        if pinned := _PINNED.fullmatch(requirement):
            name, version = pinned.groups()
            installed = metadata.version(name)
            if installed == version:
                yield Line(Verdict.OK, f"{name} {installed}")
            else:
                yield Line(Verdict.WRONG, f"{name} {installed}: jardem needs exactly {version}")


def local_brokers() -> Iterator[Line]:
    """What `jardem broker` and `jardem demo` can run here. A broker of one's own needs none of it."""
    java = java_version()
    if java is None:
        yield Line(Verdict.NOTE, f"Java is missing: Apache Kafka cannot run here ({OLDEST_JAVA} or newer)")
    elif java < OLDEST_JAVA:
        yield Line(Verdict.NOTE, f"Java {java} is too old to run Apache Kafka here ({OLDEST_JAVA} or newer)")
    else:
        yield Line(Verdict.OK, f"Java {java}")
    if jars_folder().is_dir():
        yield Line(Verdict.OK, f"Apache Kafka {kafka_version()} is in {jars_folder()}")
    elif shutil.which("mvn"):
        yield Line(Verdict.OK, f"Maven, which fetches Apache Kafka {kafka_version()} when it is needed")
    else:
        yield Line(Verdict.NOTE, "Maven is missing: Apache Kafka's jars cannot be fetched")
    if program():
        yield Line(Verdict.OK, "the embedded broker is installed (for a first look with one worker)")
    else:
        yield Line(Verdict.NOTE, "the embedded broker is not installed (pip install 'jardem[embedded]')")


def zones() -> Iterator[Line]:
    """Whether the zone database knows that Kazakhstan has one zone since March 2024."""
    try:
        almaty = ZoneInfo("Asia/Almaty")
    except ZoneInfoNotFoundError:
        yield Line(Verdict.WRONG, "the zone database does not have Asia/Almaty: install tzdata")
        return
    before, after = (datetime(2024, month, 15, tzinfo=almaty).utcoffset() for month in (2, 3))
    if (before, after) == (timedelta(hours=6), timedelta(hours=5)):
        yield Line(Verdict.OK, "the zone database has the change of March 2024")
    else:
        yield Line(
            Verdict.WRONG,
            "the zone database does not have Almaty's change to UTC+5 of March 2024, so terms would be "
            "wrong: update tzdata, the system's too",
        )


def data_folder(folder: Path) -> Iterator[Line]:
    """Whether the data folder can be written, is private, and has room."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f".doctor-{os.getpid()}"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        yield Line(Verdict.WRONG, f"{folder} cannot be written ({error.strerror}): set JARDEM_DATA_DIR")
        return
    free = shutil.disk_usage(folder).free
    if free < _LITTLE_SPACE:
        yield Line(Verdict.NOTE, f"{folder} has only {free >> 20} MiB left")
    else:
        yield Line(Verdict.OK, f"{folder} can be written, {free >> 30} GiB left")
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        yield Line(Verdict.NOTE, f"{folder} can be read by others: chmod 700 {folder}")
