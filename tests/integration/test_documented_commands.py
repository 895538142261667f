"""What the pages show to be typed is typed: each script of README and docs/, on real brokers and files."""

import asyncio
import base64
import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ops.brokers.certificates import Authority
from ops.brokers.kafka import KafkaBroker
from ops.brokers.secured import ADMIN, SecuredKafka
from ops.demo.installation import Installation
from ops.demo.processes import run_command
from ops.reach import free_port
from schemas.ids import case_id_of
from streams.key_set import DEMO_KEYS
from streams.settings.checks import unknown_variables
from streams.settings.load import load_settings
from streams.signing import load_signer
from tests import officers
from tests.documents import chain, every_kind
from tests.integration.acts import Somebody, act, until_told
from tests.integration.documented import play, scripts
from tests.integration.secured import USERS, env_of
from tests.unit.docs.pages import PAGES, ROOT, blocks

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(500)]

PLAYED = {
    "on an installation": [
        ("README.md", 1),
        ("docs/registries.md", 1),
        ("docs/producers.md", 0),
        ("docs/documents.md", 0),
        ("docs/documents.md", 1),
        ("docs/dead-letters.md", 0),
        ("docs/encryption.md", 1),
        ("docs/console.md", 0),
        ("docs/console.md", 1),
        ("docs/console.md", 2),
        ("docs/http-intake.md", 0),
        ("docs/backup.md", 0),
    ],
    "on guarded brokers": [("docs/kafka-security.md", 2)],
    "as settings": [("docs/carriers.md", 0), ("docs/kafka-security.md", 0), ("docs/kafka-security.md", 1)],
    "with a KMS": [("docs/encryption.md", 0)],
}
SIGNED_LINE = json.dumps(
    {
        "type": "registry.title-awarded.v1",
        "source": "urn:kz:registry:titles",
        "data": {
            "iin": "850101300015",
            "title": "peoples_hero",
            "award_id": "A-99",
            "awarded_on": "2021-07-12",
        },
    }
)
ELSEWHERE = {
    ("docs/data.md", 0): "test_the_command_totals_a_day_as_the_example_has_it",
    ("docs/data.md", 1): "test_the_command_finds_the_id_again",
    ("docs/documents.md", 2): "test_a_document_is_verified_without_us_and_a_changed_one_is_not",
    ("docs/documents.md", 3): "test_what_openssl_signs_for_an_officer_verifies",
    ("docs/http-intake.md", 1): "test_the_examples_of_the_page_are_taken",
    ("docs/http-intake.md", 2): "test_the_examples_of_the_page_are_taken",
    ("docs/http-intake.md", 3): "test_the_examples_of_the_page_are_taken",
    ("docs/http-intake.md", 4): "test_the_example_with_a_certificate_is_taken",
    ("docs/deploying.md", 0): "test_what_the_image_holds_runs_as_nobody_on_a_tree_that_it_can_not_write",
    ("docs/deploying.md", 1): "test_each_service_is_given_what_its_command_asks_for",
    ("docs/deploying.md", 2): "test_it_runs_as_compose_starts_it",
    ("docs/deploying.md", 3): "test_helm_lints_it",
    ("README.md", 0): "test_the_demo_plays_its_sample_to_the_end",
    ("docs/registries.md", 0): "test_the_demo_plays_its_sample_to_the_end",
}
"""The tests that run a script, or of it what can be run without an engine and a cluster."""


def test_every_script_is_run_by_a_test() -> None:
    shown = {
        (str(path.relative_to(ROOT)), number)
        for path in PAGES
        for number, _ in enumerate(b for b in blocks(path.read_text(encoding="utf-8")) if b.language == "sh")
    }
    assert shown == {*ELSEWHERE, *(each for pages in PLAYED.values() for each in pages)}
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert set(ELSEWHERE.values()) - there == set()


@dataclass(frozen=True)
class Typing:
    """Types scripts in a folder, on an installation."""

    folder: Path
    given: Mapping[str, str]

    async def __call__(
        self, page: str, number: int, *, code: int = 0, replaced: Mapping[str, str] | None = None
    ) -> str:
        done = await asyncio.to_thread(
            play, scripts(page)[number], self.folder, self.given, replaced, SIGNED_LINE
        )
        assert done.returncode == code, (page, number, done.stdout, done.stderr)
        return done.stdout + done.stderr


async def consented(installation: Installation, who: Somebody) -> str:
    """Their case, once they have consented and are asked for an account."""
    came = asyncio.Event()
    installation.simulator.on_message(lambda phone, _: came.set() if phone == who.phone else None)
    await who.award(installation)
    await asyncio.wait_for(came.wait(), 90)
    await installation.simulator.answer(who.phone, "2")
    await until_told(lambda: who.told(installation.kafka, "cabinet.notified.v1", "cabinet.notified.v1"))
    return str((await who.steps(installation.kafka))[0]["case_id"])


async def letters(installation: Installation, who: Somebody) -> list[str]:
    """Two dead letters, of acts on a case that there is not yet."""
    case_id = case_id_of(who.person_id, "award", "not yet")
    for _ in range(2):
        about = {"kind": "case", "id": case_id}
        await act(installation, "manual_route", about, person_id=who.person_id)

    async def listed() -> list[dict[str, str]]:
        said = await run_command(installation.env, "dead-letters", "list", "--json")
        found: list[dict[str, str]] = json.loads(said.splitlines()[-1])["letters"]
        return found

    return [letter["id"] for letter in await until_told(listed, 2)]


def files_to_verify(folder: Path) -> None:
    """What the page of documents calls decision.jws, keys.json, roots.pem and so on."""
    event = load_signer(None, "").issue(every_kind()[1])
    (folder / "decision.jws").write_text(event.document + "\n")
    (folder / "keys.json").write_text(DEMO_KEYS.written())
    (folder / "roots.pem").write_bytes(officers.Authority().certificate.public_bytes(Encoding.PEM))
    (folder / "steps.jsonl").write_text("".join(json.dumps(step) + "\n" for step in chain()))
    (folder / "documents.jsonl").write_text("")


@pytest.mark.slow
async def test_what_is_shown_to_be_typed_runs_on_an_installation(tmp_path: Path) -> None:
    folder = tmp_path / "typed"
    folder.mkdir()
    somebody = Somebody("+77015550199", "850101300015")
    more = {
        "JARDEM_PSEUDONYM_KEY": somebody.key,
        "JARDEM_ENCRYPTION_KEY": "a-master-key-of-a-test-" + "k" * 32,
        "JARDEM_KEYS_DATABASE": f"sqlite:///{tmp_path}/keys.sqlite",
    }
    with KafkaBroker(tmp_path / "kafka") as broker:
        async with Installation(broker.address, tmp_path, hours="off", more=more) as installation:
            ports = {
                f"JARDEM_{name}_BIND": f"127.0.0.1:{free_port()}"
                for name in ("HEALTH", "WEBHOOKS", "CONSOLE", "INTAKE")
            }
            typed = Typing(folder, installation.env | ports | {"JARDEM_DATA_DIR": str(folder / "data")})
            case_id = await consented(installation, somebody)
            one, two = await letters(installation, somebody)
            await everything_of_an_installation(typed, case_id, one, two)


async def everything_of_an_installation(typed: Typing, case_id: str, one: str, two: str) -> None:
    folder = typed.folder
    said = await typed("README.md", 1)
    assert "is missing" not in said
    assert case_id in await typed("docs/registries.md", 1)
    letter = {"dead-letter.v1/0/12": one, "dead-letter.v1/0/13": two}
    assert one in await typed("docs/dead-letters.md", 0, replaced=letter)
    files_to_verify(folder)
    assert "1 cases, 6 steps, no faults" in await typed("docs/documents.md", 0)
    (folder / "iin.txt").write_text("850101300015\n")
    assert case_id in await typed("docs/documents.md", 1, replaced={"CASE": case_id})
    assert json.loads((folder / "consent.json").read_text())["cases"][0]["case_id"] == case_id
    # Their case is open: nobody erases them.
    assert f"{case_id} is account_sent" in await typed("docs/encryption.md", 1, code=1)
    await typed("docs/producers.md", 0)
    assert len(list((folder / "titles-keys").glob("*.jwk"))) == 1
    in_the_console = Typing(folder, {**typed.given, "JARDEM_CONSOLE_USERS": str(folder / "users.json")})
    for number in range(3):
        await in_the_console("docs/console.md", number)
    await typed("docs/http-intake.md", 0)
    await typed("docs/backup.md", 0, replaced={"/backup/2026-11-26": str(folder / "backup")})


@pytest.mark.slow
def test_the_demo_plays_its_sample_to_the_end(tmp_path: Path) -> None:
    """What `make demo` runs, fast and once: it ends with 0 only where everybody came out as they should."""
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\n\t$(JARDEM) demo $(DEMO)\n" in recipe
    with KafkaBroker(tmp_path / "kafka") as broker:
        given = {"JARDEM_KAFKA": broker.address, "JARDEM_DATA_DIR": str(tmp_path / "data")}
        done = play("jardem demo --fast --once", tmp_path, given)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_what_is_shown_of_roles_runs_on_guarded_brokers(tmp_path: Path) -> None:
    with SecuredKafka(tmp_path / "guarded", USERS) as broker:
        given = env_of(broker, ADMIN) | {"JARDEM_DATA_DIR": str(tmp_path / "data")}
        page, number = PLAYED["on guarded brokers"][0]
        done = play(scripts(page)[number], tmp_path, given)
    # The last one gives the worker other names: what the former may do is then too much, and is said.
    assert done.returncode == 1, done.stderr
    assert "User:CN=worker-1, User:CN=worker-2" in done.stdout
    assert "too much: User:worker may read the topic case.inbox.v1" in done.stdout
    assert "too much" not in done.stdout.partition("User:CN=worker-1")[0]


@pytest.mark.parametrize(("page", "number"), PLAYED["as settings"])
def test_what_is_shown_to_be_set_is_read(
    page: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With files of this machine in the place of those that the script names."""
    authority = Authority.new(tmp_path)
    own = authority.issue("worker")
    secret = tmp_path / "secret"
    secret.write_text("8letters")
    there = {
        "/etc/jardem/worker.pem": own.certificate,
        "/etc/jardem/worker.key": own.key,
        "/etc/jardem/kafka-ca.pem": authority.certificate,
        "/etc/jardem/operator-ca.pem": authority.certificate,
        "/run/secrets/kafka-password": secret,
        "/run/secrets/smpp": secret,
    }
    script = scripts(page)[number]
    for file, here in there.items():
        script = script.replace(file, str(here))
    shown = subprocess.run(
        ["sh", "-euc", f"{script}\nenv"],  # noqa: S607 - whatever shell there is
        env={"PATH": os.environ["PATH"], "JARDEM_KAFKA": "one:9093", "JARDEM_KAFKA_TLS": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    for name in [name for name in os.environ if name.startswith("JARDEM_")]:
        monkeypatch.delenv(name)
    given = dict(line.split("=", 1) for line in shown.stdout.splitlines() if line.startswith("JARDEM_"))
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings("worker" if settings_of_a_carrier(given) else "topics")
    redacted = settings.redacted()
    assert {name for name in given if not name.endswith("_FILE")} <= redacted.keys()
    assert list(unknown_variables(settings)) == []


def settings_of_a_carrier(given: Mapping[str, str]) -> bool:
    return "JARDEM_CARRIER" in given


def test_what_is_shown_of_a_kms_wraps_and_unwraps(tmp_path: Path) -> None:
    """With a `bao` that hides nothing, and takes and gives what the real one does."""
    (page, number) = PLAYED["with a KMS"][0]
    command = tmp_path / "ask"
    command.write_text(scripts(page)[number])
    command.chmod(0o755)
    bao = tmp_path / "bao"
    bao.write_text(
        """#!/bin/sh
case "$2 $3" in
  "-field=ciphertext transit/encrypt/jardem") printf 'vault:v1:%s' "${4#plaintext=}" ;;
  "-field=plaintext transit/decrypt/jardem") printf '%s' "${4#ciphertext=vault:v1:}" ;;
  *) exit 1 ;;
esac
"""
    )
    bao.chmod(0o755)

    def ask(what: str, content: str) -> str:
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(
            [command, what], input=content + "\n", env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    key = base64.b64encode(b"k" * 32).decode()
    wrapped = ask("wrap", key)
    assert base64.b64decode(wrapped).startswith(b"vault:v1:")
    assert ask("unwrap", wrapped) == key
