import os
import re
import subprocess
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic, time

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from ops.brokers.embedded import EmbeddedBroker
from ops.brokers.kafka import KafkaBroker
from ops.reach import free_port
from ops.topics import apply_topics
from streams.settings.settings import Settings
from tests.hidden import hide
from tests.integration.command import JARDEM

INBOUND = "JARDEM_INBOUND_CHECK"
SECRET = "a-token-that-nobody-sees"


class SmsApi(ThreadingHTTPServer):
    """Answers every question with one status, at a clock of its own."""

    status = 200
    ahead = 0.0


class Answer(BaseHTTPRequestHandler):
    server: SmsApi

    def do_GET(self) -> None:
        self.send_response_only(self.server.status)
        self.send_header("Date", formatdate(time() + self.server.ahead, usegmt=True))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


@pytest.fixture
def sms_api() -> Iterator[SmsApi]:
    with SmsApi(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path / "broker") as started:
        yield started


@pytest.fixture
def env(broker: EmbeddedBroker, sms_api: SmsApi, tmp_path: Path) -> dict[str, str]:
    return {
        "JARDEM_KAFKA": broker.address,
        "JARDEM_TWILIO_API_URL": f"http://127.0.0.1:{sms_api.server_port}",
        "JARDEM_TWILIO_ACCOUNT_SID": "AC0123",
        "JARDEM_TWILIO_AUTH_TOKEN": SECRET,
        "JARDEM_SMS_FROM": "+77001234567",
        "JARDEM_PUBLIC_URL": "http://127.0.0.1:8080",
        "JARDEM_DATA_DIR": str(tmp_path / "data"),
    }


def doctor(env: dict[str, str]) -> tuple[int, list[str]]:
    answer = subprocess.run([JARDEM, "doctor"], env=env, text=True, capture_output=True, check=False)
    assert "Traceback" not in answer.stderr
    assert SECRET not in answer.stdout + answer.stderr
    return answer.returncode, answer.stdout.splitlines()


def wrong(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("wrong")]


def of_codecs(lines: list[str]) -> list[str]:
    return [line for line in lines if re.match(r"\w+ +codec ", line)]


def test_a_whole_installation_is_healthy(env: dict[str, str]) -> None:
    apply_topics(Settings(kafka=env["JARDEM_KAFKA"]))
    code, lines = doctor(env)
    assert wrong(lines) == []
    assert code == 0
    assert any("topics are there and as they should be" in line for line in lines)
    assert any("answers and knows our account" in line for line in lines)
    assert "set   JARDEM_TWILIO_AUTH_TOKEN = set" in lines
    assert any(line.startswith("note") and "the demo's key" in line for line in lines)


@pytest.mark.parametrize(
    ("public_url", "told", "notes"),
    [
        ("https://sms.example.kz", "https://sms.example.kz/sms/inbound#rc=5&rp=5xx,ct,rt", 1),
        ("https://sms.example.kz/a#rc=2&rp=all", "https://sms.example.kz/a/sms/inbound#rc=2&rp=all", 1),
        ("https://sms.example.kz#rc=2&rp=ct", "https://sms.example.kz/sms/inbound#rc=2&rp=ct", 2),
    ],
)
def test_what_the_number_must_be_told_is_printed(
    env: dict[str, str], public_url: str, told: str, notes: int
) -> None:
    _, lines = doctor(env | {"JARDEM_PUBLIC_URL": public_url})
    found = [line for line in lines if line.startswith("note") and ("posted to" in line or "5xx" in line)]
    assert len(found) == notes
    assert f"messages to +77001234567 must be posted to {told}:" in found[0]


def test_that_answers_can_be_lost_is_said(env: dict[str, str]) -> None:
    assert any("an answer that no call brings" in line for line in doctor(env | {INBOUND: "off"})[1])
    assert not any("an answer that no call brings" in line for line in doctor(env)[1])


def test_every_codec_is_tried_on_the_broker_and_nothing_is_left_there(
    env: dict[str, str], kafka: KafkaBroker
) -> None:
    for address in (env["JARDEM_KAFKA"], kafka.address):
        _, lines = doctor(env | {"JARDEM_KAFKA": address})
        assert of_codecs(lines) == [
            f"ok    codec {codec}: a record comes through the broker"
            for codec in ("gzip", "snappy", "lz4", "zstd")
        ]
        assert topics_of_doctors(address) == []


def test_a_broker_that_makes_no_topic_for_it_is_no_fault(env: dict[str, str], kafka: KafkaBroker) -> None:
    _, lines = doctor(env | {"JARDEM_KAFKA": kafka.address, "JARDEM_KAFKA_REPLICATION": "3"})
    found = of_codecs(lines)
    assert len(found) == 4
    assert all(line.startswith("note") and "not tried on the broker" in line for line in found)


def test_a_codec_that_is_not_installed_is_wrong(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_topics(Settings(kafka=env["JARDEM_KAFKA"]))
    hide("lz4", tmp_path, monkeypatch)
    code, lines = doctor(env | {"PYTHONPATH": os.environ["PYTHONPATH"]})
    assert code == 1
    (line,) = wrong(lines)
    assert "codec lz4: it is compressed with lz4, for which a library is missing here" in line
    assert topics_of_doctors(env["JARDEM_KAFKA"]) == []


def test_a_topic_that_an_interrupted_doctor_left_is_told(env: dict[str, str], kafka: KafkaBroker) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.address)
    try:
        admin.create_topics([NewTopic("jardem-doctor-0123", 1, 1)])
        admin.wait_for_topics(["jardem-doctor-0123"])
        _, lines = doctor(env | {"JARDEM_KAFKA": kafka.address})
    finally:
        admin.delete_topics(["jardem-doctor-0123"])
        admin.close()
    assert any(line.startswith("note") and "jardem-doctor-0123 was left" in line for line in lines)


def topics_of_doctors(address: str) -> list[str]:
    """Those that are there a moment later: brokers delete in their own time."""
    admin = KafkaAdminClient(bootstrap_servers=address)
    deadline = monotonic() + 10
    try:
        while left := [topic for topic in admin.list_topics() if topic.startswith("jardem-doctor-")]:
            if monotonic() > deadline:
                break
        return left
    finally:
        admin.close()


def test_missing_topics_and_a_dead_broker_are_wrong(env: dict[str, str]) -> None:
    code, lines = doctor(env)
    assert code == 1
    (line,) = wrong(lines)
    assert "run jardem topics apply" in line
    code, lines = doctor(env | {"JARDEM_KAFKA": f"127.0.0.1:{free_port()}"})
    assert code == 1
    (line,) = wrong(lines)
    assert "no broker answers" in line


@pytest.mark.parametrize(
    ("status", "ahead", "verdict", "text"),
    [
        (401, 0, "wrong", "does not know us"),
        (404, 0, "note", "does not list our messages"),
        (200, 60, "wrong", "clock is -(58|59|60) s off"),
        (200, -60, "wrong", r"clock is \+(60|61|62) s off"),
    ],
)
def test_what_the_sms_api_answers_is_told(
    env: dict[str, str], sms_api: SmsApi, status: int, ahead: float, verdict: str, text: str
) -> None:
    apply_topics(Settings(kafka=env["JARDEM_KAFKA"]))
    sms_api.status, sms_api.ahead = status, ahead
    code, lines = doctor(env)
    (line,) = [line for line in lines if line.startswith(verdict) and "SMS API" in line]
    assert re.search(text, line)
    assert code == (1 if verdict == "wrong" else 0)


def test_wrong_settings_are_told_line_by_line(env: dict[str, str]) -> None:
    code, lines = doctor(env | {"JARDEM_TIME_SCALE": "fast", "JARDEM_KAFKA": "nowhere", "JARDEM_KAFAK": "x"})
    assert code == 1
    assert [line.split()[1] for line in wrong(lines)] == ["JARDEM_KAFKA", "JARDEM_TIME_SCALE"]
    assert lines[-1].startswith("note")
