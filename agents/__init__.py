"""Who acts: thin shells that read events, call a pure core, and send the effects."""
