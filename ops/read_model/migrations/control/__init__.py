"""The migrations of the control database's own tables."""
