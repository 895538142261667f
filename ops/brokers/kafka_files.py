"""What Apache Kafka is run with: Java, the jars that the pinned pom.xml names, the server's properties."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

from ops.brokers.broker import BrokerError
from streams.errors import make_folder

OLDEST_JAVA = 17
_PATIENCE = 900.0

SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=6000
"""
"""One node that is broker and controller. Kafka keeps one copy here; what it acknowledged survives its own
death by SIGKILL, because the pages are the system's by then, but not the machine's."""


def deploy_folder() -> Path:
    """Where pom.xml and log4j2.xml are: beside the checkout's packages, or inside the installed one."""
    here = Path(__file__).resolve().parent
    checkout = here.parent.parent / "deploy" / "kafka"
    return checkout if checkout.is_dir() else here / "deploy"


def kafka_version() -> str:
    """The version that pom.xml pins."""
    tree = ET.parse(deploy_folder() / "pom.xml")  # noqa: S314 - the file is ours
    version = tree.findtext(".//{http://maven.apache.org/POM/4.0.0}kafka.version")
    if version is None:
        raise BrokerError(f"{deploy_folder() / 'pom.xml'} names no kafka.version")
    return version


def java_version() -> int | None:
    """The major version of the machine's Java, None where there is none."""
    java = shutil.which("java")
    if java is None:
        return None
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)', answer.stderr + answer.stdout)
    return int(found.group(1)) if found else None


def jars_folder() -> Path:
    """Where the jars are kept, for all checkouts of this user alike."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "jardem" / f"kafka-{kafka_version()}"


def obstacles() -> list[str]:
    """What keeps Apache Kafka from running on this machine; empty when nothing does."""
    found = []
    java = java_version()
    if java is None:
        found.append(f"Java is missing (version {OLDEST_JAVA} or newer)")
    elif java < OLDEST_JAVA:
        found.append(f"Java is version {java} (Kafka needs {OLDEST_JAVA} or newer)")
    if not jars_folder().is_dir() and shutil.which("mvn") is None:
        found.append("Maven is missing, and Kafka's jars have not been fetched yet")
    return found


def fetch_jars() -> Path:
    """Kafka's jars, copied by Maven unless they are there. Raises `BrokerError`."""
    folder = jars_folder()
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerError(f"Kafka's jars are not in {folder}, and Maven is not installed to fetch them")
    make_folder(folder.parent, "XDG_CACHE_HOME")
    # Elsewhere first: a copy that was cut off must not pass for a whole one.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as name:
        fresh = Path(name) / "jars"
        command = [maven, "--batch-mode", "--quiet", "--file", str(deploy_folder() / "pom.xml")]
        command += ["dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            raise BrokerError(f"Maven did not fetch Kafka's jars within {_PATIENCE:.0f} s") from None
        if answer.returncode != 0:
            said = "\n".join((answer.stdout + answer.stderr).strip().splitlines()[-20:])
            raise BrokerError(f"Maven could not fetch Kafka's jars:\n{said}")
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise
    return folder
