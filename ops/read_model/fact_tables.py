"""What registries told and totalled, what was decided, and what the State Corporation has on record."""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Table

from ops.read_model.columns import at, flag, key, metadata, number, sealed, word

entitlements = Table(
    "entitlements",
    metadata,
    key("topic"),
    key("source"),
    Column("day", Date, primary_key=True),
    key("event_id"),
    sealed("clear_id"),
    word("case_id", null=True),
    at("at"),
    word("whose", null=True),
    Index("entitlements_by_day", "day", "topic", "source"),
    Index("entitlements_by_case", "case_id"),
    Index("entitlements_by_whose", "whose"),
)
"""What registries told. `clear_id` is the event's id where it could name somebody, for a day's digest.

With it stands `whose` id it is, so that it can be erased: then nothing is in its place, and no null.
"""

totals = Table(
    "totals",
    metadata,
    key("topic"),
    key("source"),
    Column("day", Date, primary_key=True),
    Column("number", BigInteger, nullable=False),
    word("digest"),
    at("told_at"),
)

subjects = Table(
    "subjects",
    metadata,
    key("case_id"),
    word("person_id"),
    number("step"),
    sealed("iin"),
    Index("subjects_by_person", "person_id"),
)

decisions = Table(
    "decisions",
    metadata,
    key("decision_id"),
    word("case_id"),
    number("step"),
    word("person_id"),
    word("outcome"),
    number("refusal_ground", null=True),
    word("scheme"),
    Column("application_date", Date, nullable=False),
    at("decided_at"),
    word("rules_version"),
    sealed("iban"),
    Index("decisions_by_case", "case_id", "step"),
)
endings = Table(
    "endings",
    metadata,
    key("case_id"),
    Column("step", Integer, primary_key=True, autoincrement=False),
    word("scheme", null=True),
    Column("consented_on", Date, nullable=True),
    at("ended_at"),
)
drafts = Table(
    "drafts",
    metadata,
    key("decision_id"),
    word("case_id"),
    number("step"),
    word("person_id"),
    word("ground"),
    word("outcome"),
    number("refusal_ground", null=True),
    word("scheme"),
    Column("application_date", Date, nullable=False),
    at("drafted_at"),
    word("rules_version"),
    sealed("content"),
    sealed("iban"),
    Index("drafts_by_case", "case_id", "step"),
    Index("drafts_by_at", "drafted_at", "decision_id"),
)
voided = Table("voided", metadata, key("decision_id"), word("case_id"), word("reason"))
hearings = Table(
    "hearings",
    metadata,
    key("decision_id"),
    Column("held_on", Date, nullable=False),
    flag("objection"),
    sealed("officer"),
    at("told_at"),
)
extensions = Table(
    "extensions",
    metadata,
    key("decision_id"),
    Column("until", Date, nullable=False),
    sealed("reason"),
    sealed("officer"),
    at("told_at"),
)
signatures = Table(
    "signatures",
    metadata,
    key("decision_id"),
    word("outcome"),
    number("refusal_ground", null=True),
    sealed("officer"),
    at("signed_at"),
    at("told_at"),
)
questioned = Table(
    "questioned",
    metadata,
    key("case_id"),
    key("decision_id"),
    key("reason"),
    word("person_id"),
    at("at"),
    Index("questioned_by_at", "at", "case_id", "reason"),
)
documents = Table(
    "documents",
    metadata,
    key("sha256"),
    word("case_id"),
    word("kind"),
    number("step"),
    word("document_id"),
    at("issued_at", null=True),
    Column("decision_due", Date, nullable=True),
    Column("not_before", Date, nullable=True),
    sealed("jws", null=False),
    Index("documents_by_case", "case_id", "step"),
)
recorded = Table(
    "recorded",
    metadata,
    key("person_id"),
    key("case_id"),
    word("status"),
    Column("recorded_on", Date, nullable=False),
    at("told_at"),
    Index("recorded_by_case", "case_id"),
)
"""The State Corporation's record of a person, of a case of ours or, with an empty `case_id`, of none."""
