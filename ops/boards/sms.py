"""The board *SMS*: whether what we say arrives, and what citizens write."""

from ops.boards.board import Board, Row, many, one, quantiles

_FINAL = 'status=~"delivered|undelivered|failed|canceled"'

BOARD = Board(
    "jardem-sms",
    "jardem: SMS",
    "Whether what we say arrives, and what citizens write: the queue, the SMS API, reports, and webhooks.",
    (
        Row(
            "Now",
            (
                one(
                    "Held",
                    "Messages that wait in their numbers' queues.",
                    "short",
                    'sum(jardem_sms_messages{where="held"})',
                ),
                one(
                    "In doubt",
                    "Messages that may have left, and nobody knows.",
                    "short",
                    'sum(jardem_sms_messages{where="in_doubt"})',
                    red_from=1,
                ),
                one(
                    "Sent in a day",
                    "Messages that the SMS API took in the last 24 hours.",
                    "short",
                    'sum(increase(jardem_sms_api_calls_total{outcome="accepted"}[1d]))',
                ),
                one(
                    "Delivered",
                    "Which share of a day's messages reached its handset, of those whose end is told.",
                    "percentunit",
                    'sum(increase(jardem_sms_statuses_total{status="delivered"}[1d]))'
                    f" / (sum(increase(jardem_sms_statuses_total{{{_FINAL}}}[1d])) > 0) or vector(0)",
                ),
                one(
                    "Ours to mend",
                    "Messages of the last 24 hours that failed for a cause of ours.",
                    "short",
                    "sum(increase(jardem_sms_misconfigured_total[1d]))",
                    red_from=1,
                ),
                one(
                    "List of texts read",
                    "When the SMS API's list of citizens' texts was last read to its end.",
                    "dateTimeFromNow",
                    "max(jardem_sms_inbound_read_timestamp_seconds) * 1000",
                ),
            ),
        ),
        Row(
            "What we say",
            (
                many(
                    "Messages that have not left",
                    "Held, with the carrier, or in doubt.",
                    "short",
                    "sum by (where) (jardem_sms_messages)",
                    "{{where}}",
                    stacked=True,
                ),
                many(
                    "Calls of the SMS API",
                    "Calls a second that create a message, by what came of them.",
                    "ops",
                    "sum by (outcome) (rate(jardem_sms_api_calls_total[$__rate_interval]))",
                    "{{outcome}}",
                ),
                quantiles(
                    "How long a call takes",
                    "Calls that create a message.",
                    "jardem_sms_api_call_seconds",
                ),
                quantiles(
                    "Waits for the rate",
                    "How long a message waited for its turn within what the sender may send in a second.",
                    "jardem_sms_rate_wait_seconds",
                ),
                many(
                    "Back to the queue",
                    "Messages in an hour that were put off, by why.",
                    "short",
                    "sum by (reason) (increase(jardem_sms_deferrals_total[1h]))",
                    "{{reason}}",
                ),
                many(
                    "Held by the day's number",
                    "Offers in an hour that wait because operators set a daily number of SMS.",
                    "short",
                    "sum(increase(jardem_sms_offers_held_total[1h]))",
                    "offers",
                ),
                many(
                    "Paused",
                    "For how many more seconds nobody calls the SMS API.",
                    "s",
                    "clamp_min(max(jardem_sms_paused_until_timestamp_seconds) - time(), 0)",
                    "seconds",
                ),
            ),
        ),
        Row(
            "What became of it",
            (
                many(
                    "Reports",
                    "Reports of the SMS API in an hour, by status.",
                    "short",
                    "sum by (status) (increase(jardem_sms_statuses_total[1h]))",
                    "{{status}}",
                ),
                many(
                    "Not delivered, by code",
                    "Reports in a day that a message does not reach its handset, by the API's code.",
                    "short",
                    "topk(10, sum by (code) (increase("
                    'jardem_sms_statuses_total{status=~"undelivered|failed|canceled"}[1d])))',
                    "{{code}}",
                ),
                many(
                    "What that means",
                    "Failures in a day: of the number, passing, ours, or because they opted out.",
                    "short",
                    "sum by (failure) (increase(jardem_sms_failures_total[1d]))",
                    "{{failure}}",
                ),
                many(
                    "Refused for good, by code",
                    "Messages in a day that the SMS API did not take and never will.",
                    "short",
                    "sum by (code) (increase(jardem_sms_refusals_total[1d]))",
                    "{{code}}",
                ),
                many(
                    "Ours, by code",
                    "Failures in a day because of our account, sender, settings or text.",
                    "short",
                    "sum by (code) (increase(jardem_sms_misconfigured_total[1d]))",
                    "{{code}}",
                ),
                many(
                    "Codes that nobody knows",
                    "Refusals and failures in a day with a code that our table has not.",
                    "short",
                    "sum by (code) (increase(jardem_sms_unknown_codes_total[1d]))",
                    "{{code}}",
                ),
            ),
        ),
        Row(
            "SMPP",
            (
                many(
                    "Binds",
                    "Binds held at operators; none where no operator's SMPP is set.",
                    "short",
                    "sum by (carrier, kind) (jardem_sms_smpp_bound) or vector(0)",
                    "{{carrier}} {{kind}}",
                ),
                many(
                    "Slowed down",
                    "Times in an hour that an operator asked for fewer messages.",
                    "short",
                    "sum by (carrier) (increase(jardem_sms_smpp_throttled_total[1h])) or vector(0)",
                    "{{carrier}}",
                ),
                many(
                    "Answered late",
                    "Responses to messages in an hour that came after nobody waited for them any more.",
                    "short",
                    "sum by (carrier) (increase(jardem_sms_smpp_late_total[1h])) or vector(0)",
                    "{{carrier}}",
                ),
                many(
                    "What operators brought",
                    "Answers and receipts in an hour.",
                    "short",
                    "sum by (kind) (increase(jardem_sms_smpp_delivered_total[1h]))",
                    "{{kind}}",
                ),
            ),
        ),
        Row(
            "What citizens write",
            (
                many(
                    "Webhooks",
                    "Calls a second, by what was answered.",
                    "ops",
                    "sum by (endpoint, result) (rate(jardem_sms_webhooks_total[$__rate_interval]))",
                    "{{endpoint}} {{result}}",
                ),
                quantiles(
                    "How long a webhook takes",
                    "From a call's arrival until the broker had its event.",
                    "jardem_sms_webhook_seconds",
                    by="endpoint",
                ),
                many(
                    "Readings of the list of texts",
                    "Readings in an hour, by how they ended.",
                    "short",
                    "sum by (result) (increase(jardem_sms_inbound_checks_total[1h]))",
                    "{{result}}",
                ),
                many(
                    "Found to be in doubt",
                    "Times in an hour that nobody could tell whether a message had left.",
                    "short",
                    "sum(increase(jardem_sms_in_doubt_total[1h]))",
                    "messages",
                ),
                many(
                    "Looked up",
                    "Messages in an hour of which it was unclear whether they had left.",
                    "short",
                    "sum by (result) (increase(jardem_sms_lookups_total[1h]))",
                    "{{result}}",
                ),
                many(
                    "Sent times",
                    "Questions in an hour whose sent time the SMS API was asked for.",
                    "short",
                    "sum by (result) (increase(jardem_sms_sent_times_total[1h]))",
                    "{{result}}",
                ),
                many(
                    "Texts in the list",
                    "Texts in an hour that the list brought; those that a call brought too are among them.",
                    "short",
                    "sum by (result) (increase(jardem_sms_inbound_texts_total[1h]))",
                    "{{result}}",
                ),
            ),
        ),
    ),
)
