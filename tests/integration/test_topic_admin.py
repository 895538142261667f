import os
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic

from ops.brokers.broker import Broker
from ops.brokers.embedded import EmbeddedBroker
from ops.brokers.kafka import KafkaBroker
from ops.reach import free_port, require_broker
from ops.topics import State, apply_topics
from streams.errors import NoBrokerError
from streams.settings.settings import Settings
from streams.topics import CASE_INBOX, all_topics
from tests.hidden import hide
from tests.integration.command import JARDEM
from tests.integration.reader import configure, settings_of

WHOLE = {
    "JARDEM_TWILIO_ACCOUNT_SID": "AC0123",
    "JARDEM_TWILIO_AUTH_TOKEN": "token",
    "JARDEM_SMS_FROM": "+77001234567",
    "JARDEM_PUBLIC_URL": "http://127.0.0.1:8080",
}


@pytest.fixture(params=["kafka", "embedded"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    if request.param == "kafka":
        shared: Broker = request.getfixturevalue("kafka")
        remove_all_topics(shared.address)
        yield shared
        remove_all_topics(shared.address)
    else:
        own = EmbeddedBroker(tmp_path)
        with own:
            yield own


def remove_all_topics(address: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=address)
    if names := contract_topics(admin):
        admin.delete_topics(names)
    deadline = time.monotonic() + 30
    while contract_topics(admin):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    admin.close()


def contract_topics(admin: KafkaAdminClient) -> list[str]:
    return sorted({topic.name for topic in all_topics(Settings())} & set(admin.list_topics()))


@pytest.fixture
def admin(broker: Broker) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(bootstrap_servers=broker.address)
    yield client
    client.close()


def states(settings: Settings, *, check_only: bool = False) -> dict[str, State]:
    return {finding.topic.name: finding.state for finding in apply_topics(settings, check_only=check_only)}


def wait_for_retention(admin: KafkaAdminClient, milliseconds: str) -> None:
    """Kafka tells of a change a moment after it has taken it."""
    deadline = time.monotonic() + 10
    while settings_of(admin, CASE_INBOX)["retention.ms"] != milliseconds:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_topics_are_created_checked_and_mended(broker: Broker, admin: KafkaAdminClient) -> None:
    settings = Settings(kafka=broker.address)
    assert set(states(settings, check_only=True).values()) == {State.MISSING}
    assert set(states(settings).values()) == {State.CREATED}
    assert set(states(settings).values()) == {State.RIGHT}

    by_name = {topic.name: topic for topic in all_topics(settings)}
    for described in admin.describe_topics(list(by_name)):
        assert len(described["partitions"]) == by_name[described["name"]].partitions
    assert settings_of(admin, "jardem-people-changelog")["cleanup.policy"] == "compact"
    assert settings_of(admin, CASE_INBOX)["message.timestamp.type"] == "LogAppendTime"

    wrong = ConfigResource(ConfigResourceType.TOPIC, CASE_INBOX, configs={"retention.ms": "1000"})
    admin.alter_configs([wrong])
    wait_for_retention(admin, "1000")
    assert states(settings, check_only=True)[CASE_INBOX] is State.DIFFERS
    assert states(settings)[CASE_INBOX] is State.CHANGED
    wait_for_retention(admin, "1209600000")


def test_a_topic_in_a_codec_that_cannot_be_read_here_is_refused(
    kafka: KafkaBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_all_topics(kafka.address)
    topic = "registry.title-awarded.v1"
    settings = Settings(kafka=kafka.address)
    apply_topics(settings)
    configure(kafka.address, topic, compression_type="lz4")
    assert set(states(settings, check_only=True).values()) == {State.RIGHT}
    hide("lz4", tmp_path, monkeypatch)
    env = {"JARDEM_KAFKA": kafka.address, "PYTHONPATH": os.environ["PYTHONPATH"]}
    answer = subprocess.run(
        [JARDEM, "topics", "apply", "--check"], env=env, text=True, capture_output=True, check=False
    )
    remove_all_topics(kafka.address)
    assert answer.returncode == 1
    assert (
        f"{topic}: the broker compresses its records with lz4, which this installation cannot"
        in answer.stdout
    )


def test_where_one_topic_is_refused_none_is_created(broker: Broker, admin: KafkaAdminClient) -> None:
    admin.create_topics([NewTopic(CASE_INBOX, 3, 1)])
    # A broker tells of it a moment after it has taken it.
    admin.wait_for_topics([CASE_INBOX])
    found = states(Settings(kafka=broker.address))
    assert found.pop(CASE_INBOX) is State.REFUSED
    assert set(found.values()) == {State.MISSING}
    assert contract_topics(admin) == [CASE_INBOX]


def test_several_may_apply_at_once(broker: Broker) -> None:
    settings = Settings(kafka=broker.address)
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda _: set(states(settings).values()), range(4)))
    assert all(outcome <= {State.CREATED, State.RIGHT} for outcome in outcomes)
    assert set(states(settings).values()) == {State.RIGHT}


def test_the_command_says_what_it_did_by_its_exit_code(broker: Broker) -> None:
    def run(*arguments: str, partitions: str = "4") -> subprocess.CompletedProcess[str]:
        env = {"JARDEM_KAFKA": broker.address, "JARDEM_INBOX_PARTITIONS": partitions}
        return subprocess.run(
            [JARDEM, "topics", "apply", *arguments], env=env, text=True, capture_output=True, check=False
        )

    assert run("--check").returncode == 1
    assert run().returncode == 0
    again = run("--check")
    assert again.returncode == 0
    assert CASE_INBOX in again.stdout
    other = run(partitions="5")
    assert other.returncode == 1
    assert "JARDEM_INBOX_PARTITIONS=4" in other.stdout


@pytest.mark.parametrize("kind", ["refused", "silent", "unresolvable"])
def test_no_broker_is_said_within_ten_seconds(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = {
            "refused": f"127.0.0.1:{free_port()}",
            "silent": f"127.0.0.1:{silent.getsockname()[1]}",
            "unresolvable": "broker.invalid:9092",
        }[kind]
        began = time.monotonic()
        with pytest.raises(NoBrokerError, match=address):
            require_broker(Settings(kafka=address))
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("command", [["topics", "apply"], ["publish", "-"], ["worker"], ["webhooks"]])
def test_every_command_says_that_there_is_no_broker(command: list[str]) -> None:
    address = f"127.0.0.1:{free_port()}"
    began = time.monotonic()
    answer = subprocess.run(
        [JARDEM, *command],
        env=WHOLE | {"JARDEM_KAFKA": address},
        stdin=subprocess.DEVNULL,
        text=True,
        capture_output=True,
        check=False,
    )
    # Three seconds of trying; the rest is Python's start on a machine that is busy with other tests.
    assert time.monotonic() - began < 20
    assert answer.returncode == 1
    assert "no broker answers" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_missing_settings_end_a_command_with_2() -> None:
    answer = subprocess.run([JARDEM, "topics", "apply"], env={}, text=True, capture_output=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr.startswith("JARDEM_KAFKA is missing")
