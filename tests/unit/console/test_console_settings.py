import os
from pathlib import Path

import pytest

from ops.console.access import Role
from streams.settings.checks import SettingsError
from streams.settings.console import console_faults
from streams.settings.load import load_settings
from streams.settings.settings import Settings
from tests.unit.console.running import users_file

OPENID = {
    "console_url": "https://console.example.kz",
    "oidc_issuer": "https://sso.example.kz/realms/staff",
    "oidc_client_id": "console",
    "oidc_client_secret": "hush",
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("JARDEM_"):
            monkeypatch.delenv(name)


def faults(command: str | None = "console", **settings: object) -> list[str]:
    return list(console_faults(Settings(**settings), command))  # type: ignore[arg-type] # as variables are


def test_a_file_of_users_or_a_provider_is_enough(tmp_path: Path) -> None:
    assert faults(console_users=users_file(tmp_path / "users.json", x={Role.VIEWER}).path) == []
    assert faults(**OPENID) == []


def test_without_either_nobody_could_sign_in() -> None:
    (line,) = faults()
    assert "JARDEM_OIDC_ISSUER" in line
    assert "JARDEM_CONSOLE_USERS" in line
    assert faults("worker") == []


@pytest.mark.parametrize("missing", sorted(OPENID))
def test_a_provider_is_named_completely_or_not_at_all(missing: str) -> None:
    lines = faults(**{name: value for name, value in OPENID.items() if name != missing})
    assert any(line.startswith(f"JARDEM_{missing.upper()} is missing") for line in lines)


def test_production_needs_https_where_people_and_secrets_go(tmp_path: Path) -> None:
    users = users_file(tmp_path / "users.json").path
    plain = OPENID | {"console_url": "http://console.example.kz", "oidc_issuer": "http://sso.example.kz"}
    lines = faults(profile="production", **plain)
    assert {line.split()[0] for line in lines} == {"JARDEM_CONSOLE_URL", "JARDEM_OIDC_ISSUER"}
    assert any("https address" in line for line in faults(profile="production", console_users=users))
    assert faults(profile="production", **OPENID) == []


def test_whoever_listens_to_others_says_under_which_name(tmp_path: Path) -> None:
    users = users_file(tmp_path / "users.json").path
    (line,) = faults(console_users=users, console_bind="0.0.0.0:8090")
    assert line.startswith("JARDEM_CONSOLE_BIND")
    assert faults(console_users=users, console_bind="[::1]:8090") == []
    (line,) = faults(**OPENID | {"console_url": "https://example.kz/console"})
    assert "no path" in line


@pytest.mark.parametrize("command", ["console", "doctor"])
def test_a_file_that_others_can_read_or_that_is_not_there_is_said(tmp_path: Path, command: str) -> None:
    path = users_file(tmp_path / "users.json").path
    path.chmod(0o644)
    assert any("chmod 600" in line for line in faults(command, console_users=path))
    assert any("users add" in line for line in faults(command, console_users=tmp_path / "none.json"))
    assert faults("worker", console_users=path) == []


def test_proxies_are_addresses_or_networks(tmp_path: Path) -> None:
    users = users_file(tmp_path / "users.json").path
    assert faults(console_users=users, console_proxies="10.0.0.0/8, 127.0.0.1") == []
    (line,) = faults(console_users=users, console_proxies="10.0.0.0.0")
    assert line.startswith("JARDEM_CONSOLE_PROXIES")


def test_the_provider_names_roles_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JARDEM_OIDC_ROLES", "officer = chief, viewer=anybody")
    assert Settings().oidc_roles == {"officer": "chief", "viewer": "anybody"}
    assert Settings().redacted()["JARDEM_OIDC_ROLES"] == "officer=chief,viewer=anybody"
    monkeypatch.setenv("JARDEM_OIDC_ROLES", "king=chief")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "JARDEM_OIDC_ROLES" in str(caught.value)
