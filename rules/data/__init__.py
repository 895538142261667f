"""What the order says, as data for lawyers to read, and the one module that reads it."""
