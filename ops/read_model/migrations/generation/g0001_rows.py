"""The rows of a generation."""

import sqlalchemy as sa
from alembic import op

from ops.read_model.tables import Instant

revision = "g0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of all topics, in the order of their names."""
    _make_first()
    _make_second()
    _make_third()
    _make_fourth()


def _make_first() -> None:
    op.create_table(
        "acts",
        sa.Column("act_id", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("operator", sa.LargeBinary(), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("act_id"),
    )
    op.create_index("acts_by_at", "acts", ["at", "act_id"], unique=False)
    op.create_index("acts_by_object", "acts", ["object_kind", "object_id", "at"], unique=False)
    op.create_table(
        "asked",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("phone_id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("question_id", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("asked_by_case", "asked", ["case_id", "at"], unique=False)
    op.create_index("asked_by_phone", "asked", ["phone_id", "case_id"], unique=False)
    op.create_table(
        "cases",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("first_step", sa.Integer(), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("outcome_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("outcome_at", Instant(), nullable=True),
        sa.Column("outcome_on", sa.Date(), nullable=True),
        sa.Column("moved_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("misunderstood_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("held_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("resumed_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waiting_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("served_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("purged_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("purged_at", Instant(), nullable=True),
        sa.Column("offered_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reached_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("answered_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("consented_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("account_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("granted_step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_understood", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("held", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("waits", sa.SmallInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("cases_by_at", "cases", ["at", "case_id"], unique=False)
    op.create_index("cases_by_ground", "cases", ["ground", "at", "case_id"], unique=False)
    op.create_index(
        "cases_by_ground_language", "cases", ["ground", "language", "at", "case_id"], unique=False
    )
    op.create_index("cases_by_language", "cases", ["language", "at", "case_id"], unique=False)
    op.create_index("cases_by_outcome_at", "cases", ["outcome_at", "case_id"], unique=False)
    op.create_index("cases_by_person", "cases", ["person_id", "at", "case_id"], unique=False)
    op.create_index("cases_by_reason", "cases", ["reason", "at", "case_id"], unique=False)
    op.create_index("cases_by_reason_ground", "cases", ["reason", "ground", "at", "case_id"], unique=False)
    op.create_index("cases_by_state", "cases", ["state", "at", "case_id"], unique=False)
    op.create_index("cases_by_state_ground", "cases", ["state", "ground", "at", "case_id"], unique=False)
    op.create_index("cases_by_state_language", "cases", ["state", "language", "at", "case_id"], unique=False)
    op.create_index("cases_by_until", "cases", ["until", "state", "at", "case_id"], unique=False)
    op.create_index("cases_granted", "cases", ["outcome", "outcome_at", "case_id"], unique=False)
    op.create_index(
        "cases_held",
        "cases",
        ["at", "case_id"],
        unique=False,
        sqlite_where=sa.text("held = 1"),
        postgresql_where=sa.text("held = 1"),
    )
    op.create_index(
        "cases_not_understood",
        "cases",
        ["at", "case_id"],
        unique=False,
        sqlite_where=sa.text("not_understood = 1"),
        postgresql_where=sa.text("not_understood = 1"),
    )
    op.create_index(
        "cases_purged",
        "cases",
        ["case_id"],
        unique=False,
        sqlite_where=sa.text("purged_step > 0"),
        postgresql_where=sa.text("purged_step > 0"),
    )
    op.create_index(
        "cases_waiting",
        "cases",
        ["at", "case_id"],
        unique=False,
        sqlite_where=sa.text("waits = 1"),
        postgresql_where=sa.text("waits = 1"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("letter_id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("redrivable", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("headers", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("letter_id"),
    )
    op.create_index("dead_letters_by_day", "dead_letters", ["day", "topic", "source"], unique=False)
    op.create_index("dead_letters_by_position", "dead_letters", ["position", "letter_id"], unique=False)
    op.create_index(
        "dead_letters_by_reason", "dead_letters", ["reason", "position", "letter_id"], unique=False
    )
    op.create_index("dead_letters_by_topic", "dead_letters", ["topic", "position", "letter_id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("refusal_ground", sa.Integer(), nullable=True),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("application_date", sa.Date(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("iban", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_index("decisions_by_case", "decisions", ["case_id", "step"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("phone_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_index("deliveries_by_phone", "deliveries", ["phone_id"], unique=False)
    op.create_table(
        "documents",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("issued_at", Instant(), nullable=True),
        sa.Column("decision_due", sa.Date(), nullable=True),
        sa.Column("not_before", sa.Date(), nullable=True),
        sa.Column("jws", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_index("documents_by_case", "documents", ["case_id", "step"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("refusal_ground", sa.Integer(), nullable=True),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("application_date", sa.Date(), nullable=False),
        sa.Column("drafted_at", Instant(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("iban", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_index("drafts_by_at", "drafts", ["drafted_at", "decision_id"], unique=False)
    op.create_index("drafts_by_case", "drafts", ["case_id", "step"], unique=False)
    op.create_table(
        "endings",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("scheme", sa.Text(), nullable=True),
        sa.Column("consented_on", sa.Date(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "step"),
    )


def _make_second() -> None:
    op.create_table(
        "entitlements",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("clear_id", sa.LargeBinary(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "source", "day", "event_id"),
    )
    op.create_index("entitlements_by_day", "entitlements", ["day", "topic", "source"], unique=False)
    op.create_table(
        "extensions",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("officer", sa.LargeBinary(), nullable=True),
        sa.Column("told_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_table(
        "following",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("beat", Instant(), nullable=True),
        sa.Column("heard_at", Instant(), nullable=True),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "former",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("of_message", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("former_by_message", "former", ["of_message"], unique=False)
    op.create_table(
        "hearings",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("objection", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("officer", sa.LargeBinary(), nullable=True),
        sa.Column("told_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_table(
        "identity",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "journal",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("phone_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("sid", sa.Text(), nullable=True),
        sa.Column("tried_at", Instant(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("journal_by_phone", "journal", ["phone_id"], unique=False)
    op.create_index("journal_in_doubt", "journal", ["state", "at", "message_id"], unique=False)
    op.create_table(
        "looks",
        sa.Column("look_id", sa.Text(), nullable=False),
        sa.Column("who_id", sa.Text(), nullable=False),
        sa.Column("who", sa.LargeBinary(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("act_id", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("look_id"),
    )
    op.create_index("looks_by_at", "looks", ["at", "look_id"], unique=False)
    op.create_index("looks_by_person", "looks", ["person_id", "at", "look_id"], unique=False)
    op.create_index("looks_by_who", "looks", ["who_id", "at", "look_id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("again_id", sa.Text(), nullable=False),
        sa.Column("phone_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("messages_again", "messages", ["again_id"], unique=False)
    op.create_index("messages_by_phone", "messages", ["phone_id", "at"], unique=False)


def _make_third() -> None:
    op.create_table(
        "positions",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("topic_id", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("end_offset", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("topic", "partition"),
    )
    op.create_table(
        "questioned",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "decision_id", "reason"),
    )
    op.create_index("questioned_by_at", "questioned", ["at", "case_id", "reason"], unique=False)
    op.create_table(
        "received",
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("phone_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_index("received_by_phone", "received", ["phone_id", "at"], unique=False)
    op.create_table(
        "recorded",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("told_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "case_id"),
    )
    op.create_index("recorded_by_case", "recorded", ["case_id"], unique=False)
    op.create_table(
        "signatures",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("refusal_ground", sa.Integer(), nullable=True),
        sa.Column("officer", sa.LargeBinary(), nullable=True),
        sa.Column("signed_at", Instant(), nullable=False),
        sa.Column("told_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_table(
        "steps",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("cause_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("twice", sa.SmallInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("case_id", "step"),
    )
    op.create_table(
        "subjects",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("iin", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_table(
        "tallies",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what"),
    )
    op.create_table(
        "totals",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("told_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "source", "day"),
    )


def _make_fourth() -> None:
    op.create_table(
        "unread",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "reason"),
    )
    op.create_table(
        "voided",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id"),
    )
