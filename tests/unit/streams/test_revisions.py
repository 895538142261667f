"""Who is told of a newer shared state: those who wait for it, some at a time, and once."""

from datetime import UTC, datetime

from schemas.deadlines import Deadline
from streams.revisions import RESEND_SECONDS, Revisions

AT = datetime(2026, 1, 1, tzinfo=UTC)
NOW = AT.timestamp()
MOST_AT_ONCE = 100
MANY = 2 * MOST_AT_ONCE + 5


def revision(version: int) -> Deadline:
    return Deadline(AT, "service", version)


def told(revisions: Revisions, now: float = NOW) -> set[tuple[bytes, int]]:
    found = revisions.due(now, MOST_AT_ONCE)
    assert len({key for key, _ in found}) == len(found)
    return {(key, each.version) for key, each in found}


def test_nobody_is_told_before_anything_is_new() -> None:
    revisions = Revisions()
    revisions.await_newer(b"a", -1)
    assert told(revisions) == set()
    revisions.revised(None)
    assert (told(revisions), revisions.pending) == (set(), False)


def test_those_who_wait_are_told_once_and_those_who_have_seen_it_are_not() -> None:
    revisions = Revisions()
    revisions.await_newer(b"behind", 3)
    revisions.await_newer(b"seen", 7)
    revisions.await_newer(b"waits no longer", 3)
    revisions.await_newer(b"waits no longer", None)
    revisions.await_newer(b"never waited", None)
    revisions.revised(revision(7))
    assert revisions.pending
    assert told(revisions) == {(b"behind", 7)}
    assert (told(revisions), revisions.pending) == (set(), False)
    # The same state of the key, armed once more, and the same revision again.
    revisions.await_newer(b"behind", 3)
    revisions.revised(revision(7))
    assert told(revisions) == set()


def test_after_a_recovery_it_does_not_matter_what_is_known_first() -> None:
    revisions = Revisions()
    revisions.revised(revision(7))
    revisions.await_newer(b"behind", 3)
    revisions.await_newer(b"seen", 7)
    assert told(revisions) == {(b"behind", 7)}


def test_who_has_seen_it_before_being_told_is_not_told() -> None:
    revisions = Revisions()
    revisions.await_newer(b"a", 3)
    revisions.await_newer(b"b", 3)
    revisions.revised(revision(7))
    revisions.await_newer(b"a", 7)
    assert told(revisions) == {(b"b", 7)}


def test_many_are_told_some_at_a_time_and_all_in_the_end() -> None:
    revisions = Revisions()
    for number in range(MANY):
        revisions.await_newer(b"%d" % number, 3)
    revisions.revised(revision(7))
    found = [told(revisions) for _ in range(3)]
    assert [len(each) for each in found] == [MOST_AT_ONCE, MOST_AT_ONCE, 5]
    assert len(set.union(*found)) == MANY
    assert not revisions.pending


def test_a_newer_revision_is_told_to_those_too_who_were_told_of_the_one_before() -> None:
    revisions = Revisions()
    revisions.await_newer(b"told", 3)
    revisions.await_newer(b"still to be told", 3)
    revisions.revised(revision(7))
    revisions.due(NOW, MOST_AT_ONCE)
    revisions.await_newer(b"told", 7)
    revisions.revised(revision(9))
    assert told(revisions) == {(b"told", 9), (b"still to be told", 9)}


def test_who_still_waits_long_after_is_told_once_more() -> None:
    revisions = Revisions()
    revisions.await_newer(b"lost", 3)
    revisions.await_newer(b"arrived", 3)
    revisions.revised(revision(7))
    revisions.due(NOW, MOST_AT_ONCE)
    revisions.await_newer(b"arrived", None)
    assert told(revisions, NOW + RESEND_SECONDS - 1) == set()
    assert told(revisions, NOW + RESEND_SECONDS) == {(b"lost", 7)}
    revisions.revised(revision(9))
    assert told(revisions, NOW + 2 * RESEND_SECONDS) == {(b"lost", 9)}
