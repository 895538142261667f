import pytest

from streams.transport.beginnings import Beginning, Committed, Why, beginning, moved


@pytest.mark.parametrize(
    ("committed", "begin", "topic_id", "expected"),
    [
        (Committed(7, "a"), 0, "a", Beginning(7)),
        (Committed(7, "a"), 7, "a", Beginning(7)),
        (Committed(7, "a"), 12, "a", Beginning(12, Why.DELETED, 5)),
        (Committed(7, "a"), 3, "b", Beginning(3, Why.NEW_TOPIC)),
        (Committed(7, "a"), 12, "b", Beginning(12, Why.NEW_TOPIC)),
        (Committed(7, ""), 0, "b", Beginning(7)),
        (Committed(7, "a"), 0, "", Beginning(7)),
        (None, 0, "a", Beginning(0)),
        (None, 9, "a", Beginning(9, Why.NEVER_COMMITTED, 9)),
    ],
)
def test_a_partition_is_read_from_where_it_was_unless_that_has_gone_or_changed(
    committed: Committed | None, begin: int, topic_id: str, expected: Beginning
) -> None:
    assert beginning(committed, begin, topic_id) == expected


def test_a_broker_that_moves_the_reading_on_has_deleted_and_back_has_lost() -> None:
    assert moved(5, 9) == Beginning(9, Why.DELETED, 4)
    assert moved(9, 0) == Beginning(0, Why.SHORTER_LOG)
    assert moved(9, 9) == Beginning(9)


def test_only_what_was_committed_before_counts_as_unread_for_certain() -> None:
    assert [why for why in Why if why.certain] == [Why.DELETED]
