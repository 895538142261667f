"""The board *Service*: whether citizens are served."""

from ops.boards.board import Board, Row, many, one, quantiles

BOARD = Board(
    "jardem-service",
    "jardem: service",
    "Whether citizens are served: what comes in, where cases stand, what comes out, and how long it takes.",
    (
        Row(
            "Now",
            (
                one("Workers ready", "Workers that handle events.", "short", "sum(jardem_ready)"),
                one(
                    "Cases under way",
                    "Cases that have no outcome yet.",
                    "short",
                    'sum(jardem_cases{state!~"granted|refused|ended"})',
                ),
                one(
                    "Offers out",
                    "Offers that left and whose term runs.",
                    "short",
                    'sum(jardem_terms_running{term="offer"})',
                ),
                one(
                    "Outcomes in a day",
                    "Cases that came to an outcome in the last 24 hours.",
                    "short",
                    "sum(increase(jardem_outcomes_total[1d]))",
                ),
                one(
                    "Dead letters in a day",
                    "Records of the last 24 hours that move no case until somebody looks.",
                    "short",
                    "sum(increase(jardem_dead_letters_total[1d]))",
                    red_from=1,
                ),
                one(
                    "Records that wait",
                    "Records that are not handled yet, of all topics.",
                    "short",
                    "sum(jardem_lag_records)",
                    red_from=1000,
                ),
            ),
        ),
        Row(
            "The way of the cases",
            (
                many(
                    "Cases by state",
                    "Where the cases stand that have no outcome yet.",
                    "short",
                    'sum by (state) (jardem_cases{state!~"granted|refused|ended"})',
                    "{{state}}",
                    stacked=True,
                ),
                many(
                    "Outcomes",
                    "Outcomes in an hour: granted, refused, or ended without a decision.",
                    "short",
                    "sum by (outcome) (increase(jardem_outcomes_total[1h]))",
                    "{{outcome}}",
                ),
                many(
                    "Why processes end",
                    "Endings without a decision in a day, by their reason. None of them is a refusal.",
                    "short",
                    'sum by (reason) (increase(jardem_outcomes_total{outcome="ended"}[1d]))',
                    "{{reason}}",
                ),
                many(
                    "Cases by ground",
                    "All cases by the ground of the benefit, those with an outcome included.",
                    "short",
                    "sum by (ground) (jardem_cases)",
                    "{{ground}}",
                ),
                many(
                    "Uptake by ground",
                    "Which share of the cases with an outcome was granted.",
                    "percentunit",
                    'sum by (ground) (jardem_cases{state="granted"})'
                    ' / (sum by (ground) (jardem_cases{state=~"granted|refused|ended"}) > 0)',
                    "{{ground}}",
                ),
                many(
                    "Answers",
                    "Texts in an hour by what they mean.",
                    "short",
                    "sum by (answer) (increase(jardem_answers_total[1h]))",
                    "{{answer}}",
                ),
            ),
        ),
        Row(
            "How long it takes",
            (
                quantiles(
                    "From the event to the offer",
                    "From the registry's event, by its time, until the offer left, quiet hours included.",
                    "jardem_event_to_sms_seconds",
                ),
                quantiles(
                    "Until an answer",
                    "From a question's leaving until an answer was received that was understood.",
                    "jardem_time_to_answer_seconds",
                    by="question",
                ),
                many(
                    "Events in",
                    "Public records that were handled, a second.",
                    "ops",
                    "sum by (topic) (rate("
                    'jardem_records_handled_total{topic=~"registry.*|portal.*|statecorp.*"}[$__rate_interval]))',
                    "{{topic}}",
                ),
            ),
        ),
        Row(
            "By HTTP",
            (
                many(
                    "Events by HTTP",
                    "Events that came by HTTP, a second, by how they were answered: 202 are taken.",
                    "ops",
                    "sum by (answer) (rate(jardem_http_intake_events_total[$__rate_interval])) or vector(0)",
                    "{{answer}}",
                    stacked=True,
                ),
                quantiles(
                    "Until the answer",
                    "How long a call took until it was answered, the brokers' acknowledgements included.",
                    "jardem_http_intake_seconds",
                    optional=True,
                ),
                many(
                    "Ids remembered",
                    "Ids that each process remembers.",
                    "short",
                    "sum by (instance) (jardem_http_intake_remembered) or vector(0)",
                    "{{instance}}",
                ),
                many(
                    "Repeats, and ids forgotten early",
                    "Events in an hour that were known already; ids that did not find room for their window.",
                    "short",
                    'label_replace(increase(jardem_http_intake_repeats_total[1h]), "what", "repeats", "", "")'
                    " or label_replace(increase(jardem_http_intake_forgotten_early_total[1h]),"
                    ' "what", "forgotten early", "", "") or vector(0)',
                    "{{what}} {{instance}}",
                ),
            ),
        ),
        Row(
            "What is wrong",
            (
                many(
                    "Records that wait",
                    "Records that are not handled yet, by topic.",
                    "short",
                    "sum by (topic) (jardem_lag_records)",
                    "{{topic}}",
                ),
                many(
                    "Dead letters",
                    "Records in an hour that became dead letters, by where they came from and why.",
                    "short",
                    "sum by (topic, reason) (increase(jardem_dead_letters_total[1h])) > 0"
                    " or sum(increase(jardem_dead_letters_total[1h]))",
                    "{{topic}} {{reason}}",
                ),
                many(
                    "Not ready",
                    "Which share of the time workers handled nothing; counted when they are ready again.",
                    "percentunit",
                    "sum by (instance) (rate(jardem_not_ready_seconds_total[$__rate_interval]))",
                    "{{instance}}",
                ),
            ),
        ),
    ),
)
