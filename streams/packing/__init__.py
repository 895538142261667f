"""How what is kept of persons becomes bytes in a table, and is read again."""
