"""The rivals that there are: each is described, and they do the same case."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

from ops.bench.load.people import citizen
from ops.bench.load.sms_api import TOKEN
from ops.bench.rival import FOLDER, rivals
from ops.brokers.kafka_files import kafka_version
from sms.twilio.signature import sign

ROOT = Path(__file__).resolve().parents[4]
NAMES = ["dbos", "floor", "kafka_streams", "quix", "restate", "temporal"]


@pytest.fixture(scope="module")
def benefit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benefit", FOLDER / "benefit.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_rival_is_described_and_can_be_run() -> None:
    found = rivals()
    assert [one.name for one in found] == NAMES
    programs = {"java", "mvn", "node", "npm", "go", "postgresql"}
    for one in found:
        assert set(one.needs) <= programs, one.name
        assert (one.folder / "run.py").is_file(), one.name


@pytest.mark.parametrize("name", NAMES)
def test_its_table_names_each_rival_and_its_versions(name: str) -> None:
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    (row,) = [line for line in lines if line.startswith(f"| `{name}` |")]
    requirements = FOLDER / name / "requirements.txt"
    pinned = dict(
        line.split("==")
        for line in (requirements.read_text(encoding="utf-8").split() if requirements.is_file() else [])
    )
    main = {"dbos": "dbos", "floor": "aiokafka", "quix": "quixstreams", "restate": "restate-sdk"}
    main["temporal"] = "temporalio"
    version = pinned[main[name]] if name in main else kafka_version()
    assert version in row


def test_kafka_streams_is_of_the_broker_s_version() -> None:
    pom = ET.parse(FOLDER / "kafka_streams" / "pom.xml")  # noqa: S314 - the file is ours
    assert pom.findtext(".//{*}kafka.version") == kafka_version()


def test_java_says_what_python_says(benefit: ModuleType) -> None:
    source = (FOLDER / "kafka_streams/src/main/java/kz/jardem/rival/Texts.java").read_text(encoding="utf-8")
    joined = re.sub(r'"\s*\+ "', "", source)
    said = dict(re.findall(r'static final String (\w+) =\s*"([^"]*)";', joined))
    assert said == {name: getattr(benefit, name) for name in ("OFFER", "ACCOUNT", "AGAIN", "DECIDED", "YES")}


def test_the_offer_is_as_long_as_the_contract_has_it(benefit: ModuleType) -> None:
    assert 250 <= len(benefit.OFFER) <= 450


def test_what_twilio_signs_is_taken_and_nothing_else(benefit: ModuleType) -> None:
    url, form = "http://127.0.0.1:1/answers", {"MessageSid": "SM1", "Body": "1", "From": "+77010000001"}
    assert benefit.is_signed(url, form, sign(TOKEN, url, form))
    assert not benefit.is_signed(url, form | {"Body": "2"}, sign(TOKEN, url, form))
    assert not benefit.is_signed(url, form, "")


def test_accounts_are_looked_at_by_their_check_digits(benefit: ModuleType) -> None:
    iban = citizen(7).iban
    assert benefit.is_iban(iban)
    assert not benefit.is_iban(iban[:-1] + "9")
    assert not benefit.is_iban(iban + "0")
    assert not benefit.is_iban("")


def test_a_machine_without_their_programs_is_told_which_rivals_are_left_out_and_why(tmp_path: Path) -> None:
    programs, data = tmp_path / "programs", tmp_path / "data"
    programs.mkdir()
    done = subprocess.run(
        [sys.executable, str(ROOT / "jardem.py"), "bench", "rivals", "kafka_streams", "restate", "temporal"],
        env={**os.environ, "PATH": str(programs), "JARDEM_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert "left out: Kafka Streams, exactly once (Java): this machine has no java, no mvn" in lines
    assert "left out: Restate 1.7, Python SDK: this machine has no node, no npm" in lines
    assert any(line.startswith("left out: Temporal") and "this machine has no go" in line for line in lines)
    assert any(line.startswith("left out: jardem: it needs Apache Kafka: Java is missing") for line in lines)


def test_a_download_that_is_refused_is_told_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "floor" / "run.py"), "prepare", str(tmp_path)],
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_NO_CACHE_DIR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "pip install failed: ERROR: Could not find a version" in line
    assert "aiohttp==" in line
