"""What registries say of a death and of a record counts by when it happened, in whatever order it is read."""

from itertools import combinations, permutations, product

import pytest

from rules.states import State
from schemas.base import Event
from schemas.ids import case_id_of
from schemas.questions import QuestionAsked
from schemas.registry import (
    DeathAnnulled,
    DeathRegistered,
    EntitlementRestored,
    EntitlementRevoked,
)
from schemas.values import EndReason
from tests.unit.rules.case_desk import (
    CASE,
    DISABILITY,
    IIN,
    MINUTE,
    NOON,
    PERSON,
    REGISTERED,
    TITLE,
    Desk,
    only,
)

CERTIFICATE = case_id_of(PERSON, "certificate", "C")
POSTHUMOUS = TITLE.model_copy(update={"posthumous": True})
REVOKED = EntitlementRevoked(iin=IIN, record_id="A", record="title")
RESTORED = EntitlementRestored(iin=IIN, record_id="A", record="title")
DEATH = DeathRegistered(iin=IIN, died_on=NOON.date())
LIVES = DeathAnnulled(iin=IIN)
WORDS: list[Event] = [TITLE, POSTHUMOUS, REVOKED, RESTORED, DEATH, LIVES]


def after(*said: tuple[Event, int]) -> Desk:
    """Somebody with a certificate, after these words were read, each of which happened at a minute."""
    desk = Desk()
    desk.reads(REGISTERED, DISABILITY)
    desk.now += 60 * MINUTE
    for word, at in said:
        effects = desk.reads(word, at=NOON + at * MINUTE)
        if desk.person.dead:
            assert not only(effects, QuestionAsked)
    return desk


def ended(desk: Desk) -> tuple[bool, bool, bool]:
    """Whether the person is dead, whether the award stands, and whether the certificate's offer is out."""
    certificate = desk.person.cases[CERTIFICATE]
    assert (certificate.reason is EndReason.DECEASED) == desk.person.dead
    return desk.person.dead, desk.person.revoked("award", "A"), certificate.state is not State.ENDED


@pytest.mark.parametrize(("many", "ties"), [(2, True), (3, True), (4, False)])
def test_what_was_said_counts_by_when_it_happened(many: int, *, ties: bool) -> None:
    """Of which each word is said once: of two publications the first that is read says what the record is."""
    minutes = range(1, many + 1)
    for words in combinations(WORDS, many):
        if TITLE in words and POSTHUMOUS in words:
            continue
        for times in product(minutes, repeat=many) if ties else permutations(minutes):
            timed = list(zip(words, times, strict=True))
            in_order = ended(after(*sorted(timed, key=lambda each: each[1])))
            for read in permutations(timed):
                assert ended(after(*read)) == in_order, [
                    (type(word).__name__, minute) for word, minute in read
                ]


def test_an_award_that_stands_revoked_says_nothing_of_a_death() -> None:
    assert ended(after((REVOKED, 3), (POSTHUMOUS, 2))) == (False, True, True)
    assert ended(after((POSTHUMOUS, 2), (REVOKED, 3), (POSTHUMOUS, 2))) == (False, True, True)


def test_a_posthumous_award_that_is_restored_says_it_again() -> None:
    desk = after((POSTHUMOUS, 2), (REVOKED, 3), (RESTORED, 4))
    assert ended(desk) == (True, False, False)
    assert desk.person.cases[CASE].reason is EndReason.DECEASED


def test_an_award_that_is_published_again_without_it_says_it_no_more() -> None:
    desk = after((POSTHUMOUS, 2), (REVOKED, 3), (TITLE, 4))
    assert ended(desk) == (False, False, True)


def test_an_older_annulment_takes_no_newer_death_back() -> None:
    assert ended(after((DEATH, 2), (DEATH, 4), (LIVES, 3))) == (True, False, False)
    assert ended(after((DEATH, 2), (POSTHUMOUS, 4), (LIVES, 3))) == (True, False, False)
    assert ended(after((POSTHUMOUS, 4), (POSTHUMOUS, 1), (LIVES, 3))) == (True, False, False)


def test_an_older_revocation_takes_no_newer_publication_back() -> None:
    desk = after((TITLE, 1), (TITLE, 3), (REVOKED, 2))
    assert not desk.person.revoked("award", "A")
    assert desk.person.cases[CASE].reason is not EndReason.REVOKED
