from datetime import UTC, datetime, time

import pytest

from sms.conversation.hours import SendingHours

HOURS = SendingHours(time(9), time(21))


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2021-07-15T02:59:59.999", "2021-07-15T03:00:00"),
        ("2021-07-15T03:00:00", "2021-07-15T03:00:00"),
        ("2021-07-15T14:59:59.999", "2021-07-15T14:59:59.999"),
        ("2021-07-15T15:00:00", "2021-07-16T03:00:00"),
        ("2021-07-15T18:30:00", "2021-07-16T03:00:00"),
        # The night in which the clocks went back: nine o'clock comes an hour later.
        ("2024-02-29T15:00:00", "2024-03-01T04:00:00"),
        ("2024-03-01T15:59:00", "2024-03-01T15:59:00"),
        ("2024-03-01T16:00:00", "2024-03-02T04:00:00"),
    ],
)
def test_messages_go_out_from_nine_to_just_before_nine_in_almaty(now: str, opening: str) -> None:
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = HOURS.next_opening(instant)
    assert found == datetime.fromisoformat(opening).replace(tzinfo=UTC)
    assert found.tzinfo is UTC
