"""How far a role of each kind may reach at most, whatever an installation's file says.

The file of roles is an installation's to change; what may never be in it stands here. A topic is bounded by
its name, or by how its name begins.
"""

from dataclasses import dataclass

_OUT = ("benefit.", "cabinet.", "case.advanced.v1")
_OFFICERS = ("emaket.",)
_REDRIVEN = "intake.redriven.v1"
_ACTED = "operator.acted.v1"
_AUDIT = "audit.console.v1"
_DIGESTS = "intake.digests.v1"
_SMS = ("sms.inbox.v1", "sms.outbox.v1")


@dataclass(frozen=True, slots=True)
class Bound:
    """What a kind of role may have at most: topics by the beginning of their names, and the other rights."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    groups: bool = False
    configs: bool = False
    describe: bool = False
    administer: bool = False


BOUNDS = {
    "registry": Bound(write=("registry.",)),
    "portal": Bound(write=("portal.",)),
    "statecorp": Bound(write=("statecorp.",), read=("benefit.",), groups=True),
    "emaket": Bound(write=_OFFICERS, read=("benefit.",), groups=True),
    "cabinet": Bound(read=("cabinet.",), groups=True),
    "worker": Bound(
        read=(
            "registry.", "portal.", "statecorp.", *_OFFICERS, _ACTED, _REDRIVEN, "case.inbox.v1", *_SMS,
            "jardem-",
        ),
        write=("case.inbox.v1", *_SMS, "jardem-", *_OUT, "dead-letter.v1"),
        groups=True,
        configs=True,
    ),
    "webhooks": Bound(write=("sms.inbox.v1",)),
    "http-intake": Bound(
        read=(_DIGESTS,), write=("registry.", "portal.", "statecorp.", *_OFFICERS, _DIGESTS)
    ),
    "console": Bound(
        read=(
            "registry.", "statecorp.benefit-recorded.v1", *_OFFICERS, *_OUT, *_SMS, _ACTED, _AUDIT,
            "dead-letter.v1",
        ),
        write=(*_OFFICERS, _ACTED, _REDRIVEN, _AUDIT),
        configs=True,
    ),
    "terminal": Bound(
        read=(*_OFFICERS, *_OUT, "case.inbox.v1", *_SMS, _ACTED, "dead-letter.v1"),
        write=(_ACTED, _REDRIVEN),
        configs=True,
    ),
    "keeper": Bound(read=("",), write=(_ACTED,), configs=True, describe=True),
    "auditor": Bound(read=("case.advanced.v1",), groups=True, configs=True),
    "observer": Bound(describe=True),
    "topics": Bound(administer=True),
}  # fmt: skip
"""By the kind of a role."""
