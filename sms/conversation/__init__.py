"""The conversation on one phone number, pure."""
