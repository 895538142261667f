"""All settings of all processes, and what they need of each other."""
