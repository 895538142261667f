from faust.types import TP

from streams.lag import Standing

IN, OUT = TP("in", 0), TP("out", 1)


def test_a_partition_that_stands_is_told_of_once_when_patience_has_ended() -> None:
    standing = Standing(30)
    assert list(standing.look({IN: 5}, 0)) == []
    assert list(standing.look({IN: 5, OUT: 1}, 29)) == []
    assert list(standing.look({IN: 5, OUT: 1}, 31)) == [(IN, 5, 31)]
    assert list(standing.look({IN: 5, OUT: 1}, 60)) == [(OUT, 1, 31)]
    assert list(standing.look({IN: 5, OUT: 1}, 90)) == []


def test_a_partition_that_moves_stands_anew() -> None:
    standing = Standing(30)
    for now in range(0, 300, 20):
        assert list(standing.look({IN: now}, now)) == []
    assert list(standing.look({}, 300)) == []
    assert list(standing.look({IN: 280}, 320)) == []
    assert list(standing.look({IN: 280}, 350)) == [(IN, 280, 30)]
