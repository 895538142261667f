"""Each role against each topic, both ways, on a broker that guards them; and what is missing or too much.

What is expected stands here once more, by hand and by topic: the file of roles says it by role.
"""

import asyncio
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep, time

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.conn import create_conn
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)
from pydantic import SecretStr

from ops.acls.granting import Granted, grant
from ops.acls.own_rights import NoRightError, own_rights, require_rights
from ops.acls.rights import filter_of
from ops.acls.roles import load_roles
from ops.brokers.secured import SecuredKafka
from ops.dead_letters.acting import acknowledged
from ops.persons.erasing import Erasure, NotErasedError, Said, check_erasure, erase
from ops.topic_records import Item, TopicError, event_data, read_topics
from ops.topics import State, apply_topics
from schemas.ids import PersonId, Pseudonyms
from streams.encryption.vault import INBOXES
from streams.kafka_access import client_options
from streams.records import Outgoing
from streams.settings.settings import Settings
from streams.settings.values import Address
from streams.topics import ACTS, CASE_INBOX, all_topics
from streams.tuning import Tuning
from tests.integration.secured import ROLES, USERS, env_of, prepare
from tests.unit.encryption.keys import SECRET, keyring, store_in

EXPECTED = """
registry.title-awarded.v1          < registry-titles http-intake > worker console keeper
registry.disability-established.v1 < registry-disabilities http-intake > worker console keeper
registry.entitlement-revoked.v1    < registry-titles registry-disabilities http-intake > worker console keeper
registry.entitlement-restored.v1   < registry-titles registry-disabilities http-intake > worker console keeper
registry.death-registered.v1       < registry-deaths http-intake > worker console keeper
registry.death-annulled.v1         < registry-deaths http-intake > worker console keeper
registry.day-totalled.v1           < registry-titles registry-disabilities registry-deaths >
registry.day-totalled.v1           < http-intake > worker console keeper
portal.phone-registered.v1         < portal http-intake > worker keeper
statecorp.benefit-recorded.v1      < statecorp http-intake > worker console keeper
statecorp.account-known.v1         < statecorp http-intake > worker keeper
emaket.decision-signed.v1          < emaket console http-intake > worker console terminal keeper
emaket.hearing-recorded.v1         < emaket console http-intake > worker console terminal keeper
emaket.term-extended.v1            < emaket console http-intake > worker console terminal keeper
operator.acted.v1                  < console terminal keeper > worker console terminal keeper
intake.redriven.v1                 < console terminal > worker keeper
case.inbox.v1                      < worker > worker terminal keeper
sms.inbox.v1                       < worker webhooks > worker console terminal keeper
sms.outbox.v1                      < worker > worker console terminal keeper
jardem-people-changelog            < worker > worker keeper
jardem-lines-changelog             < worker > worker keeper
jardem-attempts-changelog          < worker > worker keeper
benefit.decided.v1                 < worker > statecorp emaket console terminal keeper
benefit.process-ended.v1           < worker > statecorp emaket console terminal keeper
benefit.decision-questioned.v1     < worker > statecorp emaket console terminal keeper
benefit.decision-drafted.v1        < worker > emaket console terminal keeper
benefit.draft-voided.v1            < worker > emaket console terminal keeper
cabinet.notified.v1                < worker > cabinet console terminal keeper
case.advanced.v1                   < worker > console terminal auditor keeper
intake.digests.v1                  < http-intake > http-intake keeper
audit.console.v1                   < console > console keeper
dead-letter.v1                     < worker > console terminal keeper
"""
"""A topic, who writes it, who reads it."""

ALLOWED, REFUSED = 0, 29
TOPICS = sorted(topic.name for topic in all_topics(Settings()))


def expected() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    writers, readers = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for line in EXPECTED.strip().splitlines():
        topic, _, who = line.partition("<")
        write, _, read = who.partition(">")
        writers[topic.strip()].update(write.split())
        readers[topic.strip()].update(read.split())
    return writers, readers


WRITERS, READERS = expected()

# The broker of the module starts within the first test, with certificates and users.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with SecuredKafka(tmp_path_factory.mktemp("secured"), USERS) as started:
        prepare(started)
        yield started


async def answers(settings: Settings) -> tuple[dict[str, int], dict[str, int]]:
    """What the broker says to writing to each topic, and to reading each: Kafka's error codes."""
    options, where = client_options(settings), Address.parse(settings.kafka)
    del options["bootstrap_servers"]
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1000)
    builder.append(0, int(time() * 1000), b"key", b"value", [])
    batch = bytes(builder.build())
    connection = await create_conn(where.host, where.port, **options)
    try:
        produce = ProduceRequest(None, -1, 10_000, [(topic, [(0, batch)]) for topic in TOPICS])
        written = await connection.send(produce)
        fetch = FetchRequest(0, 0, 1 << 20, 0, [(topic, [(0, 0, 1 << 16)]) for topic in TOPICS])
        read = await connection.send(fetch)
    finally:
        await connection.close()
    return tuple(  # type: ignore[return-value] # two of them
        {topic: partitions[0][1] for topic, partitions in answer.topics} for answer in (written, read)
    )


def test_the_table_is_of_every_topic_and_every_role() -> None:
    assert sorted(WRITERS) == TOPICS
    assert set(load_roles(Settings())) == set(ROLES)


@pytest.mark.parametrize("role", [*ROLES, "stranger"])
async def test_a_role_writes_and_reads_what_it_must_and_nothing_else(broker: SecuredKafka, role: str) -> None:
    written, read = await answers(broker.settings(role))
    assert written == {topic: ALLOWED if role in WRITERS[topic] else REFUSED for topic in TOPICS}
    assert read == {topic: ALLOWED if role in READERS[topic] else REFUSED for topic in TOPICS}


async def test_a_client_certificate_alone_is_a_role(broker: SecuredKafka) -> None:
    mine = broker.authority.issue("titles of Almaty")
    settings = Settings(
        kafka=broker.mtls_address,
        kafka_tls=True,
        kafka_tls_ca=broker.authority.certificate,
        kafka_tls_cert=mine.certificate,
        kafka_tls_key=mine.key,
    )
    assert set((await answers(settings))[0].values()) == {REFUSED}
    named = ["registry-titles=User:registry-titles", "registry-titles=User:CN=titles of Almaty"]
    granted = grant(broker.admin, load_roles(broker.admin, named))
    try:
        assert {acl.principal for acl in granted.created} == {"User:CN=titles of Almaty"}
        written, read = await answers(settings)
        assert {topic for topic, code in written.items() if code == ALLOWED} == {
            topic for topic, who in WRITERS.items() if "registry-titles" in who
        }
        assert set(read.values()) == {REFUSED}
        other = grant(broker.admin, load_roles(broker.admin), check_only=True)
        assert set(other.too_much) == set(granted.created)
    finally:
        grant(broker.admin, load_roles(broker.admin), prune=True)
    assert set((await answers(settings))[0].values()) == {REFUSED}


def test_each_role_finds_at_the_start_that_it_has_all_and_no_more(broker: SecuredKafka) -> None:
    for role in ROLES:
        rights = own_rights(broker.settings(role), role)
        assert (role, rights.lacking(), rights.too_much()) == (role, [], [])
    assert own_rights(broker.admin, "webhooks").too_much()
    with pytest.raises(NoRightError, match=r"User:stranger may not write the topic sms\.inbox\.v1"):
        require_rights(broker.settings("stranger"), "webhooks")


def test_the_role_of_topics_does_without_the_administrator(broker: SecuredKafka) -> None:
    settings = broker.settings("topics")
    assert {finding.state for finding in apply_topics(settings)} == {State.RIGHT}
    assert grant(settings, load_roles(settings)).right
    hidden = {
        finding.topic.name
        for finding in apply_topics(broker.settings("worker"), check_only=True)
        if finding.state is State.HIDDEN
    }
    assert hidden == {"audit.console.v1", "intake.digests.v1"}


def too_far(principal: str, name: str, pattern: ACLResourcePatternType) -> ACL:
    resource = ResourcePattern(ResourceType.TOPIC, name, pattern)
    return ACL(principal, "*", ACLOperation.READ, ACLPermissionType.ALLOW, resource)


@pytest.mark.parametrize(
    ("acl", "said"),
    [
        (
            too_far("User:registry-titles", "case.inbox.v1", ACLResourcePatternType.LITERAL),
            "User:registry-titles may read the topic case.inbox.v1: the role registry-titles reaches too far",
        ),
        (
            too_far("User:webhooks", "sms.", ACLResourcePatternType.PREFIXED),
            "User:webhooks may read the topic sms....: the role webhooks reaches too far",
        ),
        (
            too_far("User:*", "*", ACLResourcePatternType.LITERAL),
            "User:* may read the topic *: no role of the file has this name",
        ),
    ],
)
def test_who_reaches_too_far_is_named_and_what_is_too_much_is_taken_away(
    broker: SecuredKafka, acl: ACL, said: str
) -> None:
    admin = KafkaAdminClient(**client_options(broker.admin))
    try:
        assert not admin.create_acls([acl])["failed"]
        seen(broker, lambda granted: acl in granted.too_much)
        looked = command(broker, "--check")
        assert (looked.returncode, f"too much: {said}" in looked.stdout) == (1, True), looked.stdout
        assert not grant(broker.admin, load_roles(broker.admin)).right
        pruned = command(broker, "--prune")
        assert pruned.returncode == 0
        assert "0 ACLs created, 1 taken away" in pruned.stdout
    finally:
        admin.delete_acls([filter_of(acl)])
        admin.close()
    seen(broker, lambda granted: granted.right)


def test_what_is_missing_is_named_and_created(broker: SecuredKafka) -> None:
    admin = KafkaAdminClient(**client_options(broker.admin))
    gone = ACL(
        "User:webhooks",
        "*",
        ACLOperation.WRITE,
        ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType.TOPIC, "sms.inbox.v1"),
    )
    try:
        admin.delete_acls([filter_of(gone)])
        seen(broker, lambda granted: gone in granted.missing)
        looked = command(broker, "--check")
        assert looked.returncode == 1
        assert "missing: User:webhooks may write the topic sms.inbox.v1" in looked.stdout
        assert "1 ACLs created" in command(broker).stdout
    finally:
        admin.close()


def seen(broker: SecuredKafka, condition: Callable[[Granted], bool]) -> None:
    """Brokers act by a change a moment after they have taken it."""
    deadline = monotonic() + 20
    while not condition(grant(broker.admin, load_roles(broker.admin), check_only=True)):
        assert monotonic() < deadline
        sleep(0.1)


def command(broker: SecuredKafka, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "jardem", "topics", "apply", "--acls", *options],
        env=env_of(broker, "topics"),
        text=True,
        capture_output=True,
        check=False,
    )


def test_a_name_without_the_right_is_said(broker: SecuredKafka, tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "jardem", "topics", "apply", "--acls", "--check"],
        env=env_of(broker, "worker") | {"JARDEM_DATA_DIR": str(tmp_path)},
        text=True,
        capture_output=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "this name may not see or say who may do what" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("typed", [("backup", "take", "copy"), ("keys", "pseudonyms", "in-use")])
def test_the_keeper_does_what_it_is_there_for_and_others_may_not(
    broker: SecuredKafka, tmp_path: Path, typed: tuple[str, ...]
) -> None:
    def run(role: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "jardem", *typed[:-1], str(tmp_path / f"{typed[-1]}-{role}")],
            env=env_of(broker, role) | {"JARDEM_DATA_DIR": str(tmp_path)},
            text=True,
            capture_output=True,
            check=False,
        )

    done = run("keeper")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"{typed[-1]}-keeper").exists()
    refused = run("auditor")
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / f"{typed[-1]}-auditor" / "manifest.json").exists()
    assert not (tmp_path / "in-use-auditor").exists()


async def test_the_keeper_erases_a_person_and_others_may_not(broker: SecuredKafka, tmp_path: Path) -> None:
    person, said = PersonId("5e" * 32), Said("operator-1", "asked by the person", datetime.now(UTC))
    worker = broker.settings("worker")
    keys = {"encryption_key": SecretStr(SECRET), "keys_database": f"sqlite:///{tmp_path / 'keys.sqlite'}"}
    store = store_in(tmp_path)
    await keyring(store).of_subjects([person])
    await store.stop()

    def checked(role: str) -> tuple[Settings, Erasure]:
        settings = Settings.model_validate(broker.settings(role).model_dump() | keys)
        return settings, check_erasure(settings, person, Pseudonyms(b"k"))

    def erased(role: str) -> None:
        erase(*checked(role), said, lambda _: None, seconds=0)

    async with acknowledged(worker) as send:
        await send(Outgoing(CASE_INBOX, person.encode(), b"{}", ()))
    for role in ("auditor", "terminal", "console"):
        with pytest.raises(TopicError, match="hidden from the name that we sign in with"):
            await asyncio.to_thread(checked, role)
    with pytest.raises(NotErasedError, match="1 events of this person or these numbers are not handled yet"):
        await asyncio.to_thread(erased, "keeper")
    assert (await asyncio.to_thread(checked, "keeper"))[1].has_key, "it is as it was"
    await handle_all(worker)
    await asyncio.to_thread(erased, "keeper")
    assert not (await asyncio.to_thread(checked, "keeper"))[1].has_key
    acts: list[Item] = []
    await asyncio.to_thread(read_topics, broker.settings("keeper"), [ACTS], acts.append, {person.encode()})
    [act] = [event_data(item, ACTS) for item in acts]
    assert (act["act"], act["operator"], act["reason"]) == ("erase", "operator-1", "asked by the person")


async def handle_all(worker: Settings) -> None:
    """Commit, in the workers' group, all that stands in the inboxes."""
    consumer = AIOKafkaConsumer(group_id=Tuning().app_id, enable_auto_commit=False, **client_options(worker))
    async with consumer:
        parts = [
            TopicPartition(topic, number) for topic in INBOXES for number in range(worker.inbox_partitions)
        ]
        consumer.assign(parts)
        await consumer.commit(await consumer.end_offsets(parts))
