"""The operators' web page and its read API."""
