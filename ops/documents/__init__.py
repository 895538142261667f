"""The printed form of documents."""
