"""What each record of the topics that are followed changes in the tables: pure, a module for each source."""
