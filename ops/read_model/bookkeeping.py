"""How the rows were made: how far the topics are read, by whom, and with which keys."""

from sqlalchemy import BigInteger, Column, Integer, Table

from ops.read_model.columns import at, key, metadata, sealed, word

positions = Table(
    "positions",
    metadata,
    key("topic"),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    word("topic_id", null=True),
    Column("position", BigInteger, nullable=False),
    Column("end_offset", BigInteger, nullable=True),
)
following = Table(
    "following",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    word("holder", null=True),
    at("beat", null=True),
    at("heard_at", null=True),
    Column("changes", BigInteger, nullable=False),
    word("problem", null=True),
)
"""Who follows, when they were last alive, and when the broker was last heard, in real time."""

unread = Table("unread", metadata, key("topic"), key("reason"), Column("number", BigInteger, nullable=False))
identity = Table("identity", metadata, key("name"), sealed("value", null=False))
"""What the rows were made with: by another key, or in another zone, they can't be gone on with."""

BOOKKEEPING = frozenset({"positions", "following", "unread", "identity"})
"""Tables that say how the others were made."""
