"""What operators did and looked at, and what could not be read."""

from sqlalchemy import BigInteger, Column, Date, Index, Table

from ops.read_model.columns import at, flag, key, metadata, number, sealed, word

acts = Table(
    "acts",
    metadata,
    key("act_id"),
    word("act"),
    word("object_kind"),
    word("object_id"),
    word("person_id", null=True),
    sealed("reason"),
    sealed("operator"),
    sealed("details"),
    at("at"),
    Index("acts_by_object", "object_kind", "object_id", "at"),
    Index("acts_by_at", "at", "act_id"),
    Index("acts_by_person", "person_id", "at"),
)
looks = Table(
    "looks",
    metadata,
    key("look_id"),
    word("who_id"),
    sealed("who"),
    word("role"),
    word("what"),
    word("act_id", null=True),
    word("person_id", null=True),
    word("case_id", null=True),
    at("at"),
    Index("looks_by_at", "at", "look_id"),
    Index("looks_by_who", "who_id", "at", "look_id"),
    Index("looks_by_person", "person_id", "at", "look_id"),
)
dead_letters = Table(
    "dead_letters",
    metadata,
    key("letter_id"),
    Column("position", BigInteger, nullable=False),
    word("topic"),
    number("partition"),
    Column("offset", BigInteger, nullable=False),
    word("reason"),
    at("at", null=True),
    number("size"),
    flag("redrivable"),
    word("source", null=True),
    Column("day", Date, nullable=True),
    sealed("key"),
    sealed("headers"),
    sealed("value"),
    word("whose", null=True),
    Index("dead_letters_by_position", "position", "letter_id"),
    Index("dead_letters_by_topic", "topic", "position", "letter_id"),
    Index("dead_letters_by_reason", "reason", "position", "letter_id"),
    Index("dead_letters_by_day", "day", "topic", "source"),
    Index("dead_letters_by_whose", "whose"),
)
"""Records that could not be read; `position` orders them as they stand in their topic.

`whose`: the pseudonym of the person or number whom a record is about, where that can be told.
"""
