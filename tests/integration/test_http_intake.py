"""The HTTP intake on a real broker, by real TLS: every answer, and what dies and races."""

import asyncio
import json
import os
import re
import ssl
import sys
import tomllib
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import ClientError, ClientSession, TCPConnector
from aiokafka import AIOKafkaConsumer

from ops.brokers.kafka import KafkaBroker
from ops.http_intake.server import serve
from ops.reach import free_port
from ops.topics import apply_topics
from streams.key_set import PrivateKey
from streams.settings.settings import Settings
from streams.topics import DIGESTS
from tests.canaries import TEXT, WHO, found_in
from tests.deploy.composed import FOLDER, environment, rehearsal
from tests.integration.http_intake import (
    SIGNED,
    TITLES,
    Answer,
    Caller,
    Place,
    calling,
    ids_in,
    process,
    serving,
    title,
)

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

TOPIC = "registry.title-awarded.v1"
BATCH = "application/cloudevents-batch+json"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place.new(tmp_path_factory.mktemp("intake"))


@pytest.fixture(scope="module")
def broker(kafka: KafkaBroker) -> str:
    apply_topics(Settings(kafka=kafka.address))
    return kafka.address


def binary(event: dict[str, object]) -> tuple[bytes, dict[str, str]]:
    attributes = {f"ce-{name}": str(text) for name, text in event.items() if name != "data"}
    return json.dumps(event["data"]).encode(), attributes


async def test_what_is_taken_is_in_its_topic_once_in_every_mode(place: Place, broker: str) -> None:
    ours = place.authority.issue("titles")
    one, two, three, four = (title() for _ in range(4))
    async with serving(place, broker) as port, calling(place, port, ours) as caller:
        first = await caller.post(one)
        assert (first.status, first.json) == (202, {"id": one["id"], "source": TITLES})
        body, headers = binary(two)
        assert (await caller.post(body, "application/json", headers)).status == 202
        batch = await caller.post([three, four], BATCH)
        assert (batch.status, [item["id"] for item in batch.json]) == (202, [three["id"], four["id"]])
        # The same again, in whatever mode, is the same event.
        again, headers = binary(one)
        assert (await caller.post(again, "application/json", headers)).status == 202
        assert (await caller.post(two)).status == 202
    found = await ids_in(broker, TOPIC)
    assert [found.count(event["id"]) for event in (one, two, three, four)] == [1, 1, 1, 1]


async def test_every_refusal_has_its_answer_and_repeats_nobody(place: Place, broker: str) -> None:
    ours = place.authority.issue("titles")
    event = title()
    async with serving(place, broker) as port, calling(place, port, ours) as caller:
        assert (await caller.post(event)).status == 202
        for body, media, status in (
            (title(event["id"], award_id="A-18"), "application/cloudevents+json", 409),
            (title() | {"source": "urn:kz:deaths"}, "application/cloudevents+json", 403),
            (
                title() | {"type": "kz.jardem.registry.death-registered.v1"},
                "application/cloudevents+json",
                403,
            ),
            (title() | {"type": "kz.jardem.operator.acted.v1"}, "application/cloudevents+json", 422),
            (title(), "text/plain", 415),
            (b"{", "application/cloudevents+json", 422),
            (title(reason="x" * 1_000_000), "application/cloudevents+json", 413),
            (b" " * (4 * 1024 * 1024 + 1), BATCH, 413),
            ([title()] * 1001, BATCH, 413),
            (title(awarded_on="2999-01-01"), "application/cloudevents+json", 422),
            (title("award-850101300015"), "application/cloudevents+json", 422),
        ):
            answer = await caller.post(body, media)
            assert answer.status == status, answer.text
            assert answer.json["detail"]
            assert "850101300015" not in answer.text
        wrong = await caller.post(title(iin="850101300016", title="hero"))
        assert wrong.status == 422
        assert {each["field"] for each in wrong.json["problems"]} == {"data.iin", "data.title"}
        assert "850101300016" not in wrong.text
        mixed = await caller.post([title(), title(event["id"], award_id="B"), title(iin="1")], BATCH)
        assert (mixed.status, [item["status"] for item in mixed.json]) == (207, [202, 409, 422])
        metrics = (await caller.get("/metrics")).text
        assert 'jardem_http_intake_events_total{answer="409"} ' in metrics
        assert (await caller.get("/healthz")).status == 200
        assert (await caller.get("/openapi.json")).json["openapi"] == "3.1.0"


async def test_no_line_and_no_count_names_anybody(
    place: Place, broker: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Canaries in data, ids, sources and headers, taken and refused, seen in all that the process says."""
    canary = {"iin": WHO.iin, "award_id": f"{WHO.phone} {TEXT}"}
    ours = place.authority.issue("titles")
    async with process(place, broker) as (port, _), calling(place, port, ours) as caller:
        once = title(**canary)
        for body, status in (
            (once, 202),
            (once | {"data": once["data"] | {"title": "hero_of_labour"}}, 409),
            (title(f"of {WHO.iin}", **canary), 422),
            (title(**canary) | {"source": f"urn:{WHO.phone}"}, 403),
            (title(**canary) | {"type": f"kz.jardem.{WHO.iin}"}, 422),
            (title(**{**canary, "title": TEXT, "awarded_on": WHO.iban}), 422),
            (f"{WHO.iin} {WHO.phone} {WHO.iban} {TEXT}".encode(), 422),
        ):
            answer = await caller.post(body, headers={"traceparent": f"00-{WHO.iin}"})
            assert answer.status == status, answer.text
            assert status == 202 or found_in(answer.text.encode()) == [], answer.text
        assert found_in((await caller.get("/metrics")).text.encode()) == []
    said = capfd.readouterr()
    assert "events by HTTP were not all taken" in said.out + said.err
    assert found_in((said.out + said.err).encode()) == []


async def test_certificates_say_who_calls(place: Place, broker: str) -> None:
    async with serving(place, broker) as port:
        async with calling(place, port) as nobody:
            assert (await nobody.post(title())).status == 401
        async with calling(place, port, place.authority.issue("unknown")) as unknown:
            assert (await unknown.post(title())).status == 403
        expired = place.authority.issue(
            "expired", begins=datetime.now(UTC) - timedelta(days=9), lasts=timedelta(days=1)
        )
        for shown in (expired, place.stranger.issue("titles")):
            async with calling(place, port, shown) as caller:
                with pytest.raises((ClientError, ssl.SSLError, OSError)):
                    await caller.post(title())


async def test_signatures_say_who_calls(place: Place, broker: str) -> None:
    id_ = str(uuid4())
    async with serving(place, broker) as port, calling(place, port) as caller:
        headers, body = place.signed(id_)
        right = await caller.post(body, "application/json", headers)
        assert (right.status, right.json) == (202, {"id": id_, "source": SIGNED})
        other, body = place.signed(str(uuid4()), PrivateKey.new())
        strange = await caller.post(body, "application/json", other)
        assert (strange.status, strange.json["detail"][:5]) == (401, "jws: ")
        moved = headers | {"ce-id": str(uuid4())}
        assert (await caller.post(body, "application/json", moved)).status == 401
        del headers["ce-jws"]
        assert (await caller.post(body, "application/json", headers)).status == 401
    assert (await ids_in(broker, "registry.death-registered.v1")).count(id_) == 1


async def test_who_sends_too_much_is_told_when_to_come_again(place: Place, broker: str) -> None:
    async with (
        serving(place, broker) as port,
        calling(place, port, place.authority.issue("slow")) as caller,
    ):
        posting = [caller.post(title() | {"source": "urn:kz:slow"}) for _ in range(3)]
        answers = await asyncio.gather(*posting)
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[KafkaBroker]:
    """A broker that a test may kill."""
    with KafkaBroker(tmp_path / "mortal") as broker:
        apply_topics(Settings(kafka=broker.address))
        yield broker


async def test_without_a_broker_nothing_is_taken(place: Place, mortal: KafkaBroker) -> None:
    ours, event = place.authority.issue("titles"), title()
    async with serving(place, mortal.address) as port, calling(place, port, ours) as caller:
        assert (await caller.post(title())).status == 202
        mortal.stop()
        answer = await caller.post(event, again=False)
        assert answer.status == 503
        assert answer.headers["Retry-After"]
        assert (await caller.get("/readyz")).status == 503
        mortal.start()
        await caller.until_ready()
        assert (await caller.post(event)).status == 202
    assert event["id"] in await ids_in(mortal.address, TOPIC)


async def test_it_runs_as_compose_starts_it(broker: str, tmp_path: Path) -> None:
    """The rehearsal's environment, files and health check; port and brokers are this machine's."""
    made = rehearsal(tmp_path / "compose")
    port, (check,) = free_port(), made["services"]["http-intake"]["healthcheck"]["test"][3:]
    given = environment(made, "http-intake")
    secrets = tmp_path / "compose" / "secrets"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("JARDEM_")}
    ours = {"JARDEM_KAFKA": broker, "JARDEM_INTAKE_BIND": f"0.0.0.0:{port}", "JARDEM_DATA_DIR": str(tmp_path)}
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "jardem", *made["services"]["http-intake"]["command"]),
        env=environ | given | ours,
    )
    tls = ssl.create_default_context(cafile=secrets / "intake_authority")
    tls.load_cert_chain(secrets / "caller.crt", secrets / "caller.key")
    sources = tomllib.loads((FOLDER / "callers.toml").read_text())["callers"]["rehearsal"]["sources"]
    event = title() | {"source": sources[0]}
    try:
        async with ClientSession(connector=TCPConnector(ssl=tls)) as session:
            caller = Caller(f"https://localhost:{port}", session)
            await caller.until_ready()
            assert (await caller.post(event)).status == 202
            assert (await caller.post(title() | {"source": "urn:kz:other"})).status == 403
        page = (FOLDER.parents[1] / "docs" / "deploying.md").read_text(encoding="utf-8")
        (shown,) = re.findall(
            r"^```sh\ncd deploy/compose/secrets\n(curl .*?)^```$", page, re.MULTILINE | re.DOTALL
        )
        (secrets / "event.json").write_text(json.dumps(title() | {"source": sources[0]}))
        code, said = await shell(shown.replace(":8070", f":{port}"), secrets)
        assert code == 0, said
        here = check.replace("8070", str(port)).replace(
            "/run/secrets/intake_authority", given["JARDEM_INTAKE_CLIENT_CA"]
        )
        asked = await asyncio.create_subprocess_exec(sys.executable, "-c", here)
        assert await asked.wait() == 0
    finally:
        started.terminate()
        assert await started.wait() == 0
    assert event["id"] in await ids_in(broker, TOPIC)


DIES_BEFORE_IT_PUBLISHES = """
import os, signal
from ops.http_intake.log import IntakeLog
async def publish(self, events):
    os.kill(os.getpid(), signal.SIGKILL)
IntakeLog.publish = publish
"""


async def test_killed_between_claim_and_event_the_repeat_is_taken(place: Place, broker: str) -> None:
    ours, event = place.authority.issue("titles"), title()
    async with (
        process(place, broker, DIES_BEFORE_IT_PUBLISHES) as (port, started),
        calling(place, port, ours) as caller,
    ):
        with pytest.raises(ClientError):
            await caller.post(event)
        await started.wait()
    assert event["id"] not in await ids_in(broker, TOPIC)
    async with process(place, broker) as (port, _), calling(place, port, ours) as caller:
        # What is claimed is claimed: nothing else may come under the id.
        assert (await caller.post(title(event["id"], award_id="other"))).status == 409
        assert [(await caller.post(event)).status for _ in range(2)] == [202, 202]
    assert (await ids_in(broker, TOPIC)).count(event["id"]) == 1


async def test_of_two_processes_one_takes_an_id_and_every_restart_says_the_same(
    place: Place, broker: str
) -> None:
    ours = place.authority.issue("titles")
    ids = [str(uuid4()) for _ in range(40)]
    pairs = [(title(id_, award_id="one"), title(id_, award_id="two")) for id_ in ids]

    async def both(left: Caller, right: Caller) -> list[tuple[Answer, Answer]]:
        racing = [asyncio.gather(left.post(one), right.post(two)) for one, two in pairs]
        return [(a, b) for a, b in await asyncio.gather(*racing)]

    async with (
        process(place, broker) as (first, one_process),
        process(place, broker) as (second, other_process),
        calling(place, first, ours) as left,
        calling(place, second, ours) as right,
    ):
        answers = await both(left, right)
        # They end as a deployment ends them. Killed, they may owe the word that an event was published, and
        # then it is published again: test_killed_between_claim_and_event_the_repeat_is_taken.
        for started in (one_process, other_process):
            started.terminate()
            assert await started.wait() == 0
    statuses = [(one.status, two.status) for one, two in answers]
    assert {tuple(sorted(each)) for each in statuses} == {(202, 409)}
    async with serving(place, broker) as port, calling(place, port, ours) as caller:
        assert [(a.status, b.status) for a, b in await both(caller, caller)] == statuses
    found = await ids_in(broker, TOPIC)
    assert all(found.count(one["id"]) == 1 for one, _ in pairs)


async def test_the_log_of_digests_names_nobody(place: Place, broker: str) -> None:
    ours = place.authority.issue("titles")
    async with serving(place, broker) as port, calling(place, port, ours) as caller:
        assert (await caller.post(title())).status == 202
    consumer = AIOKafkaConsumer(DIGESTS, bootstrap_servers=broker, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            while not (batches := await consumer.getmany(timeout_ms=1000)):
                pass
    finally:
        await consumer.stop()
    records = [record for batch in batches.values() for record in batch]
    assert records
    assert {(len(record.key), len(record.value)) for record in records} == {(24, 18)}
    assert not any(b"8501" in record.key + record.value for record in records)


async def shell(script: str, folder: Path, **more: str) -> tuple[int, str]:
    """What a script of a page ends with in this folder, and what it says."""
    started = await asyncio.create_subprocess_shell(
        script, cwd=folder, env=os.environ | more, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await started.communicate()
    assert started.returncode is not None
    return started.returncode, said.decode()


async def test_the_example_with_a_certificate_is_taken(place: Place, broker: str, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "http-intake.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"^```sh\n(curl [^`]*--cert .*?)^```$", page, re.MULTILINE | re.DOTALL)
    ours = place.authority.issue("titles")
    (tmp_path / "titles.crt").write_bytes(ours.certificate.read_bytes())
    (tmp_path / "titles.key").write_bytes(ours.key.read_bytes())
    event = title()
    (tmp_path / "event.json").write_text(json.dumps(event))
    trusted = {"CURL_CA_BUNDLE": str(place.authority.certificate)}
    async with serving(place, broker) as port:
        here = script.replace("intake.example.kz", f"127.0.0.1:{port}")
        code, said = await shell(here, tmp_path, **trusted)
    assert (code, json.loads(said[said.index("{") : said.index("}") + 1])["id"]) == (0, event["id"])
    assert event["id"] in await ids_in(broker, TOPIC)


async def test_the_examples_of_the_page_are_taken(place: Place, broker: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "http-intake.md").read_text(encoding="utf-8")
    scripts = re.findall(r"^```sh\n(curl .*?)^```$", page, re.MULTILINE | re.DOTALL)
    first_look = [script for script in scripts if "http://127.0.0.1:8070" in script]
    assert len(first_look) == 3
    plain = {"intake_callers": None, "intake_tls_cert": None, "intake_tls_key": None}
    port = free_port()
    settings = place.settings(broker, port, **plain, intake_client_ca=None, registry_keys=None)
    stop = asyncio.Event()
    task = asyncio.create_task(serve(settings, stop=stop))
    try:
        async with ClientSession() as session:
            await Caller(f"http://127.0.0.1:{port}", session).until_ready()
        for script in first_look:
            code, said = await shell(script.replace(":8070", f":{port}"), place.folder)
            assert code == 0, said
            assert '"id"' in said
    finally:
        stop.set()
        await task
    assert "award-17" in await ids_in(broker, TOPIC)
    assert "death-17" in await ids_in(broker, "registry.death-registered.v1")
