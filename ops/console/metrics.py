"""What the console counts of itself; served at `/metrics`."""

from prometheus_client import Counter, Gauge

REQUESTS = Counter(
    "jardem_console_requests",
    "Requests by the template of their route (empty: no such page) and the status of the answer",
    ["method", "route", "status"],
)
SIGN_INS = Counter(
    "jardem_console_sign_ins",
    "Tries to sign in: by which way, and what came of them",
    ["way", "result"],
)
AUDITED = Counter(
    "jardem_console_audit_events",
    "Looks and acts: whether the broker has recorded them, or they were refused for want of it",
    ["what", "result"],
)
LIMITED = Counter("jardem_console_limited", "Refused because there were too many of them", ["what"])
BEHIND = Gauge("jardem_console_behind_records", "Records in the log that the read model has not read yet")
"""Absent (NaN) while it is not known."""
