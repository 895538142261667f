"""`case.advanced.v1`: the steps of cases, and the cases as they leave them."""

from ops.read_model.changes import Folded
from ops.read_model.changes import Told as Once
from ops.read_model.folds import case_of
from ops.read_model.projections.reading import Changes, Means, Told, UnreadError
from ops.read_model.tables import cases, steps
from schemas.canonical import NotCanonicalError, digest
from schemas.outcomes import CaseAdvanced


def advanced(told: Told, means: Means) -> Changes:
    """A step of a case."""
    step = told.data(CaseAdvanced)
    try:
        sha256 = digest(told.content)
    except NotCanonicalError as error:
        raise UnreadError(str(error)) from None
    row = {
        "case_id": step.case_id,
        "step": step.step,
        "digest": sha256,
        "previous": step.previous,
        "from_state": step.from_,
        "to_state": step.to,
        "cause": step.cause.type,
        "cause_id": means.nameless(step.cause.id),
        "rule": step.rule,
        "note": step.note,
        "language": step.language,
        "until": step.until,
        "at": step.at,
    }
    yield Once(steps, row)
    whose = {"person_id": told.key(), "ground": str(step.ground)}
    yield Folded(cases, step.case_id, case_of({**row, **whose}, means.zone))
