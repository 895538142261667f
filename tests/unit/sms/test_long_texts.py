"""Parts of long texts: in any order, repeated, by any process, never whole, and never mixed up."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from schemas.ids import Pseudonyms
from schemas.messages import MessageReceived, TextPartReceived
from schemas.stored import UnreadableValueError
from sms.sending import journal, long_texts
from sms.sending.long_texts import MISSING, PATIENCE, LongTexts

NOON = datetime(2026, 11, 24, 7, tzinfo=UTC)
LATER = NOON + timedelta(minutes=2)
TEXTS = ("маған ", "да ", "керек")


def part(number: int, text: str | None = None, count: int = 3, **more: object) -> TextPartReceived:
    given: dict[str, object] = {
        "phone": "+77015550101",
        "carrier": "altel",
        "reference": 7,
        "received_at": NOON + timedelta(seconds=number),
        **more,
    }
    whole = TEXTS[number - 1] if text is None else text
    return TextPartReceived(text=whole, count=count, number=number, **given)  # type: ignore[arg-type]


name = Pseudonyms(b"a key of tests").id


def taken(
    parts: list[TextPartReceived], texts: LongTexts | None = None
) -> tuple[LongTexts, list[MessageReceived]]:
    """What comes of parts, each stored and read again in between, as by a process of its own."""
    texts, events = texts or LongTexts(), []
    for each in parts:
        texts, ready = texts.take(each, each.received_at, name)
        events += ready
        texts = long_texts.load(long_texts.dump(texts))
    return texts, events


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_parts_in_any_order_make_one_text(order: tuple[int, ...]) -> None:
    _, [event] = taken([part(number) for number in order])
    assert (event.phone, event.text) == ("+77015550101", "маған да керек")
    assert event.received_at == NOON + timedelta(seconds=order[0])


def test_a_part_that_comes_again_changes_nothing() -> None:
    texts, events = taken([part(1), part(1), part(2), part(2), part(3)])
    assert len(events) == 1
    again, repeated = taken([part(2), part(3)], texts)
    assert repeated == [events[0], events[0]]
    assert again == texts


def test_another_text_under_the_same_reference_is_another_one() -> None:
    texts, [first] = taken([part(1), part(2), part(3)])
    _, [second] = taken([part(1, "жоқ, ", received_at=LATER), part(2, "керек "), part(3, "емес")], texts)
    assert second.text == "жоқ, керек емес"
    assert first.sid != second.sid


@pytest.mark.parametrize(
    "other", [{"phone": "+77015550102"}, {"carrier": "kcell"}, {"reference": 8}, {"count": 4}]
)
def test_parts_of_different_texts_are_never_put_together(other: dict[str, object]) -> None:
    _, events = taken([part(1), part(2), part(3, **other)])  # type: ignore[arg-type]
    assert events == []


def test_what_does_not_come_is_waited_for_so_long_and_then_left_out() -> None:
    texts, _ = taken([part(1), part(3)])
    begun = NOON + timedelta(seconds=1)
    assert texts.due(begun + PATIENCE - timedelta(seconds=1), name) == (texts, [])
    kept, [event] = texts.due(begun + PATIENCE, name)
    assert event.text == f"маған {MISSING}керек"
    assert kept == LongTexts()
    # Whoever dies before this is written hands over the same again.
    assert texts.due(begun + 2 * PATIENCE, name)[1] == [event]


def test_whole_texts_are_forgotten_in_silence() -> None:
    texts, _ = taken([part(1), part(2), part(3)])
    assert texts.due(NOON + timedelta(minutes=30), name) == (texts, [])
    assert texts.due(NOON + timedelta(hours=2), name) == (LongTexts(), [])


def test_no_more_are_kept_than_a_value_has_room_for() -> None:
    many = [part(1, str(number), reference=number) for number in range(200)]
    texts, events = taken(many)
    assert len(texts.texts) == 40
    assert [event.text for event in events] == [f"{number}{MISSING * 2}" for number in range(160)]
    longest = [
        part(number, "\x1b" * 160, count=long_texts.MOST_PARTS, reference=reference)
        for reference in range(40)
        for number in range(1, long_texts.MOST_PARTS)
    ]
    stored = long_texts.dump(taken(longest)[0])
    assert stored
    assert len(stored) < 1_000_000


def test_nothing_is_stored_of_nothing() -> None:
    assert long_texts.dump(LongTexts()) is None
    assert long_texts.load(None) == LongTexts()


def test_the_row_is_no_page_of_a_number_to_who_looks_through_the_table() -> None:
    stored = long_texts.dump(taken([part(1)])[0])
    with pytest.raises(UnreadableValueError):
        journal.load(stored)
