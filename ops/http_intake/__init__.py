"""An HTTP door for registries without Kafka: what comes in by it goes into the public topics."""
