"""All settings of all processes: environment variables that begin with `JARDEM_`.

A secret may stand in a file instead: `JARDEM_PSEUDONYM_KEY_FILE=/run/secrets/key`. An empty variable counts
as one that is not set. A field's description says what to put into its variable; complaints end with it.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from schemas.base import Instant
from streams.clock import Clock
from streams.key_set import DEVELOPMENT_ISSUER
from streams.settings.secret_files import FileSecrets
from streams.settings.values import (
    PREFIX,
    Address,
    Bind,
    Brokers,
    DayHours,
    Hours,
    OptionalAddress,
    OptionalBind,
    OptionalSeconds,
    PublicAddress,
    RetentionDays,
    Roles,
    WebAddress,
    Zone,
    variable,
)

DEMO_PSEUDONYM_KEY = "demo-pseudonym-key-for-one-machine-only"
"""Filled in under the development profile; production refuses every secret that begins with `demo-`."""
DEMO_CONSOLE_KEY = "demo-console-key-for-one-machine-only"
"""The same for the console's key."""

_MAY_BE_OFF = ("health_bind", "quiet_hours", "inbound_check")
_RETENTION = "retention_"
_DAYS = (
    "days from 30 to 36500, or for_ever: how long the personal data of a case are kept after its last step"
)


def _default_data_dir() -> Path:
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "jardem"


class Settings(BaseSettings):
    """What an installation decides. `load_settings(command)` complains in plain words."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    profile: Literal["development", "production"] = Field(
        "development", description="development or production"
    )

    kafka: Brokers = Field("", description="the brokers, as host:port,host:port")
    kafka_tls: bool = Field(default=False, description="true where the brokers speak TLS, else false")
    kafka_tls_ca: Path | None = Field(
        None, description="a file with the authority that signed the brokers' certificates"
    )
    kafka_tls_cert: Path | None = Field(
        None, description="a file with our certificate, where the brokers ask for one"
    )
    kafka_tls_key: Path | None = Field(None, description="the file with that certificate's key")
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    kafka_sasl_username: str = Field(
        "", description="the name under which this process signs in to the brokers"
    )
    kafka_sasl_password: SecretStr = Field(SecretStr(""), description="the password of that name")
    kafka_plaintext: Literal["allow"] | None = Field(
        None,
        description="allow, where production may reach the brokers without TLS because the way there is "
        "guarded otherwise",
    )
    kafka_acls: Path | None = Field(
        None,
        description="a file of roles and what they may do at the brokers, in the place of ours "
        "(docs/kafka-security.md)",
    )
    kafka_replication: int | None = Field(
        None, ge=1, description="on how many brokers each topic is kept (3 in production, 1 in development)"
    )
    inbox_partitions: int = Field(
        4,
        ge=1,
        le=1024,
        description="how many partitions the inboxes have: at most so many workers share the work",
    )

    pseudonym_key: SecretStr = Field(
        SecretStr(""),
        description="a random secret of 32 characters or more, the same for all: openssl rand -hex 32",
    )
    pseudonym_key_previous: SecretStr = Field(
        SecretStr(""),
        description="the ones before, parted by blanks, for as long as pseudonyms under them are in use "
        "(docs/encryption.md)",
    )
    pseudonyms_in_use: Path | None = Field(
        None,
        description="the file that says which they are, the same for all: jardem keys pseudonyms FILE",
    )

    encryption: Literal["off", "read", "on"] | None = Field(
        None,
        description="on, where personal data are encrypted (so wherever there is a key), read where what is "
        "encrypted is only read, or off",
    )
    encryption_key: SecretStr = Field(
        SecretStr(""),
        description="a third random secret of 32 characters or more, by which the keys of persons are "
        "encrypted: openssl rand -hex 32",
    )
    encryption_key_previous: SecretStr = Field(
        SecretStr(""), description="the one before, while it is being changed"
    )
    encryption_command: str = Field(
        "",
        description="in place of that secret: a command that asks a KMS to wrap and unwrap "
        "(docs/encryption.md)",
    )
    keys_database: SecretStr = Field(
        SecretStr(""),
        description="where the keys of persons are kept, the same for all processes: like "
        "postgresql://name:password@host/database, or sqlite:////folder/keys.sqlite on one machine",
    )

    twilio_api_url: WebAddress = Field(
        "https://api.twilio.com", description="the SMS API's address, https://..."
    )
    twilio_account_sid: str = Field("", description="the account at the SMS API, AC...")
    twilio_auth_token: SecretStr = Field(SecretStr(""), description="that account's token")
    carrier: Literal["twilio", "smpp"] = Field(
        "twilio", description="twilio, or smpp where an operator's SMSC takes the SMS (docs/carriers.md)"
    )
    carrier_routes: Path | None = Field(
        None,
        description="a file that says which of several carriers takes which numbers (docs/carriers.md)",
    )
    smpp_name: str = Field(
        "smpp",
        pattern=r"^[a-z]{2,20}$",
        description="what evidence calls the operator, 2 to 20 small letters, the same for ever",
    )
    smpp_address: OptionalAddress = Field(None, description="the operator's SMSC, as host:port")
    smpp_tls: Literal["true", "false", "tunnel"] = Field(
        "false",
        description="true where the operator speaks TLS, tunnel where the way there is a VPN of ours, or "
        "false in development",
    )
    smpp_tls_ca: Path | None = Field(
        None, description="a file with the authority that signed the operator's certificate"
    )
    smpp_system_id: str = Field(
        "", pattern=r"^[!-~]{0,15}$", description="our system_id there, of up to 15 characters"
    )
    smpp_password: SecretStr = Field(SecretStr(""), description="its password, of up to 8 characters")
    smpp_system_type: str = Field(
        "", pattern=r"^[!-~]{0,12}$", description="the system_type that the operator wants, if any"
    )
    smpp_bind: Literal["transceiver", "pair"] = Field(
        "transceiver", description="transceiver, or pair for a transmitter and a receiver"
    )
    smpp_binds: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="how many binds the operator lets us have at once, in all; more workers take turns",
    )
    smpp_window: int = Field(
        10, ge=1, le=100, description="how many submit_sm of a bind may await their response, 1 to 100"
    )
    smpp_per_second: float = Field(
        0,
        ge=0,
        le=10_000,
        allow_inf_nan=False,
        description="how many submit_sm a second a bind may send, 0 where only JARDEM_SMS_PER_SECOND counts",
    )
    smpp_enquire: float = Field(
        30,
        ge=1,
        le=600,
        allow_inf_nan=False,
        description="after how many seconds of silence enquire_link asks the operator, 1 to 600",
    )
    smpp_source_ton: int | None = Field(
        None, ge=0, le=6, description="the TON of our sender, 0 to 6; unset: 3 for a short code, else 1"
    )
    smpp_source_npi: int | None = Field(
        None, ge=0, le=18, description="the NPI of our sender, 0 to 18; unset: 0 for a short code, else 1"
    )
    smpp_destination_ton: int = Field(1, ge=0, le=6, description="the TON of citizens' numbers, 0 to 6")
    smpp_destination_npi: int = Field(1, ge=0, le=18, description="the NPI of citizens' numbers, 0 to 18")
    smpp_long_texts: Literal["udh", "sar", "payload"] = Field(
        "udh",
        description="how long texts go: udh (parted by us, with headers), sar (with parameters) or payload",
    )
    smpp_alphabet: Literal["gsm", "latin1"] = Field(
        "gsm", description="the operator's default alphabet (data_coding 0): gsm or latin1"
    )
    smpp_receipt_ids: Literal["same", "hex_to_decimal", "decimal_to_hex"] = Field(
        "same",
        description="how receipts write message ids: same as responses, hex_to_decimal (responses in hex, "
        "receipts in decimal) or decimal_to_hex",
    )
    smpp_receipt_errors: Literal["own", "gsm"] = Field(
        "own", description="gsm where the err: of receipts is the GSM network's own code, else own"
    )
    smpp_receipt_zone: Zone = Field(
        "Asia/Almaty", description="the zone of the dates in receipts, like Asia/Almaty or UTC"
    )
    sms_from: str = Field(
        "",
        pattern=r"^(|\+?[0-9]{3,15}|MG[0-9a-fA-F]{32})$",
        description="the number the SMS come from, like +77001234567 or a short code, or a messaging "
        "service, MG...; a sender with letters can't be answered",
    )
    sms_per_second: float = Field(
        10,
        gt=0,
        le=10_000,
        allow_inf_nan=False,
        description="how many SMS a second the sender may send, all workers together",
    )
    inbound_check: OptionalSeconds = Field(
        60.0,
        description="every how many seconds the SMS API is asked for answers that no call has brought, "
        "from 1 to 3600, or off",
    )
    restored_from: Instant | None = Field(
        None,
        description="after a restore: the instant that the backup shows, like 2026-11-23T05:00:00Z; SMS that "
        "may have left since are looked up before they are sent",
    )
    restored_until: Instant | None = Field(
        None,
        description="with it: up to when answers that came since wait for the questions that they answer, "
        "which are asked again first",
    )
    delivery_hours: float = Field(
        72,
        gt=0,
        le=24 * 30,
        allow_inf_nan=False,
        description="how many hours after its first try an SMS that did not reach is still sent again, "
        "more than 0 and at most 720",
    )
    public_url: PublicAddress = Field(
        "",
        description="the address at which the SMS API reaches `jardem webhooks`, like "
        "https://sms.example.kz, perhaps with the repeats it asks for, like #rc=5&rp=5xx,ct,rt",
    )

    webhooks_bind: Bind = Field(
        Address("127.0.0.1", 8080), description="where the webhooks listen, as host:port"
    )
    console_bind: Bind = Field(
        Address("127.0.0.1", 8090), description="where the console listens, as host:port"
    )
    console_database: SecretStr = Field(
        SecretStr(""),
        description="what the console's read model is kept in, where that is not SQLite in the data folder, "
        "like postgresql://name:password@host/database",
    )
    console_key: SecretStr = Field(
        SecretStr(""),
        description="another random secret of 32 characters or more, by which the console encrypts what it "
        "keeps: openssl rand -hex 32",
    )
    console_url: WebAddress = Field(
        "",
        description="the address at which people reach the console, like https://console.example.kz; without "
        "it, this machine alone",
    )
    console_users: Path | None = Field(
        None,
        description="a file of users, readable by its owner alone: jardem console users add makes it",
    )
    console_proxies: str = Field(
        "",
        pattern=r"^[0-9a-fA-F.:/, ]*$",
        description="the addresses of the proxies before the console, parted by commas, that are believed "
        "who calls",
    )
    oidc_issuer: WebAddress = Field(
        "",
        description="the OpenID provider at which people sign in, like https://sso.example.kz/realms/staff",
    )
    oidc_client_id: str = Field("", description="the name under which the provider knows the console")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="the secret of that client")
    oidc_name_claim: str = Field(
        "preferred_username",
        min_length=1,
        description="the claim with a user's name, which stands in the audit and holds no IIN",
    )
    oidc_roles_claim: str = Field(
        "roles", min_length=1, description="the claim with a user's roles, like roles or realm_access.roles"
    )
    oidc_roles: Roles = Field(
        None,
        description="what the provider calls our roles, where otherwise: caseworker=social,officer=chief",
    )
    health_bind: OptionalBind = Field(
        Address("127.0.0.1", 6066),
        description="where the worker answers /healthz, /readyz and /metrics, as host:port, or off",
    )
    traces: WebAddress = Field(
        "",
        description="the address of an OpenTelemetry collector that takes traces by OTLP over HTTP, like "
        "http://127.0.0.1:4318 (needs the extra tracing)",
    )

    data_dir: Path = Field(
        default_factory=_default_data_dir,
        description="a folder that this process may write and nobody else reads",
    )
    store: Literal["memory", "rocksdb"] = Field(
        "memory", description="memory, or rocksdb for tables larger than it"
    )

    signing_keys: Path | None = Field(
        None,
        description="the folder of our signing keys, readable by its owner alone: jardem keys new makes it",
    )
    document_issuer: str = Field(
        "",
        pattern=r"^(|.{3,200})$",
        description="the name under which documents are issued, of 3 to 200 characters",
    )
    officer_keys: Path | None = Field(
        None, description="a file with the officers' key set (JWKS), where they sign with keys"
    )
    officer_roots: Path | None = Field(
        None, description="a file with root certificates (PEM), where officers sign with certificates"
    )
    officer_crl: Path | None = Field(
        None, description="a file with revocation lists (PEM) for officers' certificates"
    )

    registry_keys: Path | None = Field(
        None,
        description="a folder with a key set for each source that signs its events (docs/producers.md)",
    )

    intake_bind: Bind = Field(
        Address("127.0.0.1", 8070), description="where the HTTP intake listens, as host:port"
    )
    intake_callers: Path | None = Field(
        None, description="a file that says who may publish what by HTTP (docs/http-intake.md)"
    )
    intake_tls_cert: Path | None = Field(
        None, description="a file with the certificate, in PEM, by which the HTTP intake is known"
    )
    intake_tls_key: Path | None = Field(None, description="a file with the key of that certificate")
    intake_client_ca: Path | None = Field(
        None, description="a file with the authorities, in PEM, whose client certificates are believed"
    )
    intake_window: int = Field(
        30, ge=1, le=365, description="for how many days the HTTP intake remembers ids, 1 to 365"
    )
    intake_remembered: int = Field(
        5_000_000,
        ge=1000,
        description="how many ids each process of the HTTP intake remembers at most, from 1000 on; of more "
        "the oldest are forgotten before their time",
    )
    intake_rate: float = Field(
        100,
        gt=0,
        le=100_000,
        allow_inf_nan=False,
        description="how many events a second each process takes of one caller, where the file of callers "
        "does not say it",
    )

    decision_mode: Literal["auto", "officer"] | None = Field(
        None,
        description="officer, where an officer signs each decision (so in production), or auto (in "
        "development)",
    )
    term_policy: Literal["exclusive", "inclusive", "exclusive_roll", "hours_72"] = Field(
        "exclusive_roll", description="exclusive_roll, exclusive, inclusive or hours_72"
    )
    zone: Literal[
        "Asia/Almaty",
        "Asia/Aqtau",
        "Asia/Aqtobe",
        "Asia/Atyrau",
        "Asia/Oral",
        "Asia/Qostanay",
        "Asia/Qyzylorda",
    ] = Field("Asia/Almaty", description="the zone of Kazakhstan whose days count, like Asia/Almaty")
    disability_path: Literal["offer", "invite"] = Field(
        "offer", description="offer, or invite where persons with a disability are only told where to apply"
    )
    capacity_missing: Literal["full", "manual"] | None = Field(
        None,
        description="full or manual: what a record means that does not say who may act for the person "
        "(manual in production, full in development)",
    )
    manual_route_sms: bool = Field(
        default=False, description="true where who must apply by hand is told so by SMS, else false"
    )
    service_calendar: Literal["provider", "state_corporation"] = Field(
        "provider",
        description="whose working days the term of the service counts: provider (five days a week) "
        "or state_corporation (six)",
    )
    extension: Literal["30_in_all", "8_plus_30"] = Field(
        "30_in_all",
        description="how far an officer may extend that term, in working days: 30_in_all or 8_plus_30",
    )
    hearing_days: int = Field(
        3, ge=3, le=30, description="how many working days before a hearing the person is told of it, 3 to 30"
    )
    repealed_rules: Literal["allow"] | None = Field(
        None, description="allow, where rules shall count past their repeal when none are in force"
    )
    draft_rules: Literal["allow"] | None = Field(
        None, description="allow, where rule sets marked as drafts shall count, which nobody has verified"
    )
    texts_dir: Path | None = Field(
        None,
        description="a folder with texts in the place of ours: version, kk.json and ru.json (docs/texts.md)",
    )
    retention_granted: RetentionDays = Field(None, description=f"{_DAYS}, where it was granted")
    retention_refused: RetentionDays = Field(1825, description=f"{_DAYS}, where it was refused")
    retention_declined: RetentionDays = Field(
        90, description=f"{_DAYS}, where the person said no (declined, withdrawn)"
    )
    retention_unasked: RetentionDays = Field(
        90,
        description=f"{_DAYS}, where nobody could or had to be asked (phone_not_registered, manual_route, "
        "another_ground, already_receiving)",
    )
    retention_ended: RetentionDays = Field(365, description=f"{_DAYS}, where it ended for any other reason")
    cross_border_sms: Literal["allow"] | None = Field(
        None,
        description="allow, where citizens' numbers and texts may go to a carrier outside Kazakhstan, else "
        "unset it",
    )
    quiet_hours: Hours = Field(
        DayHours.parse("09:00-21:00"),
        description="the hours (Almaty) in which unasked SMS may be sent, like 09:00-21:00, or off for all",
    )
    facts_grace: float = Field(
        3,
        ge=0,
        le=3600,
        description="seconds that a new entitlement waits for facts published just before it",
    )

    time_scale: float = Field(
        1,
        gt=0,
        le=1_000_000,
        allow_inf_nan=False,
        description="how fast time runs: 1, or 86400 for a day in a second",
    )
    time_origin: Instant | None = Field(
        None,
        description="the instant at which virtual and real time are equal, about now: 2026-11-23T05:00:00Z",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the files it names. No .env file is read."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, FileSecrets(settings_cls)

    @model_validator(mode="before")
    @classmethod
    def _of_development(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("profile", "development") != "development":
            return values
        own = {
            "pseudonym_key": SecretStr(DEMO_PSEUDONYM_KEY),
            "console_key": SecretStr(DEMO_CONSOLE_KEY),
            "document_issuer": DEVELOPMENT_ISSUER,
        }
        return values | {name: value for name, value in own.items() if not values.get(name)}

    def clock(self) -> Clock:
        """The clock that all processes with these settings share."""
        return (
            Clock(self.time_scale) if self.time_origin is None else Clock(self.time_scale, self.time_origin)
        )

    @property
    def calls_twilio(self) -> bool:
        """Whether an API of Twilio's shape is the carrier. Where there are several, their file says so."""
        return self.carrier == "twilio" and self.carrier_routes is None

    @property
    def binds(self) -> bool:
        """Whether the carrier is an operator's SMSC, and no other."""
        return self.carrier == "smpp" and self.carrier_routes is None

    @property
    def decides(self) -> Literal["auto", "officer"]:
        """Who decides: an officer in production, unless it is said otherwise."""
        return self.decision_mode or ("officer" if self.profile == "production" else "auto")

    @property
    def capacity(self) -> Literal["full", "manual"]:
        """What a record means that says nothing of legal capacity."""
        return self.capacity_missing or ("manual" if self.profile == "production" else "full")

    @property
    def replication(self) -> int:
        """On how many brokers each topic is kept."""
        return self.kafka_replication or (3 if self.profile == "production" else 1)

    @property
    def encrypts(self) -> Literal["off", "read", "on"]:
        """Whether personal data are encrypted: wherever there is a key, unless it is said otherwise."""
        keyed = self.encryption_key.get_secret_value() or self.encryption_command
        return self.encryption or ("on" if keyed else "off")

    @property
    def repealed_rules_count(self) -> bool:
        """Whether rules count past their repeal; in development they do (R20)."""
        return self.repealed_rules == "allow" or self.profile == "development"

    @property
    def draft_rules_count(self) -> bool:
        """Whether rule sets marked as drafts count."""
        return self.draft_rules == "allow"

    @property
    def demo_key(self) -> bool:
        """Whether persons and phones are keyed with the demo's secret, which everybody knows."""
        return self.pseudonym_key.get_secret_value() == DEMO_PSEUDONYM_KEY

    def redacted(self) -> dict[str, str]:
        """Every variable and what it holds, fit to be shown: secrets are only said to be there."""
        return {variable(name): _shown(name, getattr(self, name)) for name in type(self).model_fields}


def _shown(name: str, value: object) -> str:
    match value:
        case SecretStr():
            secret = value.get_secret_value()
            return "not set" if not secret else "set, the demo's" if secret.startswith("demo-") else "set"
        case None | "":
            return _nothing(name)
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _nothing(name: str) -> str:
    if name.startswith(_RETENTION):
        return "for_ever"
    return "off" if name in _MAY_BE_OFF else "not set"
