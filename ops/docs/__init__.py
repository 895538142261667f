"""Documents that are drawn from the code: the lifecycle, the settings, the schemas of public events."""
