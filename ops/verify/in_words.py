"""What a verified document says, in words."""

from collections.abc import Iterator

from schemas.cabinet import Accepted, Claims, Decided, HearingNotice, TermExtended


def said(claims: Claims) -> Iterator[str]:
    """What a document says, a line for each thing: what was decided or told, and on which evidence."""
    match claims:
        case Decided():
            decision = claims.decision
            ground = decision.get("refusal_ground")
            because = f" on ground {ground}" if ground is not None else ""
            applied = f"application of {decision.get('application_date')}"
            yield f"decided: {decision.get('outcome')}{because}, {applied}"
            yield from _rests_on(decision.get("evidence"))
        case Accepted():
            yield f"accepted: application of {claims.application_date}, decision due {claims.decision_due}"
            yield from _rests_on(claims.evidence)
        case HearingNotice():
            yield f"a refusal on ground {claims.refusal_ground} is intended: draft {claims.decision_id}"
            until = f"{claims.until:%Y-%m-%d %H:%M} UTC"
            yield f"objections until {until}, no hearing before {claims.not_before}"
        case TermExtended():
            yield f"the term is extended to {claims.until} by {claims.officer}: {claims.reason}"
        case _:
            content = claims.model_dump(mode="json")
            for name in ("ending", "questioned"):
                if isinstance(content.get(name), dict):
                    yield f"reason: {content[name].get('reason')}"
            yield from _rests_on(content.get("evidence"))


def _rests_on(evidence: object) -> Iterator[str]:
    if not isinstance(evidence, dict):
        return
    source = evidence.get("source")
    if isinstance(source, dict):
        record = f"{source.get('record_id')}, {source.get('event')}"
        yield f"on the record {record}, SHA-256 {source.get('sha256')}"
    for name in ("questions", "answers"):
        listed = evidence.get(name)
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict):
                when = one.get("sent_at") or one.get("received_at")
                what = one.get("kind") or one.get("meaning")
                yield f"on the {name.removesuffix('s')} {what} of {when}: {one.get('text')}"
