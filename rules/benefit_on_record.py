"""Ground 4 (R12): whether the State Corporation's record of the benefit stands in a case's way."""

from zoneinfo import ZoneInfo

from rules.person import Case, Person
from rules.terms import local_day
from schemas.ids import CaseId
from schemas.values import check_uuid


def refuses(person: Person, case: Case, zone: ZoneInfo) -> bool:
    """Whether the benefit is on record for another application than the case's own.

    An application that is recorded from the consent's day on, without a word of which it is, may be the
    case's own: it refuses nothing by itself. Nor does one that is known to be another case's of the person:
    that case itself stands in the way, for as long as it does (R29).
    """
    if not person.receives or is_of(person, case) or (person.benefit == "applied" and _is_own(person)):
        return False
    return not _may_be_own(person, case, zone)


def is_of(person: Person, case: Case) -> bool:
    """Whether the record names this case as what it records, which it then never refuses.

    What was stored before ids were read in one spelling may have another one.
    """
    named = person.benefit_case_id
    return named is not None and (named == case.case_id or _as_we_write_it(named) == case.case_id)


def hides_own(person: Person, case: Case, zone: ZoneInfo) -> bool:
    """Whether another application is on record, of which the case's own says nothing.

    What is recorded from the day on which the case was asked first, of no case that is named, may be its own.
    """
    asked = min((each.sent_at for each in case.questions if each.sent_at), default=case.source.time)
    as_of, unnamed = person.benefit_as_of, person.benefit_case_id is None
    if unnamed and as_of and as_of >= local_day(asked, zone):
        return False
    return person.receives and not _is_own(person)


def is_hidden_by_own(person: Person, status: str, case_id: CaseId | None) -> bool:
    """Whether a benefit is received of no case here, and what is known is of one: it says nothing of that."""
    return status in ("assigned", "paid") and _is_own(person) and case_id not in person.cases


def _is_own(person: Person) -> bool:
    return any(is_of(person, case) for case in person.cases.values())


def wants_officer(person: Person, case: Case, zone: ZoneInfo) -> bool:
    """Whether an application is on record of which only an officer can tell whether it is the case's own."""
    return person.receives and _may_be_own(person, case, zone)


def _may_be_own(person: Person, case: Case, zone: ZoneInfo) -> bool:
    if person.benefit != "applied" or person.benefit_case_id or case.consent is None:
        return False
    consented_on = local_day(case.consent.received_at, zone)
    return person.benefit_as_of is not None and person.benefit_as_of >= consented_on


def _as_we_write_it(case_id: str) -> str | None:
    try:
        return check_uuid(case_id)
    except ValueError:
        return None
