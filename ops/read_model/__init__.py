"""What operators look things up in: rows made of the public topics, and how they are asked for."""
