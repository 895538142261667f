"""From the outbox to the SMS API, each message at most once."""
