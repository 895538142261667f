"""Our transport: Faust's, with its causes of loss mended, delivering batches.

Each mend is one method, with its reason in the docstring; `docs/upstream/` has a note ready to send for each.

| mend | where |
|---|---|
| M1 a copy of the active partitions | `streams.consumer.Consumer._getmany` |
| M2 no commit over a hole | `streams.consumer.Consumer.committable` |
| M3 commit before forgetting | `streams.consumer.Consumer.on_partitions_revoked` |
| M4 seek, then resume; M5 raise | `streams.recovery.Recovery.on_recovery_completed` |
| M6 wait for every write | `streams.producer.ProducerBuffer.flush`, `Producer._settings_extra` |
| M7 a lost send ends the process | `streams.producer.Producer.on_lost` |
| M8 a fetch belongs to one assignment | `streams.consumer_thread.ConsumerThread.seek_all` |
| M9 no request for records is held long | `streams.consumer_thread.ConsumerThread._create_worker_consumer` |
| M10 a stop leaves the group in any case | `streams.app.StreamApp._on_rebalance_when_stopped` |
| M11 what is not committed is not read | `streams.consumer_thread.ConsumerThread._create_worker_consumer` |
| M12 no record can end the fetching | `streams.fetching.Fetching`, `streams.unpacking.Unpacking` |

All of it is written against exactly the versions that pyproject.toml pins;
`tests/unit/streams/test_pinned_versions.py` says what to look at when they change.
"""

from faust.transport.drivers import aiokafka as driver

from streams.consumer import Consumer
from streams.producer import Producer


class Transport(driver.Transport):
    """Faust's aiokafka transport with our consumer and producer."""

    Consumer = Consumer
    Producer = Producer
