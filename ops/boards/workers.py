"""The board *Kafka and workers*: whether the processes run, and keep up."""

from ops.boards.board import Board, Row, many, one, quantiles

_JOBS = 'job=~"jardem-.+"'

BOARD = Board(
    "jardem-workers",
    "jardem: Kafka and workers",
    "Whether the processes run and keep up with their topics: lag, rebalances, recovery, tables, memory.",
    (
        Row(
            "Now",
            (
                one("Processes up", "Processes that answer Prometheus.", "short", f"sum(up{{{_JOBS}}})"),
                one("Workers ready", "Workers that handle events.", "short", "sum(jardem_ready)"),
                one("Records that wait", "Of all topics.", "short", "sum(jardem_lag_records)", red_from=1000),
                one(
                    "Held back",
                    "Records behind a transaction that nobody has ended.",
                    "short",
                    "sum(jardem_held_back_records)",
                    red_from=1,
                ),
                one(
                    "Store of keys away",
                    "Workers that wait for the keys of persons: nothing is read or sent meanwhile.",
                    "short",
                    "sum(jardem_key_store_away)",
                    red_from=1,
                ),
                one(
                    "Deleted unread in a day",
                    "Records that were deleted before they were read.",
                    "short",
                    "sum(increase(jardem_records_deleted_unread_total[1d]))",
                    red_from=1,
                ),
                one(
                    "Not unpacked in a day",
                    "Records, or batches of them, that are damaged or packed in an unknown way.",
                    "short",
                    "sum(increase(jardem_not_unpacked_total[1d]))",
                    red_from=1,
                ),
            ),
        ),
        Row(
            "Topics",
            (
                many(
                    "Handled",
                    "Records handled a second, by topic.",
                    "ops",
                    "sum by (topic) (rate(jardem_records_handled_total[$__rate_interval]))",
                    "{{topic}}",
                ),
                many(
                    "Records that wait",
                    "Records that are not handled yet, by topic.",
                    "short",
                    "sum by (topic) (jardem_lag_records)",
                    "{{topic}}",
                ),
                many(
                    "Partitions of each worker",
                    "How many partitions of topics each worker holds.",
                    "short",
                    "count by (instance) (jardem_lag_records)",
                    "{{instance}}",
                ),
            ),
        ),
        Row(
            "Rebalances and recovery",
            (
                many(
                    "Rebalances",
                    "How often in an hour each worker's group began to assign partitions anew.",
                    "short",
                    "increase(jardem_rebalances_total[1h])",
                    "{{instance}}",
                ),
                many(
                    "Not ready",
                    "Seconds in an hour in which each worker handled nothing; counted once it is ready.",
                    "s",
                    "increase(jardem_not_ready_seconds_total[1h])",
                    "{{instance}}",
                ),
                quantiles(
                    "Recovery",
                    "How long it took to bring the tables up to the ends of their changelogs.",
                    "jardem_recovery_seconds",
                ),
                many(
                    "Left to recover",
                    "Offsets of changelogs that recoveries under way have still to read.",
                    "short",
                    "jardem_recovery_left_records",
                    "{{instance}}",
                ),
                many(
                    "Recovered",
                    "Records of changelogs read into the tables, a second.",
                    "ops",
                    "sum by (instance) (rate(jardem_recovered_records_total[$__rate_interval]))",
                    "{{instance}}",
                ),
                many(
                    "Deadlines",
                    "Instants that are waited for, by table.",
                    "short",
                    "sum by (table) (jardem_deadlines)",
                    "{{table}}",
                ),
            ),
        ),
        Row(
            "Tables and processes",
            (
                many(
                    "Keys",
                    "Keys of each table, over all workers.",
                    "short",
                    "sum by (table) (jardem_table_keys)",
                    "{{table}}",
                ),
                many(
                    "Size",
                    "Bytes of each table, over all workers.",
                    "bytes",
                    "sum by (table) (jardem_table_bytes)",
                    "{{table}}",
                ),
                many(
                    "Memory",
                    "Resident memory of each process.",
                    "bytes",
                    f"process_resident_memory_bytes{{{_JOBS}}}",
                    "{{job}} {{instance}}",
                ),
                many(
                    "Processor",
                    "Processors that each process uses.",
                    "short",
                    f"rate(process_cpu_seconds_total{{{_JOBS}}}[$__rate_interval])",
                    "{{job}} {{instance}}",
                ),
                many(
                    "Open files",
                    "Files and connections that each process has open.",
                    "short",
                    f"process_open_fds{{{_JOBS}}}",
                    "{{job}} {{instance}}",
                ),
                many(
                    "Dead letters",
                    "Records in an hour that became dead letters, by the kind of the reason.",
                    "short",
                    "sum by (reason) (increase(jardem_dead_letters_total[1h]))",
                    "{{reason}}",
                ),
            ),
        ),
    ),
)
