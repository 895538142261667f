"""Documents that are drawn from the code: the lifecycle, and the schemas of the public events."""
