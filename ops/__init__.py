"""What operators see and do: topics, local brokers, dead letters, console, demo, doctor."""
