"""Our transport: Faust's, with its causes of loss mended, delivering batches.

Each mend is one function, with its reason in the docstring; `docs/upstream/` has a note to send for each.

| mend | where |
|---|---|
| M1 no set of active partitions | `streams.transport.consumer.Consumer._drain_messages` |
| M2 no commit over a hole | `streams.transport.consumer.Consumer.committable` |
| M3 commit before forgetting | `streams.transport.consumer.Consumer.on_partitions_revoked` |
| M4 seek, then resume; M5 raise | `streams.transport.recovery.Recovery.on_recovery_completed` |
| M6 wait for every write | `streams.transport.producer.ProducerBuffer.flush`, `Producer._settings_extra` |
| M7 a lost send ends the process | `streams.transport.submission.end_at_lost_send` |
| M8 a fetch belongs to one assignment | `streams.transport.source_reader`, `ConsumerThread.seek_all` |
| M9 none is held while a partition waits | `streams.transport.source_reader.SourceReader._actions_per_node` |
| M10 a stop leaves the group in any case | `streams.transport.host.Host._on_rebalance_when_stopped` |
| M11 what is not committed is not read | `streams.transport.consumer_thread.ConsumerThread` |
| M12 no record can end the fetching | `streams.transport.fetching`, `streams.transport.unpacking` |
| M13 fewer partitions end no worker | `streams.transport.assignor.Assignor` |

All of it is written against exactly the versions that pyproject.toml pins;
`tests/unit/streams/test_pinned_versions.py` says what to look at when they change.
"""

from faust.transport.drivers import aiokafka as driver

from streams.transport.consumer import Consumer
from streams.transport.producer import Producer


class Transport(driver.Transport):
    """Faust's aiokafka transport with our consumer and producer."""

    Consumer = Consumer
    Producer = Producer
