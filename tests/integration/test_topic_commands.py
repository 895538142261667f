"""What the commands say that read our own topics, on a real Kafka: verify --log and case."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from ops.brokers.kafka import KafkaBroker
from ops.topics import apply_topics
from streams.records import Outgoing
from streams.settings.settings import Settings
from tests.command import run
from tests.documents import CASE, IIN, chain
from tests.integration.reader import configure
from tests.told import CABINET, LOG, accepted, decided, ended, notified, outgoing, rests_on

OTHER = "11111111-3c0a-5d6b-9a51-3f6f2f0a9c11"


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[KafkaBroker]:
    """One of its own, without topics."""
    with KafkaBroker(tmp_path / "broker") as started:
        yield started


@pytest.fixture
def broker(bare: KafkaBroker) -> KafkaBroker:
    """The same with our topics, which hold nothing else."""
    apply_topics(Settings(kafka=bare.address))
    return bare


def send(
    broker: KafkaBroker, *events: Outgoing, partition: int = 0, transaction: str = "none"
) -> KafkaProducer:
    """Write events; of a transaction, leave it as it is asked for."""
    more = {} if transaction == "none" else {"transactional_id": f"test-{transaction}"}
    producer = KafkaProducer(bootstrap_servers=broker.address, acks="all", **more)
    if more:
        producer.init_transactions()
        producer.begin_transaction()
    for event in events:
        producer.send(
            event.topic, key=event.key, value=event.value, headers=list(event.headers), partition=partition
        )
    producer.flush()
    if transaction == "committed":
        producer.commit_transaction()
    elif transaction == "aborted":
        producer.abort_transaction()
    return producer


def steps(case_id: str = CASE, count: int = 6) -> list[Outgoing]:
    return [outgoing(LOG, each) for each in chain(case_id, count)]


def test_the_log_in_its_topic_is_looked_through_as_it_is_committed(broker: KafkaBroker) -> None:
    assert run("verify", "--log", KAFKA=broker.address) == (0, "0 cases, 0 steps, no faults\n")
    forged = outgoing(LOG, chain()[5] | {"note": "forged"})
    send(broker, *steps()[:4], transaction="committed").close()
    send(broker, forged, transaction="aborted").close()
    send(broker, *steps()[4:], transaction="committed").close()
    send(broker, *steps(OTHER, 3), partition=3).close()
    under_way = send(broker, forged, transaction="open")
    assert run("verify", "--log", KAFKA=broker.address) == (0, "2 cases, 9 steps, no faults\n")
    assert run("verify", "--log", "--case", OTHER, KAFKA=broker.address)[1] == "1 cases, 3 steps, no faults\n"
    under_way.commit_transaction()
    under_way.close()
    code, said = run("verify", "--log", "--json", KAFKA=broker.address)
    assert code == 1
    assert json.loads(said)["faults"] == [{"case_id": CASE, "step": 6, "fault": "told twice differently"}]
    nobodys = "22222222-3c0a-5d6b-9a51-3f6f2f0a9c11"
    assert run("verify", "--log", "--case", nobodys, KAFKA=broker.address) == (
        1,
        f"there is no case {nobodys} in {LOG}",
    )


def test_what_retention_has_deleted_is_told_from_what_is_missing(broker: KafkaBroker) -> None:
    send(broker, *steps(), Outgoing(LOG, b"key", b"\xff")).close()
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    admin.delete_records({TopicPartition(LOG, 0): 2})
    admin.close()
    code, said = run("verify", "--log", KAFKA=broker.address)
    assert code == 1
    assert said.splitlines() == [
        f"{LOG}[0]@6: no step of a case: the header ce_id is missing",
        f"{CASE} step 1: missing",
        f"{CASE} step 2: missing",
        "1 cases, 4 steps, 2 faults, 1 records that are no steps",
    ]
    configure(broker.address, LOG, retention_ms="86400000")
    code, said = run("verify", "--log", KAFKA=broker.address)
    assert f"{CASE} steps 1 to 2: not kept any longer by the topic, not looked at" in said
    assert "step 1: missing" not in said


def test_cases_are_listed_shown_and_their_consents_exported(broker: KafkaBroker) -> None:
    withdrawn = ended(6, "withdrawn", rests_on(), "2021-07-24T05:00:00Z")
    send(broker, *steps(), notified(accepted(5, rests_on())), notified(withdrawn)).close()
    send(broker, *steps(OTHER, 2), partition=1, transaction="committed").close()
    send(broker, notified(decided(6, rests_on("SM99"))), transaction="aborted").close()
    code, said = run("case", "list", KAFKA=broker.address)
    assert (code, [line.split()[0] for line in said.splitlines()]) == (0, [CASE, OTHER])
    code, said = run("case", "show", CASE, "--evidence", KAFKA=broker.address)
    assert code == 0
    assert (
        "step 6, 2021-07-22 04:00:06 UTC (2021-07-22 10:00:06 Asia/Almaty): account_sent -> granted" in said
    )
    assert "document ended of step 6: verifies" in said
    assert "decided" not in said
    for arguments, given in (([CASE], ""), (["--person", "-"], IIN)):
        code, said = run("case", "consent", *arguments, given=given.encode(), KAFKA=broker.address)
        (case,) = json.loads(said)["cases"]
        assert (case["case_id"], case["withdrawn_at"]) == (CASE, "2021-07-24T05:00:00Z")
        assert case["answers"] == rests_on()["answers"]
    assert run("case", "show", OTHER, KAFKA=broker.address)[0] == 0
    code, said = run("case", "consent", OTHER, KAFKA=broker.address)
    assert (code, said) == (1, "no document that verifies holds a consent")
    nobodys = "22222222-3c0a-5d6b-9a51-3f6f2f0a9c11"
    assert run("case", "show", nobodys, KAFKA=broker.address) == (1, f"there is no case {nobodys} in {LOG}")


def test_topics_that_are_missing_are_named_and_not_made(bare: KafkaBroker) -> None:
    for arguments, topic in (
        (["verify", "--log"], LOG),
        (["case", "list"], LOG),
        (["case", "show", CASE, "--evidence"], f"{CABINET}, {LOG}"),
        (["case", "consent", CASE], CABINET),
    ):
        assert run(*arguments, KAFKA=bare.address) == (
            2,
            f"{topic} is missing at {bare.address}: check JARDEM_KAFKA, or run jardem topics apply",
        )
    admin = KafkaAdminClient(bootstrap_servers=bare.address)
    assert not {LOG, CABINET} & set(admin.list_topics())
    admin.close()
