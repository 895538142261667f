"""Dead letters: looking at them, sending them back, and laying them aside."""
