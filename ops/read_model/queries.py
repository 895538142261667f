"""What is asked of the read model, in one place: pages, the read API and the terminal ask nothing else."""

from ops.read_model.asking.case import AskingCase
from ops.read_model.asking.freshness import AskingFreshness
from ops.read_model.asking.operations import AskingOperations
from ops.read_model.asking.overview import AskingOverview
from ops.read_model.asking.paging import BadCursorError
from ops.read_model.asking.totals import AskingTotals

__all__ = ["BadCursorError", "Queries"]


class Queries(AskingFreshness, AskingOverview, AskingCase, AskingOperations, AskingTotals):
    """Every question of the console's contract. All is masked unless it is asked for unmasked.

    Each raises `DatabaseError` (`ops/read_model/database.py`) where the database is away, and lists raise
    `BadCursorError` for a place that none of their pages has given.
    """
