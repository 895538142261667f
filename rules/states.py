"""The states of a case and every step between them, each with its rule."""

from enum import StrEnum

from schemas.values import EndReason


class State(StrEnum):
    """Where a case stands."""

    NEW = "new"
    RECEIVED = "received"
    AWAITING_RULES = "awaiting_rules"
    QUEUED = "queued"
    OFFER_ASKED = "offer_asked"
    OFFER_SENT = "offer_sent"
    CHOICE_ASKED = "choice_asked"
    CHOICE_SENT = "choice_sent"
    ACCOUNT_ASKED = "account_asked"
    ACCOUNT_SENT = "account_sent"
    AWAITING_HEARING = "awaiting_hearing"
    AWAITING_SIGNATURE = "awaiting_signature"
    GRANTED = "granted"
    REFUSED = "refused"
    ENDED = "ended"


DECIDED = frozenset({State.GRANTED, State.REFUSED})
WAITING = frozenset(
    {
        State.OFFER_ASKED,
        State.OFFER_SENT,
        State.CHOICE_ASKED,
        State.CHOICE_SENT,
        State.ACCOUNT_ASKED,
        State.ACCOUNT_SENT,
    }
)
"""A question is asked and its answer awaited."""
DRAFTED = frozenset({State.AWAITING_HEARING, State.AWAITING_SIGNATURE})
"""An officer has to decide."""
UNANSWERED = frozenset({EndReason.NO_REPLY, EndReason.NOT_UNDERSTOOD})
"""Endings of a question's term (R6): a later sending, or a timely answer that is read late, undoes them."""
BEFORE_CONSENT = frozenset({State.RECEIVED, State.OFFER_ASKED, State.OFFER_SENT})
"""What comes to the consent as long as nothing holds it up."""

SENT = {
    State.OFFER_ASKED: State.OFFER_SENT,
    State.CHOICE_ASKED: State.CHOICE_SENT,
    State.ACCOUNT_ASKED: State.ACCOUNT_SENT,
}

_OFFER = {State.OFFER_ASKED: "R2: a consent lives on its number; another one is registered now"}
_CHOICE = {State.CHOICE_ASKED: "R7: consent; the recipient may choose one application"}
_ACCOUNT = {State.ACCOUNT_ASKED: "R4: confirm or provide the account"}
_DECISION = {
    State.AWAITING_HEARING: "R12, R30: a refusal is intended, the person is heard first",
    State.AWAITING_SIGNATURE: "R10: an officer signs",
    State.GRANTED: "R10: granted",
    State.REFUSED: "R12: refused on ground 4",
}
_ONWARD = {
    State.OFFER_ASKED: _CHOICE | _ACCOUNT,
    State.OFFER_SENT: _CHOICE | _ACCOUNT,
    # The account may be known already: from the person, after an earlier consent.
    State.CHOICE_ASKED: _ACCOUNT | _DECISION | _OFFER,
    State.CHOICE_SENT: _ACCOUNT | _DECISION | _OFFER,
    State.ACCOUNT_ASKED: _DECISION | _OFFER,
    State.ACCOUNT_SENT: _DECISION | _OFFER,
    # The draft is void, because the record that it refused on has ended.
    State.AWAITING_SIGNATURE: _CHOICE | _ACCOUNT | _OFFER,
    State.AWAITING_HEARING: _CHOICE | _ACCOUNT | _OFFER,
    # Rules are in force now, on the day that decides.
    State.AWAITING_RULES: _CHOICE | _ACCOUNT | _DECISION,
    # Its offer was answered before it had to wait, and that is read now.
    State.QUEUED: _CHOICE | _ACCOUNT | _DECISION,
    State.ENDED: _CHOICE | _ACCOUNT | _DECISION,
}

TRANSITIONS: dict[tuple[State, State], str] = {
    (State.NEW, State.RECEIVED): "R1, R7: the right arises",
    (State.RECEIVED, State.OFFER_ASKED): "R2, R3: a registered phone, the offer",
    **{
        (state, State.QUEUED): "R29: another case of the person is under way"
        for state in (
            State.RECEIVED,
            State.AWAITING_RULES,
            *sorted(WAITING),
            *sorted(DRAFTED),
            State.ENDED,
        )
    },
    **{
        (state, State.AWAITING_RULES): "R20, R21: no rules are in force on the day that decides"
        for state in (State.RECEIVED, State.QUEUED, *sorted(WAITING), *sorted(DRAFTED), State.ENDED)
    },
    (State.AWAITING_RULES, State.OFFER_ASKED): "R2, R3: rules are in force now, the offer",
    (State.QUEUED, State.OFFER_ASKED): "R29, R2, R3: its turn has come",
    (State.OFFER_ASKED, State.OFFER_SENT): "R6: the term runs from the sending",
    (State.CHOICE_ASKED, State.CHOICE_SENT): "R6: the term runs from the sending",
    (State.ACCOUNT_ASKED, State.ACCOUNT_SENT): "R6: the term runs from the sending",
    **{(start, end): rule for start, ends in _ONWARD.items() for end, rule in ends.items()},
    **dict.fromkeys(
        ((after, before) for before, after in SENT.items()),
        "R2, R6: asked again: another number is registered now, or the sending did not reach",
    ),
    (State.OFFER_ASKED, State.OFFER_ASKED): "R2: asked again on the number registered now",
    (State.CHOICE_ASKED, State.CHOICE_ASKED): "R2: asked again on the number registered now",
    (State.ACCOUNT_ASKED, State.ACCOUNT_ASKED): "R2: asked again on the number registered now",
    (State.ENDED, State.OFFER_ASKED): "R2, R6: a phone is registered now, the right stands again, or the"
    " question did not reach",
    **{
        (state, State.ENDED): "R2, R6, R12: the proactive process ends"
        for state in (
            State.RECEIVED,
            State.AWAITING_RULES,
            State.QUEUED,
            *sorted(WAITING),
            *sorted(DRAFTED),
            State.ENDED,
        )
    },
    (State.AWAITING_HEARING, State.AWAITING_SIGNATURE): "R10, R12: the hearing was held, an officer signs",
    (State.AWAITING_SIGNATURE, State.AWAITING_HEARING): "R12, R30: an officer intends to refuse",
    (State.AWAITING_HEARING, State.GRANTED): "R10: signed",
    (State.AWAITING_HEARING, State.REFUSED): "R12: refused on ground 4, by the rules alone",
    (State.AWAITING_SIGNATURE, State.GRANTED): "R10: signed",
    (State.AWAITING_SIGNATURE, State.REFUSED): "R10, R12: signed",
}
"""Every step that a case can take. A step that is not here is an error of the program."""
