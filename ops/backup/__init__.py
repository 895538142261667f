"""What the brokers hold, laid into files and brought back: topics, and how far they were read."""
