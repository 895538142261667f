"""How the rows are asked for: a module for each kind of question, put together in `queries.py`."""
