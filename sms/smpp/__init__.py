"""SMPP 3.4, which the operators of Kazakhstan speak: its carrier, its messages, its codes."""
