"""The plots of the first page."""

import re

import pytest

from ops.console import plots


@pytest.mark.parametrize(
    ("top", "ticks"),
    [
        (0, ["0", "1"]),
        (1, ["0", "1"]),
        (4, ["0", "1", "2", "3", "4"]),
        (7, ["0", "2", "4", "6", "8"]),
        (17, ["0", "5", "10", "15", "20"]),
    ],
)
def test_what_is_counted_is_measured_in_whole_numbers(top: int, ticks: list[str]) -> None:
    drawn = plots.lines(["1 Dec", "2 Dec"], [("Granted", [0, top])], lambda value: f"{value:g}")
    axis = drawn.partition('class="axis y')[2]
    assert re.findall(r"<text[^>]*>([^<]*)</text>", axis)[: len(ticks)] == ticks
