"""What was asked and told by SMS: from `sms.inbox.v1` and `sms.outbox.v1`."""

from sqlalchemy import BigInteger, Column, Index, Table

from ops.read_model.columns import at, key, metadata, number, sealed, word

asked = Table(
    "asked",
    metadata,
    key("message_id"),
    word("case_id"),
    word("person_id"),
    word("phone_id"),
    word("what"),
    word("question_id", null=True),
    word("language", null=True),
    at("at"),
    sealed("phone"),
    Index("asked_by_case", "case_id", "at"),
    Index("asked_by_phone", "phone_id", "case_id"),
    Index("asked_by_person", "person_id"),
)
"""Questions and notices that were asked for, under the id of the message that first puts them."""

former = Table(
    "former",
    metadata,
    key("message_id"),
    word("of_message"),
    word("what"),
    Index("former_by_message", "of_message"),
)
"""Messages that belong to another: explanations of a question. What is sent again is found by its number."""

messages = Table(
    "messages",
    metadata,
    key("message_id"),
    word("again_id"),
    word("phone_id"),
    number("attempt"),
    at("at"),
    sealed("phone"),
    sealed("text"),
    Index("messages_by_phone", "phone_id", "at"),
    Index("messages_again", "again_id"),
)
"""The texts that went to the carrier; `again_id` is the id under which such a message is sent again."""

journal = Table(
    "journal",
    metadata,
    key("message_id"),
    word("phone_id"),
    number("attempt"),
    number("rank"),
    word("state"),
    number("code", null=True),
    word("sid", null=True),
    at("tried_at", null=True),
    at("at"),
    Index("journal_in_doubt", "state", "at", "message_id"),
    Index("journal_by_phone", "phone_id"),
)
"""What the carrier told of each message: `accepted`, `deferred`, `rejected`, `in_doubt`; or `given_up`."""

deliveries = Table(
    "deliveries",
    metadata,
    key("sid"),
    word("phone_id"),
    word("status"),
    number("rank"),
    number("code", null=True),
    at("at"),
    Index("deliveries_by_phone", "phone_id"),
)
"""The SMS API's last word on each message that it took."""

received = Table(
    "received",
    metadata,
    key("sid"),
    word("phone_id"),
    word("event_id"),
    Column("offset", BigInteger, nullable=False),
    at("at"),
    sealed("phone"),
    sealed("text"),
    Index("received_by_phone", "phone_id", "at"),
)
