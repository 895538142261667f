"""Faust on our own transport: delivers batches, loses nothing."""
