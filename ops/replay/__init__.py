"""What today's rules, or others, would make of a case that was told already; nothing is changed by it."""
