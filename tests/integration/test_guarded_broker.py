"""A guarded broker: what is wrong with how it is reached is one line, and the pipeline runs by roles."""

import asyncio
import gc
import json
import os
import re
import subprocess
import sys
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from ops.acls.own_rights import own_rights
from ops.acls.rights import filter_of
from ops.brokers.certificates import Authority, Certificate
from ops.brokers.secured import SecuredKafka
from ops.demo import sample
from ops.demo.installation import Installation
from ops.demo.processes import run_command
from ops.demo.sample import Published
from ops.demo.script import Script
from ops.demo.users import make_users
from ops.reach import free_port, require_broker
from streams.errors import NoBrokerError
from streams.kafka_access import client_options
from streams.settings.settings import Settings
from tests.integration.secured import USERS, env_of, prepare
from tests.integration.waiting import until

DECIDED = "benefit.decided.v1"
WRITERS = {
    "registry.title-awarded.v1": "registry-titles",
    "registry.disability-established.v1": "registry-disabilities",
    "portal.phone-registered.v1": "portal",
    "statecorp.account-known.v1": "statecorp",
    "statecorp.benefit-recorded.v1": "statecorp",
}

# The broker of the module starts within the first test, with certificates and users.
# kafka-python leaves a connection whose TLS was refused to the garbage collector: it is collected here.
pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]


@pytest.fixture(autouse=True)
def _refused_connections_are_collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.new(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def outlived(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that has expired, unlike what it signed."""
    long_ago = datetime.now(UTC) - timedelta(days=9)
    return Authority.new(tmp_path_factory.mktemp("outlived"), begins=long_ago, lasts=timedelta(days=1))


@pytest.fixture(scope="module")
def broker(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, outlived: Authority
) -> Iterator[SecuredKafka]:
    long_ago = datetime.now(UTC) - timedelta(days=9)
    here = ["127.0.0.1"]
    more = {
        "expired": authority.issue("expired", hosts=here, begins=long_ago, lasts=timedelta(days=1)),
        "early": authority.issue("early", hosts=here, begins=datetime.now(UTC) + timedelta(days=1)),
        "outlived": outlived.issue("outlived", hosts=here),
        "elsewhere": authority.issue("elsewhere", hosts=["kafka.example.kz", "10.0.0.7"]),
    }
    folder = tmp_path_factory.mktemp("guarded")
    with SecuredKafka(folder, USERS, authority=authority, more=more) as started:
        prepare(started)
        yield started


def with_certificate(broker: SecuredKafka, certificate: Certificate | None) -> dict[str, Any]:
    return {
        "kafka": broker.mtls_address,
        "kafka_sasl_mechanism": None,
        "kafka_tls_cert": certificate and certificate.certificate,
        "kafka_tls_key": certificate and certificate.key,
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("other authority", "the broker's certificate is not signed by .*other.crt: set JARDEM_KAFKA_TLS_CA"),
        ("no authority", r"not signed by the authorities of this machine \(JARDEM_KAFKA_TLS_CA is not set\)"),
        ("expired", "the broker's certificate has expired"),
        ("early", "the broker's certificate is not valid yet"),
        ("outlived", "the authority that signed the broker's certificate has expired .*authority.crt"),
        ("elsewhere", "the broker's certificate is not for 127.0.0.1: name the broker in JARDEM_KAFKA"),
        ("password", "does not let worker in by SCRAM-SHA-512: check JARDEM_KAFKA_SASL_USERNAME"),
        ("no password", "asks for a name and a password .*SCRAM-SHA-512.*: set JARDEM_KAFKA_SASL_MECHANISM"),
        ("plaintext", "it speaks TLS: set JARDEM_KAFKA_TLS to true"),
        (
            "no certificate",
            "asks for a client certificate: set JARDEM_KAFKA_TLS_CERT and JARDEM_KAFKA_TLS_KEY",
        ),
        ("stranger's certificate", "it refuses the certificate in .*worker.crt"),
        ("expired certificate", "JARDEM_KAFKA_TLS_CERT names .*late.crt, which expired on"),
        ("password for nothing", "it asks for no password: unset JARDEM_KAFKA_SASL_MECHANISM"),
    ],
)
def test_why_the_broker_does_not_let_us_in_is_said_in_ten_seconds(
    broker: SecuredKafka, authority: Authority, outlived: Authority, tmp_path: Path, wrong: str, said: str
) -> None:
    other = Authority.new(tmp_path / "other", "other")
    late = authority.issue("late", begins=datetime.now(UTC) - timedelta(days=3), lasts=timedelta(days=1))
    changed: dict[str, dict[str, Any]] = {
        "other authority": {"kafka_tls_ca": other.certificate},
        "no authority": {"kafka_tls_ca": None},
        "expired": {"kafka": broker.address_of("expired")},
        "early": {"kafka": broker.address_of("early")},
        "outlived": {"kafka": broker.address_of("outlived"), "kafka_tls_ca": outlived.certificate},
        "elsewhere": {"kafka": broker.address_of("elsewhere")},
        "password": {"kafka_sasl_password": Settings(kafka_sasl_password="no").kafka_sasl_password},  # type: ignore[arg-type]
        "no password": {"kafka_sasl_mechanism": None},
        "plaintext": {"kafka_tls": False, "kafka_sasl_mechanism": None},
        "no certificate": with_certificate(broker, None),
        "stranger's certificate": with_certificate(broker, other.issue("worker")),
        "expired certificate": with_certificate(broker, late),
        "password for nothing": with_certificate(broker, authority.issue("worker"))
        | {"kafka_sasl_mechanism": "PLAIN"},
    }
    refused, seconds = refusal(broker.settings("worker").model_copy(update=changed[wrong]))
    assert re.search(said, str(refused))
    assert seconds < 15
    assert len(refused.problems) == 1
    assert USERS["worker"] not in str(refused)


def refusal(settings: Settings, tries: int = 3) -> tuple[NoBrokerError, float]:
    """Why the broker does not let us in, and how many seconds it took to say so.

    Asked again where no cause is found, or it takes long: a machine that stands still is no cause.
    """
    began = monotonic()
    with pytest.raises(NoBrokerError) as found:
        require_broker(settings)
    seconds = monotonic() - began
    if tries > 1 and (seconds >= 15 or "does not answer as these settings expect" in str(found.value)):
        return refusal(settings, tries - 1)
    return found.value, seconds


def env_of_worker(broker: SecuredKafka, folder: Path) -> dict[str, str]:
    sms = {
        "JARDEM_TWILIO_API_URL": "http://127.0.0.1:1",
        "JARDEM_TWILIO_ACCOUNT_SID": "AC0123",
        "JARDEM_TWILIO_AUTH_TOKEN": "token",
        "JARDEM_SMS_FROM": "+77001234567",
        "JARDEM_PUBLIC_URL": "http://127.0.0.1:8080",
        "JARDEM_DATA_DIR": str(folder),
        "JARDEM_HEALTH_BIND": f"127.0.0.1:{free_port()}",
    }
    return sms | env_of(broker, "worker")


@pytest.mark.parametrize(
    ("kind", "name", "operation", "said"),
    [
        ("TOPIC", "case.inbox.v1", "READ", "User:worker may not read the topic case.inbox.v1"),
        ("TOPIC", DECIDED, "WRITE", "User:worker may not write the topic benefit.decided.v1"),
        ("GROUP", "jardem", "READ", "User:worker may not read the group jardem"),
    ],
)
def test_a_worker_without_a_right_names_it_and_ends_with_78(
    broker: SecuredKafka, tmp_path: Path, kind: str, name: str, operation: str, said: str
) -> None:
    acl = ACL(
        "User:worker",
        "*",
        ACLOperation[operation],
        ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType[kind], name),
    )
    admin = KafkaAdminClient(**client_options(broker.admin))
    admin.delete_acls([filter_of(acl)])
    try:
        # Brokers act by a change a moment after they have taken it.
        deadline = monotonic() + 20
        while not own_rights(broker.settings("worker"), "worker").lacking():
            assert monotonic() < deadline
            sleep(0.1)
        answer = subprocess.run(
            [sys.executable, "-m", "jardem", "worker"],
            env=os.environ | env_of_worker(broker, tmp_path),
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )
    finally:
        admin.create_acls([acl])
        admin.close()
    assert answer.returncode == 78
    assert answer.stderr.splitlines() == [f"{said}, as the role worker must: run jardem topics apply --acls"]


class Guarded(Installation):
    """An installation whose processes are each a role of their own."""

    def __init__(self, broker: SecuredKafka, folder: Path) -> None:
        users = folder / "users.json"
        make_users(users)
        super().__init__(
            broker.address,
            folder,
            hours="off",
            more=env_of(broker, "topics"),
            console_port=free_port(),
            console_users=users,
        )
        self.broker = broker
        for service in self._services:
            service._env = self.env_as(service.name)

    def env_as(self, role: str) -> Mapping[str, str]:
        return ChainMap(env_of(self.broker, role), self.env)

    async def publish(self, events: Sequence[Published]) -> None:
        for event in events:
            given = sample.lines([event])
            await run_command(self.env_as(WRITERS[event.type]), "publish", "-", given=given)


async def decisions(broker: SecuredKafka, found: list[dict[str, Any]]) -> None:
    """As the State Corporation reads what it has to pay."""
    async with AIOKafkaConsumer(
        DECIDED,
        **client_options(broker.settings("statecorp")),
        group_id="statecorp",
        auto_offset_reset="earliest",
    ) as consumer:
        async for record in consumer:
            found += [json.loads(record.value)]


@pytest.mark.timeout(300)
async def test_a_case_goes_its_way_with_every_process_in_its_own_role(
    broker: SecuredKafka, tmp_path: Path
) -> None:
    async with Guarded(broker, tmp_path) as installation:
        person = next(
            each
            for each in sample.citizens(installation.clock.now())
            if [*each.expected] == ["granted kk standalone"] and not each.on_message
        )
        simulator = installation.simulator
        script = Script(
            [person], installation.publish, simulator.answer, simulator.answered, pause=0.5, settle=1.0
        )
        simulator.on_message(script.received)
        found: list[dict[str, Any]] = []
        paid = asyncio.create_task(decisions(broker, found))
        await installation.publish([*person.before, *person.events])
        await until(lambda: bool(found), 150)
        assert (found[0]["iin"], found[0]["outcome"]) == (person.iin, "granted")
        case = found[0]["case_id"]
        # The terminal reads what the desks wrote, and the console's read model has it too.
        assert case in await run_command(installation.env_as("terminal"), "case", "list", "--json")
        async with asyncio.timeout(60):
            while True:
                status = json.loads(await run_command(installation.env_as("console"), "status", "--json"))
                if json.dumps(status).count('"granted": 1'):
                    break
                await asyncio.sleep(1)
        assert installation.dead() is None
        paid.cancel()
        await asyncio.gather(paid, return_exceptions=True)
        await script.stop()


def test_a_registry_may_not_publish_what_is_not_its_own(broker: SecuredKafka) -> None:
    line = {"type": "registry.death-registered.v1", "data": {"iin": "850101300015", "died_on": "2021-07-12"}}
    answer = subprocess.run(
        [sys.executable, "-m", "jardem", "publish", "-"],
        input=json.dumps(line),
        env=env_of(broker, "registry-titles"),
        text=True,
        capture_output=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "line 1: type: the topic registry.death-registered.v1 is missing, or not for us" in answer.stderr
