"""What is done about one person at once: their erasure."""
