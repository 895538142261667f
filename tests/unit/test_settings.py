import json
import os
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from agents.bootstrap import rule_permissions
from agents.carriers import smpp_account, twilio_carrier
from ops.keys.folder import new_key
from rules.rule_sets import Permissions
from streams.kafka_access import client_options
from streams.settings.checks import NEEDS, NEEDS_IN_PRODUCTION, SettingsError, unknown_variables
from streams.settings.load import load_settings
from streams.settings.settings import DEMO_CONSOLE_KEY, DEMO_PSEUDONYM_KEY, Settings
from streams.settings.values import Address, DayHours
from streams.webhook_urls import ASKED_FOR, STATUS, read_overrides, webhook_url
from tests.officers import jwk

KEY = "0123456789abcdef0123456789abcdef"
WORKER = {
    "JARDEM_KAFKA": "one:9092, two:9092",
    "JARDEM_PSEUDONYM_KEY": KEY,
    "JARDEM_TWILIO_ACCOUNT_SID": "AC0123",
    "JARDEM_TWILIO_AUTH_TOKEN": "hush",
    "JARDEM_SMS_FROM": "+77001234567",
    "JARDEM_PUBLIC_URL": "https://sms.example.kz/",
}
PRODUCTION = WORKER | {
    "JARDEM_PROFILE": "production",
    "JARDEM_KAFKA_TLS": "true",
    "JARDEM_DOCUMENT_ISSUER": "Қызмет көрсетуші",
    "JARDEM_CROSS_BORDER_SMS": "allow",
    "JARDEM_ENCRYPTION": "off",
}
RETENTIONS = ("GRANTED", "REFUSED", "DECLINED", "UNASKED", "ENDED")


@pytest.fixture(scope="module", autouse=True)
def signing_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("settings") / "keys"
    new_key(folder, datetime.now(UTC), None)
    PRODUCTION["JARDEM_SIGNING_KEYS"] = str(folder)
    officers = folder.parent / "officers.json"
    officers.write_text(json.dumps({"keys": [jwk("ES256")]}))
    PRODUCTION["JARDEM_OFFICER_KEYS"] = str(officers)
    return folder


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("JARDEM_"):
            monkeypatch.delenv(name)


def put(monkeypatch: pytest.MonkeyPatch, *variables: dict[str, str], **more: str) -> None:
    for group in (*variables, more):
        for name, value in group.items():
            monkeypatch.setenv(name, value)


def complaints(command: str | None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(command)
    return list(caught.value.problems)


def named(lines: list[str]) -> set[str]:
    return {line.split()[0] for line in lines}


def test_a_complete_worker_reads_every_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, WORKER)
    settings = load_settings("worker")
    assert settings.kafka == "one:9092,two:9092"
    assert settings.pseudonym_key.get_secret_value() == KEY
    assert settings.public_url == "https://sms.example.kz"
    assert settings.twilio_api_url == "https://api.twilio.com"
    assert settings.quiet_hours == DayHours(time(9), time(21))
    assert settings.health_bind == Address("127.0.0.1", 6066)
    assert not settings.demo_key


def test_everything_missing_is_listed_at_once_with_what_to_put_there() -> None:
    lines = complaints("worker")
    assert named(lines) == set(WORKER) - {"JARDEM_PSEUDONYM_KEY"}
    assert "JARDEM_KAFKA is missing: set it to the brokers, as host:port,host:port" in lines


@pytest.mark.parametrize("command", NEEDS)
def test_production_has_no_demo_key_to_fall_back_on(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, JARDEM_PROFILE="production")
    needed = (*NEEDS[command], *NEEDS_IN_PRODUCTION.get(command, ()))
    # Production decides by officers, whose keys a worker has to know, and its carrier is not abroad unasked.
    wanted = {
        "worker": {"JARDEM_DECISION_MODE", "JARDEM_CROSS_BORDER_SMS", "JARDEM_ENCRYPTION_KEY"},
        "webhooks": {"JARDEM_CROSS_BORDER_SMS", "JARDEM_ENCRYPTION_KEY"},
        # Where people reach it; in what way they sign in there, a line says that names two variables.
        "console": {"JARDEM_CONSOLE_URL", "JARDEM_ENCRYPTION_KEY", "nobody"},
    }
    assert named(complaints(command)) == wanted.get(command, set()) | {
        "JARDEM_" + name.upper() for name in needed
    }


def test_commands_that_need_nothing_get_the_defaults() -> None:
    settings = load_settings("broker")
    assert settings.demo_key
    assert settings.pseudonym_key.get_secret_value() == DEMO_PSEUDONYM_KEY
    assert settings.replication == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JARDEM_PROFILE", "prod"),
        ("JARDEM_KAFKA", "brokerwithoutport"),
        ("JARDEM_KAFKA", "a:1,"),
        ("JARDEM_KAFKA_TLS", "perhaps"),
        ("JARDEM_KAFKA_SASL_MECHANISM", "GSSAPI"),
        ("JARDEM_KAFKA_REPLICATION", "0"),
        ("JARDEM_INBOX_PARTITIONS", "0"),
        ("JARDEM_TWILIO_API_URL", "api.twilio.com"),
        ("JARDEM_TWILIO_API_URL", "https://user:secret@api.example.com"),
        ("JARDEM_SMS_FROM", "+7 (700) 123"),
        ("JARDEM_PUBLIC_URL", "https://sms.example.kz/?a=b"),
        ("JARDEM_PUBLIC_URL", "https://sms.example.kz#top"),
        ("JARDEM_PUBLIC_URL", "https://sms.example.kz#rc=6"),
        ("JARDEM_PUBLIC_URL", "https://sms.example.kz#rc=5&rp=500"),
        ("JARDEM_PUBLIC_URL", "https://sms.example.kz#rc=5&rp="),
        ("JARDEM_PUBLIC_URL", "https://sms.example.kz#rc=5&rc=4"),
        ("JARDEM_PUBLIC_URL", "https://sms.example.kz#ct=50"),
        ("JARDEM_PUBLIC_URL", "https://sms.example.kz#tt=20000"),
        ("JARDEM_TWILIO_API_URL", "https://api.twilio.com#rc=5"),
        ("JARDEM_WEBHOOKS_BIND", "8080"),
        ("JARDEM_WEBHOOKS_BIND", "off"),
        ("JARDEM_CONSOLE_BIND", "localhost:99999"),
        ("JARDEM_HEALTH_BIND", "localhost"),
        ("JARDEM_DECISION_MODE", "manual"),
        ("JARDEM_TERM_POLICY", "three_days"),
        ("JARDEM_REPEALED_RULES", "yes"),
        ("JARDEM_DRAFT_RULES", "off"),
        ("JARDEM_CROSS_BORDER_SMS", "yes"),
        ("JARDEM_QUIET_HOURS", "21:00-09:00"),
        ("JARDEM_QUIET_HOURS", "9-21"),
        ("JARDEM_INBOUND_CHECK", "0"),
        ("JARDEM_INBOUND_CHECK", "3601"),
        ("JARDEM_INBOUND_CHECK", "nan"),
        ("JARDEM_INBOUND_CHECK", "soon"),
        *((f"JARDEM_RETENTION_{name}", "29") for name in RETENTIONS),
        *(
            ("JARDEM_RETENTION_ENDED", value)
            for value in ("0", "-1", "+30", "1e3", "30.0", " ", "forever", "off", "٩٠", "36501", "9" * 5000)
        ),
        ("JARDEM_STORE", "disk"),
        ("JARDEM_FACTS_GRACE", "-1"),
        ("JARDEM_TIME_SCALE", "0"),
        ("JARDEM_TIME_SCALE", "inf"),
        ("JARDEM_TIME_ORIGIN", "2021-07-15T10:00:00"),
    ],
)
def test_a_value_that_cannot_be_read_is_named_and_explained(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, WORKER, {name: value})
    lines = complaints("worker")
    field = Settings.model_fields[name.removeprefix("JARDEM_").lower()]
    assert lines == [f"{name} cannot be read ({value}): set it to {field.description}"]


@pytest.mark.parametrize(
    "wrong",
    [
        "https://x.kz:99999",
        "https://x.kz:abc",
        "https://x.kz:0",
        "https://x.kz?",
        "https://x.kz##rc=3",
        "https://x.kz /a",
        " https://x.kz",
        "https://x.kz/\u00a0a",
        "https://x.kz\t",
        "https://:443",
        "https://somebody@x.kz",
        "ftp://x.kz",
    ],
)
def test_an_address_at_which_nobody_could_be_called_is_refused(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, WORKER, JARDEM_PUBLIC_URL=wrong)
    [line] = complaints("worker")
    assert line.startswith("JARDEM_PUBLIC_URL cannot be read")


LONG = "#rc=5&rp=5xx,ct,rt&ct=2000&rt=5000&tt=15000&sni=y&e=frankfurt"


@pytest.mark.parametrize(
    ("given", "kept", "status"),
    [
        ("https://x.kz/", "https://x.kz", f"https://x.kz/sms/status#{ASKED_FOR}"),
        ("https://x.kz/#rc=3&rp=all", "https://x.kz#rc=3&rp=all", "https://x.kz/sms/status#rc=3&rp=all"),
        (f"https://x.kz/a{LONG}", f"https://x.kz/a{LONG}", f"https://x.kz/a/sms/status{LONG}"),
    ],
)
def test_the_public_address_may_ask_for_repeats_and_asks_for_them_in_any_case(
    given: str, kept: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, WORKER, JARDEM_PUBLIC_URL=given)
    settings = load_settings("worker")
    assert settings.public_url == kept
    assert settings.redacted()["JARDEM_PUBLIC_URL"] == kept
    assert webhook_url(settings.public_url, STATUS) == status
    assert twilio_carrier(settings)._status_callback == status
    asked = read_overrides(status.partition("#")[2])
    assert asked.repeats >= 3
    assert asked.repeat_after("5xx")
    assert asked.repeat_after("ct")


@pytest.mark.parametrize(
    ("given", "seconds", "shown"),
    [("", 60, "60"), ("2.5", 2.5, "2.5"), ("3600", 3600, "3600"), ("Off", None, "off")],
)
def test_answers_are_looked_for_every_minute_unless_it_is_told_otherwise(
    given: str, seconds: float | None, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, WORKER, JARDEM_INBOUND_CHECK=given)
    settings = load_settings("worker")
    assert settings.inbound_check == seconds
    assert settings.redacted()["JARDEM_INBOUND_CHECK"] == shown


@pytest.mark.parametrize("kind", ["postgresql", "postgresql+asyncpg", "sqlite", "sqlite+aiosqlite"])
def test_the_read_model_may_be_kept_in_postgresql_or_sqlite(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"{kind}://console:hush@host/database"
    put(monkeypatch, WORKER, JARDEM_CONSOLE_DATABASE=database)
    settings = load_settings("status")
    assert settings.redacted()["JARDEM_CONSOLE_DATABASE"] == "set"
    assert settings.redacted()["JARDEM_CONSOLE_KEY"] == "set, the demo's"


@pytest.mark.parametrize("address", ["mysql://console:hush@host/database", "hush", "postgres://a:hush@b/c"])
def test_any_other_database_is_refused_and_not_repeated(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, WORKER, JARDEM_CONSOLE_DATABASE=address)
    lines = complaints("status")
    assert named(lines) == {"JARDEM_CONSOLE_DATABASE"}
    assert "hush" not in "".join(lines)


def test_without_overrides_a_call_is_repeated_once_and_only_where_it_could_not_connect() -> None:
    asked = read_overrides("")
    assert asked.repeats == 1
    assert [kind for kind in ("4xx", "5xx", "ct", "rt") if asked.repeat_after(kind)] == ["ct"]


def test_unreadable_and_missing_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, JARDEM_KAFKA="nonsense", JARDEM_TIME_SCALE="fast")
    assert named(complaints("publish")) == {"JARDEM_KAFKA", "JARDEM_TIME_SCALE"}
    put(monkeypatch, JARDEM_PROFILE="production")
    assert named(complaints("publish")) == {"JARDEM_KAFKA", "JARDEM_TIME_SCALE", "JARDEM_PSEUDONYM_KEY"}


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, WORKER, JARDEM_TIME_SCALE="", JARDEM_SMS_FROM="")
    assert named(complaints("worker")) == {"JARDEM_SMS_FROM"}


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n", encoding="utf-8")
    put(monkeypatch, JARDEM_KAFKA="one:9092", JARDEM_PSEUDONYM_KEY_FILE=str(tmp_path / "key"))
    assert load_settings("publish").pseudonym_key.get_secret_value() == KEY


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file"), (b"", "is empty"), (b"\xff", "not text")]
)
def test_a_secret_file_that_cannot_be_used_is_a_complaint(
    content: bytes | None, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    put(monkeypatch, JARDEM_PSEUDONYM_KEY_FILE=str(tmp_path / "key"))
    lines = complaints("publish")
    assert named(lines) == {"JARDEM_PSEUDONYM_KEY_FILE", "JARDEM_KAFKA"}
    assert why in lines[0]


def test_a_secret_in_two_places_is_a_complaint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY, encoding="utf-8")
    put(monkeypatch, WORKER, JARDEM_PSEUDONYM_KEY_FILE=str(tmp_path / "key"))
    assert complaints("worker") == [
        "JARDEM_PSEUDONYM_KEY and JARDEM_PSEUDONYM_KEY_FILE are both set: keep one of them"
    ]


def test_fast_time_needs_an_origin_and_gives_every_process_the_same_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(monkeypatch, JARDEM_TIME_SCALE="86400")
    assert named(complaints(None)) == {"JARDEM_TIME_ORIGIN"}
    origin = datetime.now(UTC).replace(microsecond=0)
    put(monkeypatch, JARDEM_TIME_ORIGIN=origin.isoformat())
    clock = load_settings().clock()
    assert clock.virtual(origin + timedelta(seconds=1)) == origin + timedelta(days=1)


def test_production_as_it_should_be_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, PRODUCTION)
    settings = load_settings("worker")
    assert settings.replication == 3
    assert client_options(settings)["security_protocol"] == "SSL"


@pytest.mark.parametrize(
    ("base", "more", "repealed", "drafts"),
    [
        (WORKER, {}, True, False),
        (WORKER, {"JARDEM_REPEALED_RULES": "allow"}, True, False),
        (WORKER, {"JARDEM_DRAFT_RULES": "allow"}, True, True),
        (PRODUCTION, {}, False, False),
        (PRODUCTION, {"JARDEM_REPEALED_RULES": "allow"}, True, False),
    ],
)
def test_repealed_rules_count_in_development_or_where_it_is_said_and_drafts_only_where_it_is_said(
    base: dict[str, str],
    more: dict[str, str],
    repealed: bool,  # noqa: FBT001
    drafts: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(monkeypatch, base, more)
    settings = load_settings("worker")
    assert rule_permissions(settings) == Permissions(repealed=repealed, drafts=drafts)


@pytest.mark.parametrize(
    "wrong",
    [
        {"JARDEM_KAFKA_TLS": "false"},
        {"JARDEM_TWILIO_API_URL": "http://api.example.com"},
        {"JARDEM_PUBLIC_URL": "http://sms.example.kz"},
        {"JARDEM_TIME_SCALE": "2"},
        {"JARDEM_TIME_ORIGIN": "2021-07-15T05:00:00Z"},
        {"JARDEM_PSEUDONYM_KEY": DEMO_PSEUDONYM_KEY},
        {"JARDEM_PSEUDONYM_KEY": "too short"},
        {"JARDEM_CONSOLE_KEY": DEMO_CONSOLE_KEY},
        {"JARDEM_CONSOLE_KEY": "too short"},
        {"JARDEM_TWILIO_AUTH_TOKEN": "demo-token"},
        {"JARDEM_DRAFT_RULES": "allow"},
    ],
)
def test_production_refuses(wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, PRODUCTION, wrong)
    assert named(complaints("worker")) == set(wrong)
    put(monkeypatch, JARDEM_PROFILE="development", JARDEM_TIME_ORIGIN="2021-07-15T05:00:00Z")
    load_settings("worker")


def test_production_reaches_brokers_in_the_clear_only_where_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(monkeypatch, PRODUCTION, JARDEM_KAFKA_TLS="false")
    (line,) = complaints("worker")
    assert "JARDEM_KAFKA_PLAINTEXT to allow" in line
    put(monkeypatch, JARDEM_KAFKA_PLAINTEXT="allow")
    assert client_options(load_settings("worker"))["security_protocol"] == "PLAINTEXT"
    put(monkeypatch, JARDEM_KAFKA_TLS="true")
    assert named(complaints("worker")) == {"JARDEM_KAFKA_PLAINTEXT"}


def test_key_sets_of_sources_that_cannot_be_read_are_said_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(monkeypatch, WORKER, JARDEM_REGISTRY_KEYS=str(tmp_path))
    (line,) = complaints("worker")
    assert line.startswith(f"JARDEM_REGISTRY_KEYS: {tmp_path} holds no key set")


@pytest.mark.parametrize(
    ("wrong", "variable"),
    [
        ({"JARDEM_KAFKA_SASL_USERNAME": "jardem"}, "JARDEM_KAFKA_SASL_MECHANISM,"),
        ({"JARDEM_KAFKA_TLS": "true", "JARDEM_KAFKA_TLS_CA": "/nowhere/ca.pem"}, "JARDEM_KAFKA_TLS_CA"),
        ({"JARDEM_KAFKA_TLS_CA": __file__}, "JARDEM_KAFKA_TLS_CA"),
        ({"JARDEM_KAFKA_TLS": "true", "JARDEM_KAFKA_TLS_CERT": __file__}, "JARDEM_KAFKA_TLS_CERT"),
    ],
)
def test_half_an_access_to_the_brokers_is_a_complaint(
    wrong: dict[str, str], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, WORKER, wrong)
    assert named(complaints("worker")) == {variable}


@pytest.mark.parametrize(
    ("address", "abroad"),
    [
        ("", True),
        ("https://api.twilio.com", True),
        ("https://API.Twilio.COM:443/", True),
        ("https://api.twilio.com.", True),
        ("https://api.ashburn.us1.twilio.com", True),
        ("https://api.dublin.ie1.twilio.com..", True),
        ("https://twilio.com", True),
        ("https://sms.example.kz", False),
        ("https://api.twilio.com.example.kz", False),
        ("https://nottwilio.com", False),
        ("https://sms.example.kz/api.twilio.com", False),
        ("https://10.0.0.7", False),
    ],
)
@pytest.mark.parametrize("command", ["worker", "webhooks", "doctor"])
def test_production_sends_nothing_abroad_unless_it_is_allowed(
    address: str,
    abroad: bool,  # noqa: FBT001
    command: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(monkeypatch, PRODUCTION, JARDEM_TWILIO_API_URL=address)
    load_settings(command)
    put(monkeypatch, JARDEM_CROSS_BORDER_SMS="")
    if abroad:
        (line,) = complaints(command)
        assert line.startswith("JARDEM_CROSS_BORDER_SMS is not set, and the carrier at https://")
        assert "JARDEM_TWILIO_API_URL" in line
    load_settings("publish")
    if not abroad:
        load_settings(command)
    put(monkeypatch, JARDEM_PROFILE="development")
    load_settings(command)


def test_sasl_reaches_the_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    put(
        monkeypatch,
        PRODUCTION,
        JARDEM_KAFKA_SASL_MECHANISM="SCRAM-SHA-512",
        JARDEM_KAFKA_SASL_USERNAME="worker",
        JARDEM_KAFKA_SASL_PASSWORD="hush",
    )
    options = client_options(load_settings("worker"))
    assert options["security_protocol"] == "SASL_SSL"
    assert options["ssl_context"].check_hostname
    assert options["sasl_plain_password"] == "hush"


def test_what_is_shown_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, WORKER, JARDEM_HEALTH_BIND="off", JARDEM_QUIET_HOURS="off")
    settings = load_settings("worker")
    shown = settings.redacted()
    assert shown["JARDEM_PSEUDONYM_KEY"] == "set"
    assert shown["JARDEM_HEALTH_BIND"] == shown["JARDEM_QUIET_HOURS"] == "off"
    assert shown["JARDEM_TIME_ORIGIN"] == "not set"
    for secret in (KEY, "hush"):
        assert secret not in str(shown)
        assert secret not in repr(settings)


def test_a_mistyped_variable_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, JARDEM_TWILIO_AUTH_TOKN="x", JARDEM_KAFKA_SASL_PASSWORD_FILE=__file__)
    assert list(unknown_variables(Settings())) == [
        "JARDEM_TWILIO_AUTH_TOKN is no setting of jardem; JARDEM_TWILIO_AUTH_TOKEN is"
    ]


def test_arguments_stand_above_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, WORKER)
    assert Settings(kafka="other:1").kafka == "other:1"
    with pytest.raises(ValidationError):
        Settings(kafka="other")


def test_a_time_that_runs_past_the_end_of_the_calendar_is_contradictory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JARDEM_TIME_SCALE", "86400")
    monkeypatch.setenv("JARDEM_TIME_ORIGIN", "2001-07-15T05:00:00Z")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert any("JARDEM_TIME_ORIGIN lies so far from now" in line for line in refused.value.problems)


def test_what_is_kept_for_how_long_where_nobody_says_it() -> None:
    shown = load_settings().redacted()
    assert {name: shown[f"JARDEM_RETENTION_{name}"] for name in RETENTIONS} == {
        "GRANTED": "for_ever",
        "REFUSED": "1825",
        "DECLINED": "90",
        "UNASKED": "90",
        "ENDED": "365",
    }


@pytest.mark.parametrize(
    ("value", "days"), [("30", 30), (" 36500 ", 36_500), ("for_ever", None), ("090", 90), ("", 1825)]
)
def test_a_retention_is_days_or_for_ever(
    value: str, days: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, JARDEM_RETENTION_REFUSED=value)
    assert load_settings().retention_refused == days


OPERATOR = {
    "JARDEM_KAFKA": "one:9092",
    "JARDEM_PSEUDONYM_KEY": KEY,
    "JARDEM_CARRIER": "smpp",
    "JARDEM_SMPP_ADDRESS": "smsc.example.kz:3550",
    "JARDEM_SMPP_SYSTEM_ID": "egov1414",
    "JARDEM_SMPP_PASSWORD": "secret",
    "JARDEM_SMS_FROM": "1414",
}


def test_an_operator_needs_its_own_settings_and_none_of_twilios(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, OPERATOR)
    account = smpp_account(load_settings("worker"))
    assert (account.host, account.port, account.sender) == ("smsc.example.kz", 3550, "1414")
    assert (account.source().ton, account.source().npi) == (3, 0)
    assert not account.tls
    load_settings("webhooks")
    for name in ("ADDRESS", "SYSTEM_ID", "PASSWORD"):
        monkeypatch.delenv(f"JARDEM_SMPP_{name}")
    monkeypatch.delenv("JARDEM_SMS_FROM")
    assert named(complaints("worker")) == {
        "JARDEM_SMPP_ADDRESS",
        "JARDEM_SMPP_SYSTEM_ID",
        "JARDEM_SMPP_PASSWORD",
        "JARDEM_SMS_FROM",
    }


def test_an_operator_in_production_is_reached_by_tls_or_a_tunnel_and_is_not_abroad(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(monkeypatch, PRODUCTION, OPERATOR)
    monkeypatch.delenv("JARDEM_CROSS_BORDER_SMS")
    assert named(complaints("worker")) == {"JARDEM_SMPP_TLS"}
    for way in ("true", "tunnel"):
        monkeypatch.setenv("JARDEM_SMPP_TLS", way)
        assert smpp_account(load_settings("worker")).tls == (way == "true")
    monkeypatch.setenv("JARDEM_SMPP_PASSWORD", "demo-123")
    assert named(complaints("worker")) == {"JARDEM_SMPP_PASSWORD"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JARDEM_CARRIER_ROUTES", "/no/such/file"),
        ("JARDEM_SMPP_ADDRESS", "smsc.example.kz"),
        ("JARDEM_SMPP_NAME", "Kcell 1"),
        ("JARDEM_SMPP_SYSTEM_ID", "longer than it may be"),
        ("JARDEM_SMPP_PASSWORD", "123456789"),
        ("JARDEM_SMPP_SYSTEM_TYPE", "longer than it may be"),
        ("JARDEM_SMPP_BIND", "receiver"),
        ("JARDEM_SMPP_BINDS", "0"),
        ("JARDEM_SMPP_WINDOW", "0"),
        ("JARDEM_SMPP_PER_SECOND", "-1"),
        ("JARDEM_SMPP_ENQUIRE", "0"),
        ("JARDEM_SMPP_SOURCE_TON", "7"),
        ("JARDEM_SMPP_SOURCE_NPI", "x"),
        ("JARDEM_SMPP_DESTINATION_TON", "7"),
        ("JARDEM_SMPP_DESTINATION_NPI", "19"),
        ("JARDEM_SMPP_LONG_TEXTS", "whole"),
        ("JARDEM_SMPP_ALPHABET", "utf8"),
        ("JARDEM_SMPP_RECEIPT_IDS", "hex"),
        ("JARDEM_SMPP_RECEIPT_ERRORS", "all"),
        ("JARDEM_SMPP_RECEIPT_ZONE", "Kazakhstan"),
        ("JARDEM_SMPP_TLS", "perhaps"),
        ("JARDEM_SMPP_TLS_CA", "/etc/hostname"),
        ("JARDEM_SMS_FROM", "MG" + "0" * 32),
    ],
)
def test_what_an_operator_cannot_be_told_is_a_line(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, OPERATOR, {name: value})
    assert named(complaints("worker")) == {name}


def test_an_operators_authority_is_a_file_of_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    put(monkeypatch, OPERATOR, JARDEM_SMPP_TLS="true", JARDEM_SMPP_TLS_CA=str(file))
    assert "no file" in complaints("worker")[0]
    file.write_text("no certificate")
    assert "no certificates in PEM" in complaints("worker")[0]


def test_several_carriers_stand_in_a_file_and_need_no_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "routes.toml"
    file.touch()
    put(monkeypatch, JARDEM_KAFKA="one:9092", JARDEM_SMS_FROM="1414", JARDEM_CARRIER_ROUTES=str(file))
    assert load_settings("worker").carrier_routes == file
