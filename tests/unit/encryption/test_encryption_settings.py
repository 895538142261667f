"""What the settings of encryption have to say together, each with the name of what is wrong."""

import pytest

from streams.settings.checks import contradictions
from streams.settings.settings import Settings

KEY, STORE = "k" * 40, "sqlite:////keys.sqlite"


def faults(command: str = "worker", **given: str) -> list[str]:
    lines = contradictions(Settings.model_validate(given), command)
    return [line for line in lines if "ENCRYPTION" in line or "KEYS_DATABASE" in line]


def test_a_key_and_a_store_are_enough_in_every_profile() -> None:
    for profile in ("development", "production"):
        assert faults(profile=profile, encryption_key=KEY, keys_database=STORE) == []
        assert faults(profile=profile, encryption="off") == []
    assert Settings.model_validate({"encryption_key": KEY, "keys_database": STORE}).encrypts == "on"
    assert Settings().encrypts == "off"


@pytest.mark.parametrize("command", ["worker", "webhooks", "console"])
def test_production_encrypts_or_says_that_it_does_not(command: str) -> None:
    (line,) = faults(command, profile="production")
    assert line.startswith("JARDEM_ENCRYPTION_KEY is missing: production encrypts personal data")
    assert faults("topics", profile="production") == []


@pytest.mark.parametrize("command", ["topics", "publish", "http-intake"])
def test_who_has_to_do_with_nothing_encrypted_is_given_no_keys(command: str) -> None:
    assert [line for line in faults(command, encryption="on") if "JARDEM_ENCRYPTION" in line] == []
    assert len([line for line in faults("worker", encryption="on") if "_KEY is missing while" in line]) == 1


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"encryption_key": KEY}, "JARDEM_KEYS_DATABASE is missing"),
        ({"encryption": "on", "keys_database": STORE}, "JARDEM_ENCRYPTION_KEY is missing while"),
        ({"encryption": "read", "keys_database": STORE}, "JARDEM_ENCRYPTION_KEY is missing while"),
        ({"encryption_key": KEY, "keys_database": "mysql://x"}, "JARDEM_KEYS_DATABASE names neither"),
        (
            {"encryption_key": KEY, "encryption_command": "kms", "keys_database": STORE},
            "JARDEM_ENCRYPTION_KEY and JARDEM_ENCRYPTION_COMMAND are both set",
        ),
        (
            {"encryption_command": "kms 'x", "keys_database": STORE},
            "JARDEM_ENCRYPTION_COMMAND cannot be read as a command",
        ),
        (
            {"profile": "production", "encryption_key": "short", "keys_database": STORE},
            "JARDEM_ENCRYPTION_KEY is too short",
        ),
        (
            {"profile": "production", "encryption_key": "demo-" + KEY, "keys_database": STORE},
            "JARDEM_ENCRYPTION_KEY is the demo's",
        ),
    ],
)
def test_what_does_not_go_together_is_said(given: dict[str, str], named: str) -> None:
    (line,) = faults(**given)
    assert line.startswith(named)
    assert "mysql://x" not in line
