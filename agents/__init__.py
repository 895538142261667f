"""Who acts: one file per agent, thin shells around the pure cores."""
