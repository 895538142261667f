"""What people write, read: answers and accounts."""
