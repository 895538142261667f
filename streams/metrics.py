"""What a worker counts of the streams; served at `/metrics`. Partitions are those that it holds now.

Whoever does not run the streams does not import this: a process without partitions has no lag to tell of.
"""

from schemas.catalogue import PUBLIC_IN
from streams.dead_letters import REDRIVEN_LETTERS, Why
from streams.metric_labels import PARTITION, counter, gauge, histogram
from streams.topics import CASE_INBOX, CHANGELOGS, SMS_INBOX, SMS_OUTBOX

TOPICS_READ = (*PUBLIC_IN, REDRIVEN_LETTERS, CASE_INBOX, SMS_INBOX, SMS_OUTBOX)
"""The topics that a worker reads."""
_TABLES = tuple(name.split("-")[1] for name in CHANGELOGS)

LAG = gauge(
    "jardem_lag_records",
    "Records of a partition that stand in the log and are not handled yet, held back ones too",
    {"topic": TOPICS_READ, "partition": PARTITION},
)
HELD_BACK = gauge(
    "jardem_held_back_records",
    "Records of a partition that nobody may read before a transaction ends",
    {"topic": TOPICS_READ, "partition": PARTITION},
)
HANDLED = counter(
    "jardem_records_handled",
    "Records that were handled whole; those that are read again after a crash are counted again",
    {"topic": TOPICS_READ},
)
DELETED_UNREAD = counter(
    "jardem_records_deleted_unread",
    "Records that were deleted from the log before they were read",
    {"topic": TOPICS_READ},
)
NOT_UNPACKED = counter(
    "jardem_not_unpacked",
    "Records, or whole batches of them, that could not be unpacked and are dead letters",
    {"topic": TOPICS_READ},
)
DEAD_LETTERS = counter(
    "jardem_dead_letters",
    "Records that became dead letters, by the topic they came from and the kind of the reason; "
    "a record that is read again after a crash is counted again",
    {"topic": TOPICS_READ, "reason": tuple(Why)},
)

KEY_STORE_AWAY = gauge(
    "jardem_key_store_away",
    "1 while the store of keys does not answer and what needs it waits, else 0",
)
READY = gauge("jardem_ready", "1 while the worker's tables are recovered and its partitions held, else 0")
REBALANCES = counter("jardem_rebalances", "How often the group began to assign its partitions anew")
NOT_READY = counter(
    "jardem_not_ready_seconds",
    "Seconds in which the worker handled nothing, from its start or the first sign of a rebalance until it "
    "was ready; counted when it is",
)
RECOVERY_SECONDS = histogram(
    "jardem_recovery_seconds", "How long it took to bring the tables up to the ends of their changelogs"
)
RECOVERED = counter("jardem_recovered_records", "Records of changelogs that were read into the tables")
RECOVERY_LEFT = gauge(
    "jardem_recovery_left_records", "Offsets of changelogs that the recovery under way has still to read"
)

TABLE_KEYS = gauge(
    "jardem_table_keys",
    "Keys of a table in the partitions that the worker holds; RocksDB estimates them",
    {"table": _TABLES},
)
TABLE_BYTES = gauge(
    "jardem_table_bytes",
    "Bytes of a table's keys and values in those partitions; with RocksDB what it estimates that they take",
    {"table": _TABLES},
)
DEADLINES = gauge(
    "jardem_deadlines",
    "Deadlines that are waited for, terms among them, by the table that has them",
    {"table": _TABLES},
)
DEADLINES_BEHIND = gauge(
    "jardem_deadlines_behind_seconds",
    "How long ago, in real time, the earliest deadline that was not sent yet came; 0 while none is late",
    {"table": _TABLES},
)
