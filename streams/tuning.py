"""How the streams run, apart from where: numbers that tests change and an operator rarely does."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Tuning:
    """The numbers of one worker. The defaults are for production."""

    app_id: str = "jardem"
    """The consumer group, and the first part of the changelogs' names."""
    max_poll_records: int = 500
    """At most so many records of all partitions in one poll, so a batch has no more either."""
    fetch_wait: float = 0.5
    """Seconds for which a broker may hold a request for records that has found none yet.

    What comes meanwhile is answered at once. It is not held so long while it does not name every partition.
    """
    max_fold_seconds: float = 1.0
    """A desk that has folded for so long writes and acknowledges what it has, and goes on with the rest
    after.
    """
    most_elapsed: int = 128
    """How many elapsed deadlines of a desk may be in its inbox and not handled yet, so that an answer that
    comes when very many elapse at once is not read behind all of them.
    """
    most_behind: int = 128
    """How many records may wait for the desk that the elapsed deadlines of another one lead to, before those
    are held back.
    """
    recent_keys: int = 10_000
    """How many of the aggregates last written a desk keeps taken apart, to save reading them again."""
    revoke_wait: float = 5.0
    """Seconds that a batch in flight may go on when its partition is revoked or the worker stops."""
    stop_seconds: float = 10.0
    """Seconds for the whole orderly stop."""
    session_timeout: float = 30.0
    """Seconds without a heartbeat after which the broker gives a worker's partitions away."""
    heartbeat_interval: float = 3.0
    """Seconds between heartbeats."""
    commit_interval: float = 1.0
    """Seconds between commits of acknowledged batches."""
    send_timeout: float = 60.0
    """Seconds after which a record that the broker has not taken is lost, and the process ends."""
    changelog_check: float = 10.0
    """Seconds between looks at whether another worker has written to a changelog of this one's."""
    metadata_age: float = 10.0
    """Seconds after which the brokers are asked again which partitions there are: new ones are to be read."""
    lag_check: float = 5.0
    """Seconds between looks at how far the logs go, and whether a topic was made anew."""
    standing_after: float = 30.0
    """Seconds after which a partition that a transaction holds back, or that stands still, is told of."""
    linger: float = 0.0
    """Seconds for which the producer waits for more records to send together; batches are sent together
    anyway.
    """
    max_record_bytes: int = 1_000_000
    """Records are sent together up to this size, which must be less than the topics' `max.message.bytes`.

    An event with an effect of more than half of it is dead-lettered.
    """
    keep_handled: timedelta = timedelta(hours=24)
    """How long an aggregate remembers the ids it has handled, by the records' timestamps."""
    most_handled: int = 256
    """An aggregate with more ids than this forgets the oldest early, so that a flood cannot make it grow."""
    heavy_effects: int = 6_000
    """Bytes of remembered effects from which on a value is written once more when they are committed."""
