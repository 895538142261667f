"""The conversation on one phone number, pure: the open question, those queued behind it, the statuses."""
