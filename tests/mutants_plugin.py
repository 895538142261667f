"""Lets mutmut 3.7 run on the newest pytest: it asks tests for a name that pytest calls otherwise now."""

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    if not hasattr(item, "_nodeid"):
        type(item)._nodeid = property(lambda self: self.nodeid)  # type: ignore[attr-defined]
