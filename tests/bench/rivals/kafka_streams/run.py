"""Kafka Streams: built by Maven, run by Java. See the README beside its folder."""

import contextlib
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import serving  # noqa: E402 - it lies beside this folder

_OLDEST_JAVA = 17
_MEMORY = "-Xmx768m"


def prepare(cache: Path) -> Mapping[str, str]:
    """Compile it, and copy the libraries that it needs."""
    java = serving.java_version()
    if java < _OLDEST_JAVA:
        raise serving.CannotPrepareError(f"Java {_OLDEST_JAVA} or newer is needed, this machine has {java}")
    sources = sorted(HERE.glob("src/**/*.java"))
    serving.once(cache / "made", [HERE / "pom.xml", *sources], lambda: _build(cache))
    pom = ET.parse(HERE / "pom.xml")  # noqa: S314 - the file is ours
    version = pom.findtext(".//{http://maven.apache.org/POM/4.0.0}kafka.version")
    return {"kafka-streams": str(version), "java": str(java)}


def _build(cache: Path) -> None:
    project = cache / "project"
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir(parents=True)
    shutil.copy(HERE / "pom.xml", project)
    shutil.copytree(HERE / "src", project / "src")
    serving.command_line("mvn", "-q", "-B", "compile", "dependency:copy-dependencies", folder=project)


@contextlib.contextmanager
def serve(cache: Path, folder: Path, addresses: serving.Addresses) -> Iterator[serving.Ready]:
    """Run it."""
    port = serving.free_port()
    target = cache / "project" / "target"
    command = [
        "java",
        _MEMORY,
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        # Else an answer waits for the acknowledgement of its own head.
        "-Dsun.net.httpserver.nodelay=true",
        "-cp",
        f"{target / 'classes'}:{target / 'dependency'}/*",
        "kz.jardem.rival.Service",
        str(addresses.kafka),
        addresses.sms,
        str(port),
        str(folder / "state"),
    ]
    with serving.program(*command, folder=folder) as process:
        serving.await_port(process, port)
        yield serving.ready_on_kafka(addresses, port, {"service": [process.pid]})


if __name__ == "__main__":
    serving.main(prepare, serve)
