"""The tables of a generation of the read model. Instants are microseconds since 1970 in UTC.

What could name somebody stands sealed (`ops/read_model/sealing.py`), in columns of bytes. Every table but the
last four holds rows that follow from what the topics hold, in whatever order topics and partitions are read;
each is fed by one topic, or each row says the same whichever of several has told it.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    text,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """An aware instant as it is stored."""
    return (instant - _EPOCH) // _MICROSECOND


def instant(stored: int) -> datetime:
    """A stored instant, in UTC."""
    return _EPOCH + stored * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as a whole number: SQLite has no time zones, and numbers are compared fast."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        del dialect
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        del dialect
        return None if value is None else instant(value)


metadata = MetaData()


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _word(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _number(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=null)


def _step(name: str) -> Column[int]:
    """The highest step at which something was so, 0 where it never was."""
    return Column(name, Integer, nullable=False, server_default="0")


def _flag(name: str) -> Column[int]:
    return Column(name, SmallInteger, nullable=False, server_default="0")


def _at(name: str, *, null: bool = False) -> Column[datetime]:
    return Column(name, Instant, nullable=null)


def _sealed(name: str, *, null: bool = True) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


# -- from case.advanced.v1

steps = Table(
    "steps",
    metadata,
    _key("case_id"),
    Column("step", Integer, primary_key=True, autoincrement=False),
    _word("digest"),
    _word("previous", null=True),
    _word("from_state"),
    _word("to_state"),
    _word("cause"),
    _word("cause_id"),
    _word("rule", null=True),
    _word("note", null=True),
    _word("language", null=True),
    _at("until", null=True),
    _at("at"),
    _flag("twice"),
)

cases = Table(
    "cases",
    metadata,
    _key("case_id"),
    _word("person_id"),
    _word("ground"),
    _word("state"),
    _number("step"),
    _word("note", null=True),
    _word("language", null=True),
    _at("until", null=True),
    _at("at"),
    _number("first_step"),
    _at("began_at"),
    Column("began_on", Date, nullable=False),
    _step("outcome_step"),
    _word("outcome", null=True),
    _word("reason", null=True),
    _at("outcome_at", null=True),
    Column("outcome_on", Date, nullable=True),
    _step("moved_step"),
    _step("misunderstood_step"),
    _step("held_step"),
    _step("resumed_step"),
    _step("waiting_step"),
    _word("waiting_for", null=True),
    _step("served_step"),
    _step("purged_step"),
    _at("purged_at", null=True),
    _step("offered_step"),
    _step("reached_step"),
    _step("answered_step"),
    _step("consented_step"),
    _step("account_step"),
    _step("granted_step"),
    _flag("not_understood"),
    _flag("held"),
    _flag("waits"),
    Index("cases_by_at", "at", "case_id"),
    Index("cases_by_state", "state", "at", "case_id"),
    Index("cases_by_ground", "ground", "at", "case_id"),
    Index("cases_by_state_ground", "state", "ground", "at", "case_id"),
    Index("cases_by_state_language", "state", "language", "at", "case_id"),
    Index("cases_by_language", "language", "at", "case_id"),
    Index("cases_by_reason", "reason", "at", "case_id"),
    Index("cases_by_reason_ground", "reason", "ground", "at", "case_id"),
    Index("cases_by_ground_language", "ground", "language", "at", "case_id"),
    Index("cases_by_person", "person_id", "at", "case_id"),
    Index("cases_by_until", "until", "state"),
    Index(
        "cases_not_understood",
        "at",
        "case_id",
        sqlite_where=text("not_understood = 1"),
        postgresql_where=text("not_understood = 1"),
    ),
    Index("cases_held", "at", "case_id", sqlite_where=text("held = 1"), postgresql_where=text("held = 1")),
    Index(
        "cases_waiting", "at", "case_id", sqlite_where=text("waits = 1"), postgresql_where=text("waits = 1")
    ),
    Index(
        "cases_purged",
        "case_id",
        sqlite_where=text("purged_step > 0"),
        postgresql_where=text("purged_step > 0"),
    ),
    Index("cases_by_outcome_at", "outcome_at", "case_id"),
    Index("cases_granted", "outcome", "outcome_at", "case_id"),
)
"""A case as its steps leave it. Each column named `..._step` is the highest step of which that is true."""

tallies = Table("tallies", metadata, _key("what"), Column("number", BigInteger, nullable=False))
"""How many cases, messages and reports are alike in what the overview asks: one row for each likeness."""

# -- from registry.*

entitlements = Table(
    "entitlements",
    metadata,
    _key("topic"),
    _key("source"),
    Column("day", Date, primary_key=True),
    _key("event_id"),
    _sealed("clear_id"),
    _word("case_id", null=True),
    _at("at"),
    Index("entitlements_by_day", "day", "topic", "source"),
)
"""What registries told. `clear_id` is the event's id where it could name somebody, for a day's digest."""

totals = Table(
    "totals",
    metadata,
    _key("topic"),
    _key("source"),
    Column("day", Date, primary_key=True),
    Column("number", BigInteger, nullable=False),
    _word("digest"),
    _at("told_at"),
)

# -- from several topics, which all say the same of a case

subjects = Table("subjects", metadata, _key("case_id"), _word("person_id"), _number("step"), _sealed("iin"))

# -- from benefit.*, emaket.*, cabinet.notified.v1, statecorp.benefit-recorded.v1

decisions = Table(
    "decisions",
    metadata,
    _key("decision_id"),
    _word("case_id"),
    _number("step"),
    _word("person_id"),
    _word("outcome"),
    _number("refusal_ground", null=True),
    _word("scheme"),
    Column("application_date", Date, nullable=False),
    _at("decided_at"),
    _word("rules_version"),
    _sealed("iban"),
    Index("decisions_by_case", "case_id", "step"),
)
endings = Table(
    "endings",
    metadata,
    _key("case_id"),
    Column("step", Integer, primary_key=True, autoincrement=False),
    _word("scheme", null=True),
    Column("consented_on", Date, nullable=True),
    _at("ended_at"),
)
drafts = Table(
    "drafts",
    metadata,
    _key("decision_id"),
    _word("case_id"),
    _number("step"),
    _word("person_id"),
    _word("ground"),
    _word("outcome"),
    _number("refusal_ground", null=True),
    _word("scheme"),
    Column("application_date", Date, nullable=False),
    _at("drafted_at"),
    _word("rules_version"),
    _sealed("content"),
    _sealed("iban"),
    Index("drafts_by_case", "case_id", "step"),
    Index("drafts_by_at", "drafted_at", "decision_id"),
)
voided = Table("voided", metadata, _key("decision_id"), _word("case_id"), _word("reason"))
hearings = Table(
    "hearings",
    metadata,
    _key("decision_id"),
    Column("held_on", Date, nullable=False),
    _flag("objection"),
    _sealed("officer"),
    _at("told_at"),
)
extensions = Table(
    "extensions",
    metadata,
    _key("decision_id"),
    Column("until", Date, nullable=False),
    _sealed("reason"),
    _sealed("officer"),
    _at("told_at"),
)
signatures = Table(
    "signatures",
    metadata,
    _key("decision_id"),
    _word("outcome"),
    _number("refusal_ground", null=True),
    _sealed("officer"),
    _at("signed_at"),
    _at("told_at"),
)
questioned = Table(
    "questioned",
    metadata,
    _key("case_id"),
    _key("decision_id"),
    _key("reason"),
    _word("person_id"),
    _at("at"),
    Index("questioned_by_at", "at", "case_id", "reason"),
)
documents = Table(
    "documents",
    metadata,
    _key("sha256"),
    _word("case_id"),
    _word("kind"),
    _number("step"),
    _word("document_id"),
    _at("issued_at", null=True),
    Column("decision_due", Date, nullable=True),
    Column("not_before", Date, nullable=True),
    _sealed("jws", null=False),
    Index("documents_by_case", "case_id", "step"),
)
recorded = Table(
    "recorded",
    metadata,
    _key("person_id"),
    _key("case_id"),
    _word("status"),
    Column("recorded_on", Date, nullable=False),
    _at("told_at"),
    Index("recorded_by_case", "case_id"),
)
"""The State Corporation's record of a person, of a case of ours or, with an empty `case_id`, of none."""

# -- from sms.inbox.v1 and sms.outbox.v1

asked = Table(
    "asked",
    metadata,
    _key("message_id"),
    _word("case_id"),
    _word("person_id"),
    _word("phone_id"),
    _word("what"),
    _word("question_id", null=True),
    _word("language", null=True),
    _at("at"),
    _sealed("phone"),
    Index("asked_by_case", "case_id", "at"),
    Index("asked_by_phone", "phone_id", "case_id"),
)
"""Questions and notices that were asked for, under the id of the message that first puts them."""

former = Table("former", metadata, _key("message_id"), _word("of_message"), _word("what"))
"""Messages that belong to another: explanations of a question. What is sent again is found by its number."""

messages = Table(
    "messages",
    metadata,
    _key("message_id"),
    _word("again_id"),
    _word("phone_id"),
    _number("attempt"),
    _at("at"),
    _sealed("phone"),
    _sealed("text"),
    Index("messages_by_phone", "phone_id", "at"),
    Index("messages_again", "again_id"),
)
"""The texts that went to the carrier; `again_id` is the id under which such a message is sent again."""

journal = Table(
    "journal",
    metadata,
    _key("message_id"),
    _word("phone_id"),
    _number("attempt"),
    _number("rank"),
    _word("state"),
    _number("code", null=True),
    _word("sid", null=True),
    _at("tried_at", null=True),
    _at("at"),
    Index("journal_in_doubt", "state", "at", "message_id"),
    Index("journal_by_phone", "phone_id"),
)
"""What the carrier told of each message: `accepted`, `deferred`, `rejected`, `in_doubt`; or `given_up`."""

deliveries = Table(
    "deliveries",
    metadata,
    _key("sid"),
    _word("phone_id"),
    _word("status"),
    _number("rank"),
    _number("code", null=True),
    _at("at"),
    Index("deliveries_by_phone", "phone_id"),
)
"""The SMS API's last word on each message that it took."""

received = Table(
    "received",
    metadata,
    _key("sid"),
    _word("phone_id"),
    _word("event_id"),
    Column("offset", BigInteger, nullable=False),
    _at("at"),
    _sealed("phone"),
    _sealed("text"),
    Index("received_by_phone", "phone_id", "at"),
)

# -- from operator.acted.v1, audit.console.v1, dead-letter.v1

acts = Table(
    "acts",
    metadata,
    _key("act_id"),
    _word("act"),
    _word("object_kind"),
    _word("object_id"),
    _word("person_id", null=True),
    _sealed("reason"),
    _sealed("operator"),
    _sealed("details"),
    _at("at"),
    Index("acts_by_object", "object_kind", "object_id", "at"),
    Index("acts_by_at", "at", "act_id"),
)
looks = Table(
    "looks",
    metadata,
    _key("look_id"),
    _word("who_id"),
    _sealed("who"),
    _word("role"),
    _word("what"),
    _word("act_id", null=True),
    _word("person_id", null=True),
    _word("case_id", null=True),
    _at("at"),
    Index("looks_by_at", "at", "look_id"),
    Index("looks_by_who", "who_id", "at", "look_id"),
    Index("looks_by_person", "person_id", "at", "look_id"),
)
dead_letters = Table(
    "dead_letters",
    metadata,
    _key("letter_id"),
    Column("position", BigInteger, nullable=False),
    _word("topic"),
    _number("partition"),
    Column("offset", BigInteger, nullable=False),
    _word("reason"),
    _at("at", null=True),
    _number("size"),
    _flag("redrivable"),
    _word("source", null=True),
    Column("day", Date, nullable=True),
    _sealed("key"),
    _sealed("headers"),
    _sealed("value"),
    Index("dead_letters_by_position", "position", "letter_id"),
    Index("dead_letters_by_topic", "topic", "position", "letter_id"),
    Index("dead_letters_by_reason", "reason", "position", "letter_id"),
    Index("dead_letters_by_day", "day", "topic", "source"),
)
"""Records that could not be read; `position` orders them as they stand in their topic."""

# -- bookkeeping

positions = Table(
    "positions",
    metadata,
    _key("topic"),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    _word("topic_id", null=True),
    Column("position", BigInteger, nullable=False),
    Column("end_offset", BigInteger, nullable=True),
)
following = Table(
    "following",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _word("holder", null=True),
    _at("beat", null=True),
    _at("heard_at", null=True),
    Column("changes", BigInteger, nullable=False),
    _word("problem", null=True),
)
"""Who follows, when they were last alive, and when the broker was last heard, in real time."""

unread = Table(
    "unread", metadata, _key("topic"), _key("reason"), Column("number", BigInteger, nullable=False)
)
identity = Table("identity", metadata, _key("name"), _sealed("value", null=False))
"""What the rows were made with: by another key, or in another zone, they can't be gone on with."""

BOOKKEEPING = frozenset({"positions", "following", "unread", "identity"})
"""Tables that say how the others were made."""
