"""The board *Law*: whether terms are kept, and people do in time what only people may do."""

from ops.boards.board import Board, Row, many, one, quantiles

BOARD = Board(
    "jardem-law",
    "jardem: law",
    "Whether terms are kept, and what waits for people: drafts, hearings, questioned grants, rules.",
    (
        Row(
            "Now",
            (
                one(
                    "Drafts due today",
                    "The service's term ends with this day (R13).",
                    "short",
                    "sum(jardem_drafts_due)",
                ),
                one(
                    "Drafts overdue",
                    "The service's term is over and nobody has signed (R13).",
                    "short",
                    "sum(jardem_drafts_overdue)",
                    red_from=1,
                ),
                one(
                    "Without rules",
                    "Cases that wait because no rules are in force (R20).",
                    "short",
                    "sum(jardem_awaiting_rules)",
                    red_from=1,
                ),
                one(
                    "Questioned in a day",
                    "Grants that something learnt later puts in question (R10).",
                    "short",
                    "sum(increase(jardem_decisions_questioned_total[1d]))",
                    red_from=1,
                ),
                one(
                    "Terms that run",
                    "Of questions, of objections, of the service.",
                    "short",
                    "sum(jardem_terms_running)",
                ),
                one(
                    "Behind",
                    "How long ago the earliest instant came that was not told yet.",
                    "s",
                    "max(jardem_deadlines_behind_seconds)",
                    red_from=60,
                ),
            ),
        ),
        Row(
            "Terms",
            (
                many(
                    "Terms that run",
                    "Of questions (R6), of objections before a hearing (R30), of the service (R13).",
                    "short",
                    "sum by (term) (jardem_terms_running)",
                    "{{term}}",
                ),
                quantiles(
                    "How late instants are handled",
                    "From an instant for which a case waited until it was handled, by what was waited for.",
                    "jardem_deadline_lateness_seconds",
                    by="deadline",
                ),
                many(
                    "Instants that came",
                    "Deadlines handled in an hour, by what was waited for.",
                    "short",
                    "sum by (deadline) (increase(jardem_deadline_lateness_seconds_count[1h]))",
                    "{{deadline}}",
                ),
            ),
        ),
        Row(
            "Officers",
            (
                many(
                    "Cases that wait for an officer",
                    "For a hearing, or for a signature, by the ground of the benefit.",
                    "short",
                    'sum by (state, ground) (jardem_cases{state=~"awaiting_hearing|awaiting_signature"})',
                    "{{state}} {{ground}}",
                    stacked=True,
                ),
                many(
                    "Due and overdue",
                    "Drafts on their last day, and beyond it (R13).",
                    "short",
                    'label_replace(sum(jardem_drafts_due), "drafts", "due", "", "")'
                    ' or label_replace(sum(jardem_drafts_overdue), "drafts", "overdue", "", "")',
                    "{{drafts}}",
                ),
                many(
                    "Drafts made",
                    "Decisions drafted for an officer in a day.",
                    "short",
                    "sum(increase(jardem_drafts_total[1d]))",
                    "drafts",
                ),
            ),
        ),
        Row(
            "Outcomes",
            (
                many(
                    "Refusals by their ground",
                    "Refusals in a day by the number of the ground in the order (R12).",
                    "short",
                    'sum by (reason) (increase(jardem_outcomes_total{outcome="refused"}[1d]))',
                    "ground {{reason}}",
                ),
                many(
                    "Grants in question",
                    "Grants in a day that something learnt later puts in question, by what it was.",
                    "short",
                    "sum by (reason) (increase(jardem_decisions_questioned_total[1d]))",
                    "{{reason}}",
                ),
                many(
                    "Not understood",
                    "Which share of the texts of a day was not understood, by what was asked.",
                    "percentunit",
                    'sum by (question) (increase(jardem_answers_total{answer="not_understood"}[1d]))'
                    " / (sum by (question) (increase(jardem_answers_total[1d])) > 0)",
                    "{{question}}",
                ),
                many(
                    "Ended in silence",
                    "Processes in a day that ended without an answer that was understood.",
                    "short",
                    "sum by (reason) "
                    '(increase(jardem_outcomes_total{reason=~"no_reply|not_understood"}[1d]))',
                    "{{reason}}",
                ),
                many(
                    "Signatures refused",
                    "Records in a day that could not be acted upon: signatures and acts that do not fit.",
                    "short",
                    'sum by (topic) (increase(jardem_dead_letters_total{reason="refused"}[1d]))',
                    "{{topic}}",
                ),
                many(
                    "The manual route",
                    "Processes in a day that only a person may judge, by the ground of the benefit.",
                    "short",
                    'sum by (ground) (increase(jardem_outcomes_total{reason="manual_route"}[1d]))',
                    "{{ground}}",
                ),
            ),
        ),
    ),
)
