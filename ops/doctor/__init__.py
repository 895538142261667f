"""What is missing or wrong with an installation, a line each."""
