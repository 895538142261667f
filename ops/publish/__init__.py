"""The reference publisher for registries."""
