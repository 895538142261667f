"""All tables of a generation of the read model, by their names.

What could name somebody stands sealed (`sealing.py`), in columns of bytes. Every table but those of
bookkeeping holds rows that follow from what the topics hold, in whatever order these are read: each is fed by
one topic, or each row says the same whichever of several has told it.
"""

from ops.read_model.bookkeeping import BOOKKEEPING, following, identity, positions, unread
from ops.read_model.case_tables import cases, steps, tallies
from ops.read_model.columns import Instant, instant, metadata, microseconds
from ops.read_model.console_tables import acts, dead_letters, looks
from ops.read_model.fact_tables import (
    decisions,
    documents,
    drafts,
    endings,
    entitlements,
    extensions,
    hearings,
    questioned,
    recorded,
    signatures,
    subjects,
    totals,
    voided,
)
from ops.read_model.sms_tables import asked, deliveries, former, journal, messages, received

__all__ = [
    "BOOKKEEPING",
    "Instant",
    "acts",
    "asked",
    "cases",
    "dead_letters",
    "decisions",
    "deliveries",
    "documents",
    "drafts",
    "endings",
    "entitlements",
    "extensions",
    "following",
    "former",
    "hearings",
    "identity",
    "instant",
    "journal",
    "looks",
    "messages",
    "metadata",
    "microseconds",
    "positions",
    "questioned",
    "received",
    "recorded",
    "signatures",
    "steps",
    "subjects",
    "tallies",
    "totals",
    "unread",
    "voided",
]
