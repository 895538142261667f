import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ops.doctor.examine import _settings
from ops.doctor.machine import Verdict
from ops.keys.folder import authorise, new_key
from streams.key_set import DEMO_KEY, DEMO_KEYS, KEY_SET, KeyFolder
from streams.settings.checks import SettingsError
from streams.settings.load import load_settings
from tests.officers import Authority, jwk

WORKER = {
    "KAFKA": "one:9092",
    "KAFKA_TLS": "true",
    "PSEUDONYM_KEY": "0123456789abcdef0123456789abcdef",
    "TWILIO_ACCOUNT_SID": "AC0123",
    "TWILIO_AUTH_TOKEN": "hush",
    "SMS_FROM": "+77001234567",
    "PUBLIC_URL": "https://sms.example.kz",
    "CROSS_BORDER_SMS": "allow",
}
ROOT = Authority()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("JARDEM_"):
            monkeypatch.delenv(name)
    put(monkeypatch, **WORKER)
    new_key(tmp_path / "keys", datetime.now(UTC), None)
    return tmp_path / "keys"


def put(monkeypatch: pytest.MonkeyPatch, **variables: object) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"JARDEM_{name}", str(value))


def complaints(command: str = "worker") -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(command)
    return list(caught.value.problems)


@pytest.mark.usefixtures("folder")
def test_development_signs_with_the_demos_key_under_its_own_name() -> None:
    settings = load_settings("worker")
    assert (settings.signing_keys, settings.document_issuer) == (None, "jardem, development")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("command", "named"),
    [("worker", ["SIGNING_KEYS", "DOCUMENT_ISSUER", "DECISION_MODE"]), ("webhooks", ["SIGNING_KEYS"])],
)
def test_production_needs_keys_and_an_issuer(
    command: str, named: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, PROFILE="production", ENCRYPTION="off")
    assert [line.split()[0] for line in complaints(command)] == [f"JARDEM_{name}" for name in named]


def test_production_refuses_the_demos_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    officers = folder.parent / "officers.json"
    officers.write_text(json.dumps({"keys": [jwk("ES256")]}))
    put(
        monkeypatch,
        PROFILE="production",
        ENCRYPTION="off",
        SIGNING_KEYS=folder,
        DOCUMENT_ISSUER="Қызмет көрсетуші",
    )
    put(monkeypatch, OFFICER_KEYS=officers)
    load_settings("worker")
    demo = DEMO_KEYS.keys[0].with_(jardem_demo=False)
    KeyFolder(folder).add(DEMO_KEY, KeyFolder(folder).key_set().with_key(demo))
    assert "holds the demo's key" in complaints()[0]
    put(monkeypatch, PROFILE="development")
    load_settings("worker")


def test_production_decides_alone_only_where_an_act_lets_its_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(
        monkeypatch,
        PROFILE="production",
        ENCRYPTION="off",
        SIGNING_KEYS=folder,
        DOCUMENT_ISSUER="Қызмет көрсетуші",
    )
    put(monkeypatch, DECISION_MODE="auto")
    [problem] = complaints()
    assert problem.startswith("JARDEM_DECISION_MODE is auto, and no act lets the key that signs now decide")
    [key] = KeyFolder(folder).key_set().keys
    authorise(folder, key.kid, "Order No 1")
    assert load_settings("worker").decides == "auto"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["topics", "publish", "http-intake"])
def test_who_decides_nothing_is_asked_for_no_act(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, PROFILE="production", DECISION_MODE="auto")
    of_the_mode = "JARDEM_DECISION_MODE is auto"
    assert any(line.startswith(of_the_mode) for line in complaints("worker"))
    monkeypatch.delenv("JARDEM_PSEUDONYM_KEY")  # so that there is something to complain of
    monkeypatch.delenv("JARDEM_KAFKA")
    assert [line for line in complaints(command) if line.startswith(of_the_mode)] == []


def test_keys_that_others_may_read_start_nothing_in_any_profile(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, SIGNING_KEYS=folder)
    folder.chmod(0o755)
    assert complaints() == [f"JARDEM_SIGNING_KEYS: {folder} can be read by others than its owner: chmod 700"]
    assert load_settings("keys").signing_keys == folder


@pytest.mark.parametrize("command", ["webhooks", "verify", "case"])
def test_who_signs_nothing_needs_the_key_set_alone(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, PROFILE="production", ENCRYPTION="off", SIGNING_KEYS=folder, DECISION_MODE="auto")
    [key] = KeyFolder(folder).key_set().keys
    authorise(folder, key.kid, "Order No 1")
    (folder / f"{key.kid}.jwk").write_text("what it may not read")
    folder.chmod(0o755)
    assert load_settings(command).signing_keys == folder
    assert any("holds no private key of ours" in line for line in complaints("worker"))
    (folder / KEY_SET).unlink()
    assert f"{folder} has no keys.json with a key in it" in complaints(command)[0]
    (folder / KEY_SET).write_text("{")
    assert f"{folder / KEY_SET} is no key set of ours" in complaints(command)[0]


def test_an_issuer_is_three_to_two_hundred_characters(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, DOCUMENT_ISSUER="Ол", SIGNING_KEYS=folder)
    assert complaints()[0].startswith("JARDEM_DOCUMENT_ISSUER cannot be read")


def test_officers_need_keys_or_roots_in_production(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, PROFILE="production", ENCRYPTION="off", SIGNING_KEYS=folder, DOCUMENT_ISSUER="Біз")
    put(monkeypatch, DECISION_MODE="officer")
    assert "nothing says whose signatures are right" in complaints()[0]
    keys, roots = tmp_path / "officers.json", tmp_path / "roots.pem"
    keys.write_text(json.dumps({"keys": [jwk("ES256")]}))
    roots.write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    put(monkeypatch, OFFICER_KEYS=keys)
    load_settings("worker")
    monkeypatch.delenv("JARDEM_OFFICER_KEYS")
    put(monkeypatch, OFFICER_ROOTS=roots)
    notes = [line.text for line in _settings(load_settings("worker")) if line.verdict is Verdict.NOTE]
    assert any(note.startswith("JARDEM_OFFICER_CRL is not set") for note in notes)
    put(monkeypatch, PROFILE="development", DECISION_MODE="officer")
    monkeypatch.delenv("JARDEM_OFFICER_ROOTS")
    load_settings("worker")


@pytest.mark.usefixtures("folder")
def test_files_of_officers_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, OFFICER_CRL=tmp_path / "none")
    assert complaints() == [
        "JARDEM_OFFICER_CRL is set but JARDEM_OFFICER_ROOTS is not: set both, or unset this"
    ]
    put(monkeypatch, OFFICER_KEYS=tmp_path / "none", OFFICER_ROOTS=tmp_path / "none")
    assert len(complaints()) == 2
