"""Every command_status of SMPP 3.4 (5.1.3), what it does to a message, and what it says: one table.

As Twilio's codes have it: *permanent* is only what says that this number can never get an SMS, and what is
about our account, our sender, our settings or the text is no fault of the number's.
"""

from enum import IntEnum, StrEnum

from schemas.messages import Failure


class Status(IntEnum):
    """The values of command_status that the specification names."""

    ESME_ROK = 0x00000000
    ESME_RINVMSGLEN = 0x00000001
    ESME_RINVCMDLEN = 0x00000002
    ESME_RINVCMDID = 0x00000003
    ESME_RINVBNDSTS = 0x00000004
    ESME_RALYBND = 0x00000005
    ESME_RINVPRTFLG = 0x00000006
    ESME_RINVREGDLVFLG = 0x00000007
    ESME_RSYSERR = 0x00000008
    ESME_RINVSRCADR = 0x0000000A
    ESME_RINVDSTADR = 0x0000000B
    ESME_RINVMSGID = 0x0000000C
    ESME_RBINDFAIL = 0x0000000D
    ESME_RINVPASWD = 0x0000000E
    ESME_RINVSYSID = 0x0000000F
    ESME_RCANCELFAIL = 0x00000011
    ESME_RREPLACEFAIL = 0x00000013
    ESME_RMSGQFUL = 0x00000014
    ESME_RINVSERTYP = 0x00000015
    ESME_RINVNUMDESTS = 0x00000033
    ESME_RINVDLNAME = 0x00000034
    ESME_RINVDESTFLAG = 0x00000040
    ESME_RINVSUBREP = 0x00000042
    ESME_RINVESMCLASS = 0x00000043
    ESME_RCNTSUBDL = 0x00000044
    ESME_RSUBMITFAIL = 0x00000045
    ESME_RINVSRCTON = 0x00000048
    ESME_RINVSRCNPI = 0x00000049
    ESME_RINVDSTTON = 0x00000050
    ESME_RINVDSTNPI = 0x00000051
    ESME_RINVSYSTYP = 0x00000053
    ESME_RINVREPFLAG = 0x00000054
    ESME_RINVNUMMSGS = 0x00000055
    ESME_RTHROTTLED = 0x00000058
    ESME_RINVSCHED = 0x00000061
    ESME_RINVEXPIRY = 0x00000062
    ESME_RINVDFTMSGID = 0x00000063
    ESME_RX_T_APPN = 0x00000064
    ESME_RX_P_APPN = 0x00000065
    ESME_RX_R_APPN = 0x00000066
    ESME_RQUERYFAIL = 0x00000067
    ESME_RINVOPTPARSTREAM = 0x000000C0
    ESME_ROPTPARNOTALLWD = 0x000000C1
    ESME_RINVPARLEN = 0x000000C2
    ESME_RMISSINGOPTPARAM = 0x000000C3
    ESME_RINVOPTPARAMVAL = 0x000000C4
    ESME_RDELIVERYFAILURE = 0x000000FE
    ESME_RUNKNOWNERR = 0x000000FF


class Effect(StrEnum):
    """What a command_status means for the message that it answers."""

    PERMANENT = "permanent"
    """This number can't be reached through this operator."""
    PASSING = "passing"
    """It may work later: the message stays in the queue."""
    SLOWER = "slower"
    """We are too fast: as `PASSING`, and the bind goes slower for a while."""
    OURS = "ours"
    """Our account, sender, settings or text: somebody has to look."""
    UNKNOWN = "unknown"
    """A status that nobody told us of: it holds its own message, and ends nothing."""


_TABLE: dict[int, tuple[Effect, str]] = {
    Status.ESME_RINVMSGLEN: (Effect.OURS, "the length of the text is wrong for the operator"),
    Status.ESME_RINVCMDLEN: (Effect.OURS, "the operator says that our PDU's length is wrong"),
    Status.ESME_RINVCMDID: (Effect.OURS, "the operator does not know this command"),
    Status.ESME_RINVBNDSTS: (Effect.PASSING, "the session is not bound for this"),
    Status.ESME_RALYBND: (Effect.PASSING, "the account is bound already, as often as the operator allows"),
    Status.ESME_RINVPRTFLG: (Effect.OURS, "the operator does not take this priority"),
    Status.ESME_RINVREGDLVFLG: (Effect.OURS, "the operator gives us no receipts as we ask for them"),
    Status.ESME_RSYSERR: (Effect.PASSING, "an error inside the operator's system"),
    Status.ESME_RINVSRCADR: (Effect.OURS, "our sender is not allowed"),
    Status.ESME_RINVDSTADR: (Effect.PERMANENT, "the number is none that the operator can reach"),
    Status.ESME_RINVMSGID: (Effect.OURS, "the operator does not know this message"),
    Status.ESME_RBINDFAIL: (Effect.PASSING, "the operator refused the bind and did not say why"),
    Status.ESME_RINVPASWD: (Effect.OURS, "the password is wrong"),
    Status.ESME_RINVSYSID: (Effect.OURS, "the operator does not know our system_id"),
    Status.ESME_RCANCELFAIL: (Effect.PASSING, "a message could not be cancelled"),
    Status.ESME_RREPLACEFAIL: (Effect.PASSING, "a message could not be replaced"),
    Status.ESME_RMSGQFUL: (Effect.SLOWER, "the operator's queue for us is full"),
    Status.ESME_RINVSERTYP: (Effect.OURS, "the operator does not know our service_type"),
    Status.ESME_RINVNUMDESTS: (Effect.OURS, "the number of destinations is wrong"),
    Status.ESME_RINVDLNAME: (Effect.OURS, "the operator does not know this distribution list"),
    Status.ESME_RINVDESTFLAG: (Effect.OURS, "the kind of destination is wrong"),
    Status.ESME_RINVSUBREP: (Effect.OURS, "the operator replaces no message like this"),
    Status.ESME_RINVESMCLASS: (
        Effect.OURS,
        "the operator does not take this esm_class: try another form of long texts",
    ),
    Status.ESME_RCNTSUBDL: (Effect.OURS, "the operator does not take distribution lists"),
    Status.ESME_RSUBMITFAIL: (Effect.PASSING, "the operator did not take the message and did not say why"),
    Status.ESME_RINVSRCTON: (Effect.OURS, "the TON of our sender is wrong"),
    Status.ESME_RINVSRCNPI: (Effect.OURS, "the NPI of our sender is wrong"),
    Status.ESME_RINVDSTTON: (Effect.OURS, "the TON of the destination is wrong"),
    Status.ESME_RINVDSTNPI: (Effect.OURS, "the NPI of the destination is wrong"),
    Status.ESME_RINVSYSTYP: (Effect.OURS, "the operator does not know our system_type"),
    Status.ESME_RINVREPFLAG: (Effect.OURS, "the flag of replacing is wrong"),
    Status.ESME_RINVNUMMSGS: (Effect.OURS, "the number of messages is wrong"),
    Status.ESME_RTHROTTLED: (Effect.SLOWER, "we send faster than the operator allows"),
    Status.ESME_RINVSCHED: (Effect.OURS, "the time of sending is wrong"),
    Status.ESME_RINVEXPIRY: (Effect.OURS, "the validity period is wrong"),
    Status.ESME_RINVDFTMSGID: (Effect.OURS, "the operator does not know this prepared text"),
    Status.ESME_RX_T_APPN: (Effect.PASSING, "a passing error of the receiving side"),
    Status.ESME_RX_P_APPN: (Effect.PASSING, "a lasting error of the receiving side"),
    Status.ESME_RX_R_APPN: (Effect.PASSING, "the receiving side refused the message"),
    Status.ESME_RQUERYFAIL: (Effect.PASSING, "a message could not be asked for"),
    Status.ESME_RINVOPTPARSTREAM: (Effect.OURS, "the optional parameters are wrong"),
    Status.ESME_ROPTPARNOTALLWD: (Effect.OURS, "the operator does not take an optional parameter"),
    Status.ESME_RINVPARLEN: (Effect.OURS, "the length of an optional parameter is wrong"),
    Status.ESME_RMISSINGOPTPARAM: (Effect.OURS, "an optional parameter is missing"),
    Status.ESME_RINVOPTPARAMVAL: (Effect.OURS, "the value of an optional parameter is wrong"),
    Status.ESME_RDELIVERYFAILURE: (Effect.PASSING, "the message could not be delivered"),
    Status.ESME_RUNKNOWNERR: (Effect.PASSING, "an error that the operator does not name"),
}
_VENDORS = range(0x00000400, 0x00000500)
_UNKNOWN = "the operator gave no reason that we know"


def effect_of(status: int) -> Effect:
    """What a refusal with this command_status does. One that the operator made up is `UNKNOWN`."""
    return _TABLE.get(status, (Effect.UNKNOWN, ""))[0]


def is_known(code: int | None) -> bool:
    """Whether a table has this code: a command_status, or what a receipt said."""
    return code in _TABLE or (code is not None and code >= RECEIPTS)


def meaning_of(code: int | None) -> str:
    """A code in a sentence, for people: a command_status, or what a receipt said. It names nobody."""
    if code is None:
        return _UNKNOWN
    if code >= RECEIPTS:
        return _meaning_of_receipt(code - RECEIPTS)
    if code in _TABLE:
        return _TABLE[code][1]
    if code in _VENDORS:
        return "the operator's own code: ask it what that means"
    return _UNKNOWN


class State(IntEnum):
    """The message_state of a receipt (5.2.28)."""

    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8


RECEIPTS = 100_000
"""From here on codes are what a receipt said: the message_state by the thousand, and the network's error."""
_A_STATE = 1000

_STATES = {
    State.ENROUTE: "the message is on its way",
    State.DELIVERED: "the message was delivered",
    State.EXPIRED: "the validity period ended before delivery",
    State.DELETED: "the operator deleted the message",
    State.UNDELIVERABLE: "the message could not be delivered",
    State.ACCEPTED: "the operator answered in the citizen's place",
    State.UNKNOWN: "the operator does not know what became of the message",
    State.REJECTED: "the operator rejected the message",
}
_NETWORK: dict[int, tuple[Failure, str]] = {
    1: ("permanent", "the number does not exist"),
    5: ("passing", "the network could not find the handset"),
    6: ("passing", "the handset is out of reach"),
    8: ("passing", "roaming is not allowed where the handset is"),
    9: ("permanent", "the number was blocked by its operator"),
    11: ("permanent", "the number gets no SMS"),
    12: ("passing", "the handset is barred"),
    13: ("passing", "calls to the number are barred at present"),
    21: ("passing", "the network does not do this"),
    27: ("passing", "the handset is off or out of reach"),
    28: ("passing", "the handset did not answer"),
    31: ("passing", "the number is busy with another SMS"),
    32: ("passing", "the handset's memory is full"),
    33: ("passing", "an error of the network"),
    34: ("passing", "an error of the network"),
    35: ("passing", "data was missing in the network"),
    36: ("passing", "data was wrong in the network"),
}
"""Errors of the GSM network (3GPP TS 29.002, 17.6.6), as far as an SMS meets them."""


def receipt_code(state: State, error: int | None) -> int:
    """The code of what a receipt said. `error` is the network's, where it is known to be one of GSM's."""
    return RECEIPTS + state * _A_STATE + (error if error is not None and 0 <= error < _A_STATE else 0)


def failure_of(error: int | None) -> Failure:
    """Why a message did not arrive. But for GSM's own errors nothing says that it never will."""
    return _NETWORK.get(error or 0, ("passing", ""))[0]


def _meaning_of_receipt(told: int) -> str:
    state, error = divmod(told, _A_STATE)
    if error in _NETWORK:
        return _NETWORK[error][1]
    return _STATES[State(state)] if state in set(State) else _UNKNOWN
