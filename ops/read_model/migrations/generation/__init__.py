"""The migrations of a generation's tables."""
