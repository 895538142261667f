"""The migrations of the read model's databases, a folder for each chain."""
