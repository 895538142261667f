"""The term of the service (R13): 8 working days from the consent, and how far an officer may extend it.

An overdue term decides nothing; operators see it.
"""

from datetime import date, datetime, timedelta

from rules.person import Case
from rules.policy import Extension, Policy
from rules.terms import at_local, local_day, working_day_after

_DAYS = 8
_LONGEST = {Extension.IN_ALL: 30, Extension.BEYOND: 38}
_NOTICE = 5


def decision_due(case: Case, policy: Policy) -> date | None:
    """The local day by whose end the case has to be decided; None where no consent stands."""
    if case.extended_until:
        return case.extended_until
    day = application_date(case, policy)
    return None if day is None else working_day_after(day, _DAYS, policy.service_calendar)


def over_at(case: Case, policy: Policy) -> datetime | None:
    """The instant at which the term of the service is over."""
    due = decision_due(case, policy)
    return None if due is None else at_local(due + timedelta(days=1), zone=policy.zone)


def latest(case: Case, policy: Policy) -> date | None:
    """The last day to which the term can be extended."""
    day = application_date(case, policy)
    count = _LONGEST[policy.extension]
    return None if day is None else working_day_after(day, count, policy.service_calendar)


def told_in_time(case: Case, extended_at: datetime, policy: Policy) -> bool:
    """Whether an extension at this instant is within the 5 working days in which the person is to be told."""
    day = application_date(case, policy)
    if day is None:
        return True
    return local_day(extended_at, policy.zone) <= working_day_after(day, _NOTICE, policy.service_calendar)


def application_date(case: Case, policy: Policy) -> date | None:
    """The local day on which the consent was received (R5)."""
    return local_day(case.consent.received_at, policy.zone) if case.consent else None
