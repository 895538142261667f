"""The steps of cases, the cases as they leave them, and how many are alike: from `case.advanced.v1`."""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Table, text

from ops.read_model.columns import at, flag, key, metadata, number, step, word

steps = Table(
    "steps",
    metadata,
    key("case_id"),
    Column("step", Integer, primary_key=True, autoincrement=False),
    word("digest"),
    word("previous", null=True),
    word("from_state"),
    word("to_state"),
    word("cause"),
    word("cause_id"),
    word("rule", null=True),
    word("note", null=True),
    word("language", null=True),
    at("until", null=True),
    at("at"),
    flag("twice"),
)

cases = Table(
    "cases",
    metadata,
    key("case_id"),
    word("person_id"),
    word("ground"),
    word("state"),
    number("step"),
    word("note", null=True),
    word("language", null=True),
    at("until", null=True),
    at("at"),
    number("first_step"),
    at("began_at"),
    Column("began_on", Date, nullable=False),
    step("outcome_step"),
    word("outcome", null=True),
    word("reason", null=True),
    at("outcome_at", null=True),
    Column("outcome_on", Date, nullable=True),
    step("moved_step"),
    step("misunderstood_step"),
    step("held_step"),
    step("resumed_step"),
    step("waiting_step"),
    word("waiting_for", null=True),
    step("served_step"),
    step("purged_step"),
    at("purged_at", null=True),
    step("offered_step"),
    step("reached_step"),
    step("answered_step"),
    step("consented_step"),
    step("account_step"),
    step("granted_step"),
    flag("not_understood"),
    flag("held"),
    flag("waits"),
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
    Index("cases_by_until", "until", "state", "at", "case_id"),
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

tallies = Table("tallies", metadata, key("what"), Column("number", BigInteger, nullable=False))
"""How many cases, messages and reports are alike in what the overview asks: one row for each likeness."""
