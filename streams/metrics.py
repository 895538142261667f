"""What a worker counts of the streams; served at `/metrics`. Partitions are those that it holds now."""

from prometheus_client import Counter, Gauge

LAG = Gauge(
    "jardem_lag_records",
    "Records of a partition that stand in the log and are not handled yet, held back ones too",
    ["topic", "partition"],
)
HELD_BACK = Gauge(
    "jardem_held_back_records",
    "Records of a partition that nobody may read before a transaction ends",
    ["topic", "partition"],
)
DELETED_UNREAD = Counter(
    "jardem_records_deleted_unread", "Records that were deleted from the log before they were read", ["topic"]
)
NOT_UNPACKED = Counter(
    "jardem_not_unpacked",
    "Records, or whole batches of them, that could not be unpacked and are dead letters",
    ["topic"],
)
