"""What the SMS channel counts. No label ever holds a number, a sid or a text."""

from prometheus_client import Counter, Gauge, Histogram

REPORTS = Counter(
    "jardem_sms_reports",
    "What the carrier reported of messages: accepted, deferred, rejected, in_doubt",
    ["kind"],
)
CALLS = Counter("jardem_sms_api_calls", "Calls that create a message, by what came of them", ["outcome"])
CALL_SECONDS = Histogram("jardem_sms_api_call_seconds", "How long a call that creates a message takes")
LOOKUPS = Counter(
    "jardem_sms_lookups",
    "Ambiguous messages looked up at the SMS API: adopted, not_found, not_now, impossible",
    ["result"],
)
SENT_TIMES = Counter(
    "jardem_sms_sent_times",
    "Messages whose sent time the SMS API was asked for: told, not_yet, not_now, impossible",
    ["result"],
)
IN_DOUBT = Counter(
    "jardem_sms_in_doubt", "Messages of which nobody can tell whether they were sent: an operator must look"
)
OURS = Counter(
    "jardem_sms_misconfigured",
    "Messages that fail because of our account, sender, settings or text, by the SMS API's code",
    ["code"],
)
UNKNOWN_CODES = Counter(
    "jardem_sms_unknown_codes",
    "Refusals and failures with a code of the SMS API's that we do not know, by code",
    ["code"],
)
FAILURES = Counter(
    "jardem_sms_failures",
    "Messages that the SMS API reported as not delivered: permanent, passing, ours, opted_out",
    ["failure"],
)
WEBHOOKS = Counter("jardem_sms_webhooks", "Requests to the webhooks", ["endpoint", "result"])
INBOUND_CHECKS = Counter(
    "jardem_sms_inbound_checks",
    "Readings of the SMS API's list of citizens' texts, by how they ended: complete, not_now, impossible",
    ["result"],
)
INBOUND_TEXTS = Counter(
    "jardem_sms_inbound_texts",
    "Texts in that list: handed (to the SMS desk, which may know them from the webhook), unusable",
    ["result"],
)
INBOUND_READ = Gauge(
    "jardem_sms_inbound_read_timestamp_seconds",
    "When a reading began that came to the list's end, in Unix time; the newest of all workers counts",
)
SMPP_BOUND = Gauge(
    "jardem_sms_smpp_bound",
    "Whether this process holds a bind at an operator: 1 or 0, by its name and the bind's kind",
    ["carrier", "kind"],
)
SMPP_THROTTLED = Counter(
    "jardem_sms_smpp_throttled", "Refusals of an operator's because we are too fast", ["carrier"]
)
SMPP_DELIVERED = Counter(
    "jardem_sms_smpp_delivered",
    "What operators brought: text, part, receipt, ignored, unusable, or not_now (the broker was away)",
    ["kind"],
)
