"""What the SMS channel counts. No label ever holds a number, a sid or a text."""

from typing import get_args

from schemas.messages import UNKNOWN_CODE, DeliveryStatus, Failure
from streams.metric_labels import Form, counter, gauge, histogram

_CODE = Form(
    "none|other|[0-9]{1,6}", "the SMS API's code, `none` without one, `other` beyond 200 different ones"
)
_OPERATOR = Form("[a-z]{2,20}", "the operator's name in the settings")
_MOST_CODES = 200
_LARGEST_CODE = 999_999
_codes: set[int] = set()

STATUSES = get_args(DeliveryStatus)
DEFERRED = (
    "resting",
    "busy",
    "stale",
    "behind_another",
    "look_up_failed",
    "unsettled",
    "unreachable",
    "throttled",
    UNKNOWN_CODE,
    "daily_number",
    "carrier_away",
    "other",
)
"""Why messages go back to their queue; `other` is whatever the carrier said in words of its own."""


def code_label(code: int | None) -> str:
    """A code as a label says it. Codes come from outside: of many different ones not all get a row."""
    if not code:
        return "none"
    if code not in _codes:
        if not 0 < code <= _LARGEST_CODE or len(_codes) >= _MOST_CODES:
            return "other"
        _codes.add(code)
    return str(code)


REPORTS = counter(
    "jardem_sms_reports",
    "What the carrier reported of messages; a message that is asked for again is reported again",
    {"kind": ("accepted", "deferred", "rejected", "in-doubt")},
)
CALLS = counter(
    "jardem_sms_api_calls",
    "Calls that create a message, by what came of them",
    {"outcome": ("accepted", "refused", "notnow", "uncertain")},
)
CALL_SECONDS = histogram("jardem_sms_api_call_seconds", "How long a call that creates a message takes")
RATE_WAIT = histogram(
    "jardem_sms_rate_wait_seconds",
    "How long a message waited for the sender's rate before it was handed over",
)
DEFERRALS = counter(
    "jardem_sms_deferrals", "Messages that went back to their queue, by why", {"reason": DEFERRED}
)
REFUSALS = counter(
    "jardem_sms_refusals",
    "Messages that the SMS API refused for good, by its code",
    {"code": _CODE},
    rows=[("none",)],
)
PAUSED_UNTIL = gauge(
    "jardem_sms_paused_until_timestamp_seconds",
    "Until when nobody calls the SMS API after failures, in Unix time; in the past while it is called",
)
LOOKUPS = counter(
    "jardem_sms_lookups",
    "Ambiguous messages looked up at the SMS API",
    {"result": ("adopted", "not_found", "not_now", "impossible")},
)
SENT_TIMES = counter(
    "jardem_sms_sent_times",
    "Messages whose sent time the SMS API was asked for",
    {"result": ("told", "not_yet", "not_now", "impossible")},
)
IN_DOUBT = counter(
    "jardem_sms_in_doubt", "Messages of which nobody can tell whether they were sent: an operator must look"
)
OURS = counter(
    "jardem_sms_misconfigured",
    "Messages that fail because of our account, sender, settings or text, by the SMS API's code",
    {"code": _CODE},
    rows=[("none",)],
)
UNKNOWN_CODES = counter(
    "jardem_sms_unknown_codes",
    "Refusals and failures with a code of the SMS API's that we do not know, by code",
    {"code": _CODE},
    rows=[("none",)],
)
STATUS_REPORTS = counter(
    "jardem_sms_statuses",
    "Reports of what became of messages that the SMS API had taken, by status and its code; a report that is "
    "repeated is counted again",
    {"status": (*STATUSES, "other"), "code": _CODE},
    rows=[(status, "none") for status in (*STATUSES, "other")],
)
FAILURES = counter(
    "jardem_sms_failures",
    "Messages that the SMS API reported as not delivered, by what that means",
    {"failure": get_args(Failure)},
)
OFFERS_HELD = counter(
    "jardem_sms_offers_held", "Offers that had to wait because the day's number of SMS was reached"
)
WEBHOOKS = counter(
    "jardem_sms_webhooks",
    "Requests to the webhooks, by what was answered: taken, or the HTTP status of the refusal",
    {"endpoint": ("inbound", "status"), "result": ("taken", "400", "403", "408", "413", "500", "503")},
)
WEBHOOK_SECONDS = histogram(
    "jardem_sms_webhook_seconds",
    "How long a request to the webhooks took, from its arrival until the broker had its event",
    {"endpoint": ("inbound", "status")},
)
INBOUND_CHECKS = counter(
    "jardem_sms_inbound_checks",
    "Readings of the SMS API's list of citizens' texts, by how they ended",
    {"result": ("complete", "not_now", "impossible")},
)
INBOUND_TEXTS = counter(
    "jardem_sms_inbound_texts",
    "Texts in that list: handed (to the SMS desk, which may know them from the webhook), unusable",
    {"result": ("handed", "unusable")},
)
INBOUND_READ = gauge(
    "jardem_sms_inbound_read_timestamp_seconds",
    "When a reading began that came to the list's end, in Unix time; the newest of all workers counts",
)
SMPP_BOUND = gauge(
    "jardem_sms_smpp_bound",
    "Whether this process holds a bind at an operator: 1 or 0",
    {"carrier": _OPERATOR, "kind": ("transceiver", "transmitter", "receiver")},
)
SMPP_THROTTLED = counter(
    "jardem_sms_smpp_throttled",
    "Refusals of an operator's because we are too fast",
    {"carrier": _OPERATOR},
)
SMPP_LATE = counter(
    "jardem_sms_smpp_late",
    "Responses of operators to messages that came after nobody waited for them any more",
    {"carrier": _OPERATOR},
)
SMPP_DELIVERED = counter(
    "jardem_sms_smpp_delivered",
    "What operators brought; not_now is what the broker did not take, and failed what we could not handle: "
    "both are brought again",
    {"kind": ("text", "part", "receipt", "ignored", "unusable", "not_now", "failed")},
)
