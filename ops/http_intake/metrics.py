"""What the HTTP intake counts. No label ever holds a caller's words."""

from streams.metric_labels import counter, gauge, histogram

ANSWERS = (202, 400, 401, 403, 408, 409, 413, 415, 422, 429, 503)
"""Every answer to an event that there is."""

EVENTS = counter(
    "jardem_http_intake_events",
    "Events that came by HTTP, by how they were answered",
    {"answer": tuple(str(answer) for answer in ANSWERS)},
)
REPEATS = counter(
    "jardem_http_intake_repeats",
    "Events that came by HTTP again as they had come, and were not published again",
)
SECONDS = histogram("jardem_http_intake_seconds", "How long a call of the HTTP intake took, until its answer")
REMEMBERED = gauge("jardem_http_intake_remembered", "Ids that this process of the HTTP intake remembers")
FORGOTTEN = counter(
    "jardem_http_intake_forgotten_early",
    "Ids that were forgotten before their time, because there were more than are remembered",
)
