"""Our signing keys: made, rotated, listed, authorised, exported."""
