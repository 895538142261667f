"""What officers say of drafts: decisions, hearings and longer terms, with their signatures checked first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from ops.console.access import May, NotAllowedError, User
from ops.console.acts import BadActError, refusal_ground, said
from schemas.cloudevents import explain
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.ids import DecisionId
from schemas.times import read_day, read_instant
from streams.jws import NotVerifiedError
from streams.officer_signatures import OfficerSignatures, signed_bytes


def bytes_to_sign(
    user: User, content: Mapping[str, Any], *, outcome: str, ground: str, signed_at: datetime
) -> bytes:
    """What the officer signs elsewhere: the draft's canonical bytes with their word in it.

    `content` is the data of `benefit.decision-drafted.v1`; `signed_at` has to come back with the signature.
    Raises `NotAllowedError` and `BadActError`, as all of these do.
    """
    _allow(user)
    outcome_, ground_ = _outcome(outcome, ground)
    return signed_bytes(
        content, outcome=outcome_, refusal_ground=ground_, officer=user.name, signed_at=signed_at
    )


def signed(  # noqa: PLR0913 - the fields of the form
    user: User,
    officers: OfficerSignatures,
    content: Mapping[str, Any],
    *,
    decision_id: str,
    outcome: str,
    ground: str,
    signature: str,
    signed_at: str,
    now: datetime,
) -> DecisionSigned:
    """A decision, signed. Without officers' keys the sign-in is the signature, and `signed_at` is now.

    With them the signature is verified here as the case desk does it, so that a wrong one is said at once.
    """
    _allow(user)
    outcome_, ground_ = _outcome(outcome, ground)
    at, given = now, None
    if officers:
        at, given = _instant(signed_at), "".join(signature.split())
        if at > now:
            raise BadActError("time_ahead")
        over = signed_bytes(
            content, outcome=outcome_, refusal_ground=ground_, officer=user.name, signed_at=at
        )
        try:
            officers.verify(given or None, over, officer=user.name, signed_at=at)
        except NotVerifiedError as error:
            raise BadActError("bad_signature", why=str(error)) from None
    try:
        return DecisionSigned(
            decision_id=DecisionId(decision_id),
            outcome=outcome_,
            refusal_ground=ground_,
            officer=user.name,
            signed_at=at,
            signature=given,
        )
    except ValidationError as error:
        raise BadActError("bad_decision", why=explain(error)) from None


def heard(user: User, *, decision_id: str, held_on: str, objection: bool, today: str) -> HearingRecorded:
    """A hearing that was held, or to which nobody came (R30). `today` is the local day, like 2021-07-29."""
    _allow(user)
    try:
        day = read_day(held_on.strip())
    except ValueError:
        raise BadActError("bad_day") from None
    if day > read_day(today):
        raise BadActError("time_ahead")
    return HearingRecorded(
        decision_id=DecisionId(decision_id), held_on=day, objection=objection, officer=user.name
    )


def extended(user: User, *, decision_id: str, until: str, reason: str) -> TermExtended:
    """A longer term of the service (R13): it ends at the local midnight after the day `until`."""
    _allow(user)
    try:
        day = read_day(until.strip())
    except ValueError:
        raise BadActError("bad_day") from None
    return TermExtended(
        decision_id=DecisionId(decision_id), until=day, reason=said(reason), officer=user.name
    )


def _allow(user: User) -> None:
    if not user.may(May.SIGN):
        raise NotAllowedError(May.SIGN)


def _outcome(outcome: str, ground: str) -> tuple[Literal["granted", "refused"], Literal[1, 2, 3, 4] | None]:
    match outcome, ground:
        case "granted", "":
            return "granted", None
        case "refused", _:
            number: Literal[1, 2, 3, 4] = refusal_ground(ground)  # type: ignore[assignment] # it is one of them
            return "refused", number
        case _:
            raise BadActError("no_outcome")


def _instant(text: str) -> datetime:
    try:
        return read_instant(text.strip())
    except ValueError:
        raise BadActError("bad_time") from None
