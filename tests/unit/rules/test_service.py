"""What operators say of the whole service: each act on its own, and what stood before an event."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rules import service
from rules.service import NO_ACT, OPEN, InForce, Pilot, Service, obey
from schemas.ids import PersonId
from schemas.operators import OperatorActed
from schemas.received import ReceivedEvent
from schemas.stored import dump_stored, load_stored
from schemas.values import Ground

NOON = datetime(2021, 7, 22, 6, tzinfo=UTC)
FIRST, MIDDLE, LAST = (PersonId(f"{digit}" * 64) for digit in ("0", "7", "f"))


def said(act: str, offset: int, kind: str = "offers", id_: str = "all", **details: Any) -> ReceivedEvent:
    data = OperatorActed.model_validate(
        {
            "act": act,
            "object": {"kind": kind, "id": id_},
            "details": details,
            "reason": "a pilot begins",
            "operator": "operator-3",
        }
    )
    at = NOON + timedelta(minutes=offset)
    return ReceivedEvent(
        f"h{offset}", "urn:console", f"e{offset}", at, "0" * 64, data, None, offset, appended_at=at
    )


def after(*acts: ReceivedEvent, begin: Service | None = None) -> Service:
    kept = begin or Service()
    for act in acts:
        kept = obey(kept, act).state
    return kept


def in_force(kept: Service) -> dict[str, Any]:
    """What is in force beyond what is where nobody has said anything."""
    return kept.now.model_dump(exclude_defaults=True, exclude={"revision", "at"})


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        ([], {}),
        ([said("pause", 1)], {"paused": True}),
        ([said("pause", 1), said("resume", 2)], {}),
        ([said("pause", 1, "ground", "4-2")], {"grounds": (Ground.PEOPLES_HERO,)}),
        (
            [said("pause", 1, "ground", "7"), said("pause", 2, "ground", "4-2")],
            {"grounds": (Ground.PEOPLES_HERO, Ground.DISABILITY_7)},
        ),
        # What is said of all offers says nothing of a ground, and the other way round.
        ([said("pause", 1, "ground", "7"), said("resume", 2)], {"grounds": (Ground.DISABILITY_7,)}),
        ([said("pause", 1), said("resume", 2, "ground", "7")], {"paused": True}),
        ([said("pause", 1, "ground", "7"), said("resume", 2, "ground", "7")], {}),
        ([said("pilot", 1, share=20)], {"pilot": {"share": 20}}),
        (
            [said("pilot", 1, share=0.5, persons=[LAST, FIRST, LAST])],
            {"pilot": {"share": 0.5, "persons": (FIRST, LAST)}},
        ),
        # Another pilot is in the place of the first.
        ([said("pilot", 1, share=20), said("pilot", 2, persons=[LAST])], {"pilot": {"persons": (LAST,)}}),
        ([said("pilot", 1, share=20), said("end_pilot", 2)], {}),
        ([said("shadow", 1), said("pause", 2), said("end_shadow", 3)], {"paused": True}),
    ],
)
def test_each_act_says_what_it_says_and_no_more(acts: list[ReceivedEvent], expected: object) -> None:
    assert in_force(after(*acts)) == expected


@pytest.mark.parametrize(
    "act",
    [
        said("resume", 9),
        said("resume", 9, "ground", "7"),
        said("end_pilot", 9),
        said("pause", 9),
        said("daily_sms", 9, number=100),
        said("praise", 9),
        said("pilot", 9, "ground", "7"),
    ],
)
def test_what_changes_nothing_is_no_revision_and_is_remarked(act: ReceivedEvent) -> None:
    before = after(said("pause", 1)) if act.data == said("pause", 9).data else Service()
    turned = obey(before, act)
    assert (turned.state, turned.effects, len(turned.remarks)) == (before, (), 1)


def test_an_event_is_decided_by_what_stood_before_it() -> None:
    kept = after(said("pause", 10), said("pilot", 20, share=50), said("resume", 30))
    assert kept.before(10) == OPEN
    assert OPEN.revision == NO_ACT
    paused = InForce(revision=10, at=NOON + timedelta(minutes=10), paused=True)
    assert (kept.before(11), kept.before(20)) == (paused, paused)
    assert kept.before(21).pilot == Pilot(share=50)
    assert kept.before(30).paused
    assert (kept.before(31).paused, kept.before(31).pilot) == (False, Pilot(share=50))
    assert kept.before(31) == kept.before(None) == kept.now


def test_what_no_event_can_ask_for_any_longer_is_forgotten() -> None:
    kept = after(
        said("pilot", 10, persons=[LAST]), said("end_pilot", 20), said("pause", 30), said("shadow", 40)
    )
    assert kept.settled(10) == kept.settled(20) == kept
    for committed in range(21, 60):
        left = kept.settled(committed)
        for offset in range(committed, 60):
            assert left.before(offset) == kept.before(offset)
        assert left.pilots == {}
    assert len(kept.settled(41).history) == 1
    assert kept.settled(99).now == kept.now


def test_a_pilot_is_kept_once_however_often_other_things_are_said() -> None:
    kept = after(said("pilot", 10, persons=[LAST]), said("pause", 20), said("resume", 30))
    assert list(kept.pilots) == [10]
    assert [kept.before(offset).pilot for offset in (11, 21, 31)] == [Pilot(persons=(LAST,))] * 3
    stored = dump_stored(kept, service.VERSION)
    assert stored.count(LAST.encode()) == 1
    assert load_stored(Service, stored, service.VERSION, service.UPCASTS) == kept


@pytest.mark.parametrize(
    ("pilot", "taking_part"),
    [
        (Pilot(), []),
        (Pilot(share=0.001), [FIRST]),
        (Pilot(share=46), [FIRST]),
        # 0x77777777 of 2**32 is 46.67 %.
        (Pilot(share=47), [FIRST, MIDDLE]),
        (Pilot(share=99.99), [FIRST, MIDDLE]),
        (Pilot(share=100), [FIRST, MIDDLE, LAST]),
        (Pilot(share=1, persons=(LAST,)), [FIRST, LAST]),
    ],
)
def test_a_share_is_always_of_the_same_persons_and_the_named_come_on_top(
    pilot: Pilot, taking_part: list[PersonId]
) -> None:
    assert [each for each in (FIRST, MIDDLE, LAST) if pilot.has(each)] == taking_part
