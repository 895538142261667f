"""What E-maket's officers did with a draft: heard, extended, signed."""

from ops.read_model.changes import Latest
from ops.read_model.projections.reading import Changes, Means, Told, decision_id_in
from ops.read_model.tables import extensions, hearings, signatures
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended


def hearing_recorded(told: Told, means: Means) -> Changes:
    """The person was heard, or did not come; what was said last stands."""
    heard = told.data(HearingRecorded)
    id_ = decision_id_in(heard.decision_id)
    row = {
        "decision_id": id_,
        "held_on": heard.held_on,
        "objection": int(heard.objection),
        "officer": means.seal(hearings, "officer", id_, heard.officer),
        "told_at": told.event.time,
    }
    yield Latest(hearings, row, by="told_at")


def term_extended(told: Told, means: Means) -> Changes:
    """The term of the service was extended."""
    extended = told.data(TermExtended)
    id_ = decision_id_in(extended.decision_id)
    row = {
        "decision_id": id_,
        "until": extended.until,
        "reason": means.seal(extensions, "reason", id_, extended.reason),
        "officer": means.seal(extensions, "officer", id_, extended.officer),
        "told_at": told.event.time,
    }
    yield Latest(extensions, row, by="told_at")


def decision_signed(told: Told, means: Means) -> Changes:
    """An officer signed: whether that counted the decision says."""
    signed = told.data(DecisionSigned)
    id_ = decision_id_in(signed.decision_id)
    row = {
        "decision_id": id_,
        "outcome": signed.outcome,
        "refusal_ground": signed.refusal_ground,
        "officer": means.seal(signatures, "officer", id_, signed.officer),
        "signed_at": signed.signed_at,
        "told_at": told.event.time,
    }
    yield Latest(signatures, row, by="told_at")
