"""What registries told and totalled, and what the State Corporation has on record."""

from ops.read_model.changes import Latest
from ops.read_model.changes import Told as Once
from ops.read_model.projections.outcomes import subject
from ops.read_model.projections.reading import Changes, Means, Told, UnreadError, is_uuid
from ops.read_model.tables import entitlements, recorded, totals
from schemas.registry import DayTotalled, DisabilityEstablished, TitleAwarded, case_id_of_right
from schemas.statecorp import BenefitRecorded


def title_awarded(told: Told, means: Means) -> Changes:
    """A title was awarded: the case that follows has an id made of it."""
    yield from _entitled(told, means, TitleAwarded)


def disability_established(told: Told, means: Means) -> Changes:
    """A disability was established; so is the case's id."""
    yield from _entitled(told, means, DisabilityEstablished)


def _entitled(told: Told, means: Means, model: type[TitleAwarded | DisabilityEstablished]) -> Changes:
    try:
        data = told.data(model)
    except UnreadError:
        # It arrived, as its registry counts, and is a dead letter.
        yield arrived(told, means)
        return
    case_id = case_id_of_right(means.pseudonyms.person(data.iin), data)
    yield arrived(told, means, case_id)
    yield subject(means, case_id, 0, data.iin)


def arrived(told: Told, means: Means, case_id: str | None = None) -> Once:
    """That an event of a registry arrived, whatever it says."""
    event, day = told.event, told.event.time.date()
    iin = told.content.get("iin")
    source = means.nameless(event.source)
    event_id = means.nameless(event.id, iin if isinstance(iin, str) else "")
    place = f"{told.record.topic}|{source}|{day.isoformat()}|{event_id}"
    clear = None if event_id == event.id else means.seal(entitlements, "clear_id", place, event.id)
    return Once(
        entitlements,
        {
            "topic": told.record.topic,
            "source": source,
            "day": day,
            "event_id": event_id,
            "clear_id": clear,
            "case_id": case_id,
            "at": event.time,
            "whose": None if clear is None else means.whose(told.content),
        },
    )


def any_other(told: Told, means: Means) -> Changes:
    """A revocation, a death, or their undoing: that it arrived."""
    yield arrived(told, means)


def day_totalled(told: Told, means: Means) -> Changes:
    """What a registry says that it sent in a day; what it said last stands."""
    total = told.data(DayTotalled)
    row = {
        "topic": total.topic,
        "source": means.nameless(total.source),
        "day": total.day,
        "number": total.count,
        "digest": total.digest,
        "told_at": told.event.time,
    }
    yield Latest(totals, row, by="told_at")


def benefit_recorded(told: Told, means: Means) -> Changes:
    """The State Corporation's record of a person; what it said last stands."""
    record = told.data(BenefitRecorded)
    row = {
        "person_id": means.pseudonyms.person(record.iin),
        "case_id": record.case_id if record.case_id and is_uuid(record.case_id) else "",
        "status": record.status,
        "recorded_on": record.recorded_on,
        "told_at": told.event.time,
    }
    yield Latest(recorded, row, by="told_at")
