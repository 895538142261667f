"""Which local broker to run."""

from pathlib import Path

from ops.brokers.broker import Broker, BrokerError
from ops.brokers.embedded import WARNING, EmbeddedBroker, program
from ops.brokers.kafka import KafkaBroker
from ops.brokers.kafka_files import obstacles

KINDS = ("kafka", "embedded")


def choose(kind: str | None, folder: Path, *, port: int = 0) -> tuple[Broker, str | None]:
    """A broker, not started yet, with its data below `folder`, and what its user should know of it.

    Without a `kind` it is Apache Kafka, or the embedded broker where Java or Maven is missing.
    Raises `BrokerError`.
    """
    if kind is not None and kind not in KINDS:
        raise BrokerError(f"there is no broker of the kind {kind!r}; there are: {', '.join(KINDS)}")
    missing = [] if kind == "embedded" else obstacles()
    if kind == "kafka" and missing:
        raise BrokerError(
            f"Apache Kafka cannot run here: {'; '.join(missing)}. Install it, or use `--kind embedded`."
        )
    if kind == "kafka" or (kind is None and not missing):
        return KafkaBroker(folder / "kafka", port=port), None
    if kind is None and program() is None:
        raise BrokerError(
            f"Apache Kafka cannot run here: {'; '.join(missing)}; nor is the embedded broker installed "
            "(pip install 'jardem[embedded]'). Install either, or set JARDEM_KAFKA to a broker of yours."
        )
    why = f"{'; '.join(missing)}, so " if missing else ""
    return EmbeddedBroker(folder / "embedded", port=port), why + WARNING
