"""Which topics are followed, and what of each of their records changes."""

from collections.abc import Callable, Mapping, Sequence

from ops.read_model.changes import Change
from ops.read_model.projections import case_log, console, officers, outcomes, registries, sms
from ops.read_model.projections.reading import Changes, Means, Told, UnreadError, read
from schemas.audit import ConsoleAudited
from schemas.cabinet import CabinetNotified
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.operators import OperatorActed
from schemas.outcomes import (
    BenefitDecided,
    CaseAdvanced,
    DecisionDrafted,
    DecisionQuestioned,
    DraftVoided,
    ProcessEnded,
)
from schemas.registry import (
    DayTotalled,
    DeathAnnulled,
    DeathRegistered,
    DisabilityEstablished,
    EntitlementRestored,
    EntitlementRevoked,
    TitleAwarded,
)
from schemas.statecorp import BenefitRecorded
from streams.dead_letters import DEAD_LETTERS
from streams.records import NotUnpacked, Record
from streams.topics import COMPACTED_IN, SMS_INBOX, SMS_OUTBOX

_EVENTS: Mapping[str, Callable[[Told, Means], Changes]] = {
    CaseAdvanced.name: case_log.advanced,
    BenefitDecided.name: outcomes.decided,
    DecisionDrafted.name: outcomes.drafted,
    DraftVoided.name: outcomes.draft_voided,
    ProcessEnded.name: outcomes.ended,
    DecisionQuestioned.name: outcomes.decision_questioned,
    CabinetNotified.name: outcomes.notified,
    OperatorActed.name: console.acted,
    ConsoleAudited.name: console.audited,
    TitleAwarded.name: registries.title_awarded,
    DisabilityEstablished.name: registries.disability_established,
    EntitlementRevoked.name: registries.any_other,
    EntitlementRestored.name: registries.any_other,
    DeathRegistered.name: registries.any_other,
    DeathAnnulled.name: registries.any_other,
    DayTotalled.name: registries.day_totalled,
    BenefitRecorded.name: registries.benefit_recorded,
    HearingRecorded.name: officers.hearing_recorded,
    TermExtended.name: officers.term_extended,
    DecisionSigned.name: officers.decision_signed,
    SMS_INBOX: sms.heard,
    SMS_OUTBOX: sms.handed_over,
}

FOLLOWED = (*_EVENTS, DEAD_LETTERS)
"""The topics that are followed. Those that hold a fact about everybody in the country are not."""

_MIXED = {SMS_INBOX, SMS_OUTBOX}
"""Topics whose records are events of other names than their own."""


def project(item: Record | NotUnpacked, means: Means) -> Sequence[Change]:
    """What a record changes. Raises `UnreadError`, which repeats nothing of it, where it can't be read."""
    if item.topic == DEAD_LETTERS:
        return list(console.dead_letter(item, means))
    if isinstance(item, NotUnpacked):
        raise UnreadError(item.reason)
    if item.value is None and item.topic in COMPACTED_IN:
        return ()
    told = read(item)
    if item.topic not in _MIXED and told.event.name != item.topic:
        raise UnreadError("the type of the event is not that of its topic")
    return list(_EVENTS[item.topic](told, means))
