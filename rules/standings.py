"""Which records stand, and which are revoked: what registries say of an award or a certificate afterwards.

Of a revocation and a restoration of the same record the one with the later time (`ce_time`) holds, in
whatever order they are read; of two with the same time the restoration does. A record that was published
later than it was revoked stands, too. What is said without a word of
which record is meant is said of the only one of the person's that bears the id, or of the first that will.
"""

from collections.abc import Sequence
from typing import Literal

from rules.person import Case, Standing
from rules.turn import Turn
from schemas.registry import EntitlementRestored, EntitlementRevoked
from schemas.turned import RefusedEventError
from schemas.values import EndReason

_Record = Literal["award", "certificate"]
_RECORDS: dict[str | None, _Record] = {"title": "award", "disability": "certificate"}


class AmbiguousRecordError(RefusedEventError):
    """An id that an award and a certificate of the person both bear, without a word which is meant."""


def revoked_cases(turn: Turn, fact: EntitlementRevoked) -> list[Case]:
    """Note the revocation, and return the cases whose right is gone with it.

    Raises `AmbiguousRecordError` and changes nothing where it can't be told which record is meant.
    """
    concerned = _concerned(turn, fact)
    known, at = _standing(turn, fact, concerned), turn.cause.time
    _keep(turn, known.with_(revoked_at=max(known.revoked_at or at, at)))
    return [case for case in concerned if turn.person.revoked(case.record, case.record_id)]


def restored_cases(turn: Turn, fact: EntitlementRestored) -> list[Case]:
    """Note the restoration, and return the cases whose right stands again.

    Raises `AmbiguousRecordError` and changes nothing where it can't be told which record is meant.
    """
    concerned = _concerned(turn, fact)
    revoked = [
        case
        for case in concerned
        if case.reason is EndReason.REVOKED or turn.person.revoked(case.record, case.record_id)
    ]
    _restore(turn, _standing(turn, fact, concerned))
    return [case for case in revoked if not turn.person.revoked(case.record, case.record_id)]


def _concerned(turn: Turn, fact: EntitlementRevoked | EntitlementRestored) -> list[Case]:
    said = Standing(record_id=fact.record_id, record=_RECORDS.get(fact.record))
    concerned = [case for case in turn.person.cases.values() if said.concerns(case.record, case.record_id)]
    if len({case.record for case in concerned}) > 1:
        raise AmbiguousRecordError("record: an award and a certificate bear this id; say which is meant")
    return concerned


def _standing(
    turn: Turn, fact: EntitlementRevoked | EntitlementRestored, concerned: Sequence[Case]
) -> Standing:
    """What is known of the record that the registry means, as far as that can be told yet."""
    record = _RECORDS.get(fact.record) or next((_record(case.record) for case in concerned), None)
    return _known(turn, Standing(record_id=fact.record_id, record=record))


def settle(turn: Turn, record: str, record_id: str) -> None:
    """Say of which record it was said that an id was revoked or restored, now that one bears it.

    Another that bears the same id later has nothing to do with it.
    """
    bearers = {case.record for case in turn.person.cases.values() if case.record_id == record_id} or {record}
    standings = turn.person.standings
    unsettled = [known for known in standings if known.record_id == record_id and known.record is None]
    if len(bearers) > 1 or not unsettled:
        return
    said = [*unsettled, _known(turn, Standing(record_id=record_id, record=_record(bearers.pop())))]
    turn.know(standings=tuple(known for known in standings if known not in unsettled))
    _keep(
        turn,
        said[-1].with_(
            revoked_at=max((each.revoked_at for each in said if each.revoked_at), default=None),
            restored_at=max((each.restored_at for each in said if each.restored_at), default=None),
        ),
    )


def _record(name: str) -> _Record:
    return "award" if name == "award" else "certificate"


def _known(turn: Turn, said: Standing) -> Standing:
    return next((known for known in turn.person.standings if known.same_record(said)), said)


def _restore(turn: Turn, known: Standing) -> None:
    at = turn.cause.time
    _keep(turn, known.with_(restored_at=max(known.restored_at or at, at)))


def _keep(turn: Turn, standing: Standing) -> None:
    others = [known for known in turn.person.standings if not known.same_record(standing)]
    turn.know(standings=(*others, standing))
